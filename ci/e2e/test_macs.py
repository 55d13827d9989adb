# SPDX-License-Identifier: BSD-2-Clause
"""What is on the wires: MAC addresses, TTL, checksum, payload; and what is never forwarded."""
import os
import socket

from lab import (DIRECTOR_MAC, VIP, ask, capture, csum, e2e, expect, mac_bytes, mac_text, must_fail, rip, server_mac,
                 udp_frame)

VIP_BYTES = socket.inet_aton(VIP)


def to_vip(frame):
    return frame[12:14] == b"\x08\x00" and frame[30:34] == VIP_BYTES


def from_director(frame):
    return to_vip(frame) and frame[6:12] == mac_bytes(DIRECTOR_MAC)


def macs_are_right(t):
    server, client = t.lab.packet_socket("server1"), t.lab.packet_socket("client")
    outcome = ask(t.lab, 5, timeout=1)
    requests = capture(server, 1, to_vip, 15)
    answers = capture(client, 1, lambda f: f[12:14] == b"\x08\x00" and f[26:30] == VIP_BYTES, 15)
    for f in requests:
        macs = (mac_text(f[:6]), mac_text(f[6:12]))
        expect(macs == (server_mac(1), DIRECTOR_MAC), f"at the server: to {macs[0]} from {macs[1]}")
        expect(f[22] == 63 and csum(f[14:34]) == 0, f"TTL {f[22]}, header checksum off by {csum(f[14:34])}")
    for f in answers:
        expect(mac_text(f[6:12]) == server_mac(1), f"at the client: from {mac_text(f[6:12])}")
    expect(outcome == {"nginx1": 5}, f"requests failed: {outcome}")
    expect(len(requests) >= 15 and len(answers) >= 15, f"captured {len(requests)} and {len(answers)}")


@e2e(queues=2)
def test_macs(t):
    """Requests reach the server from the director's MAC, answers the client from the server's."""
    t.shuntd().service(f"-t {VIP}:80", [f"{rip(1)}:80"])
    macs_are_right(t)


@e2e(queues=2)
def control_macs(t):
    """With the rewriting of the source MAC off, the MAC test fails."""
    t.shuntd(mutant="keep_source_mac").service(f"-t {VIP}:80", [f"{rip(1)}:80"])
    with must_fail("keep_source_mac", "at the server: to"):
        macs_are_right(t)


def udp_service(t):
    d = t.shuntd()
    d.service(f"-u {VIP}:9", [f"{rip(1)}:9"])
    return d, t.lab.packet_socket("client"), t.lab.packet_socket("server1")


@e2e()
def test_payload(t):
    """Every byte but MACs, TTL and header checksum arrives as it was sent."""
    _, client, server = udp_service(t)
    for size in (0, 1, 2, 17, 18, 19, 255, 1000, 1471, 1472):
        sent = udp_frame(DIRECTOR_MAC, os.urandom(size), sport=2000 + size)
        client.send(sent)
        got = capture(server, 1, from_director, 1)
        expect(got, f"a datagram of {size} bytes didn't arrive")
        wanted = bytearray(sent)
        wanted[:12] = mac_bytes(server_mac(1)) + mac_bytes(DIRECTOR_MAC)
        wanted[22] -= 1
        wanted[24:26] = b"\0\0"
        wanted[24:26] = csum(bytes(wanted[14:34])).to_bytes(2, "big")
        expect(got[0] == bytes(wanted), f"a datagram of {size} bytes arrived as {got[0].hex()}, not {wanted.hex()}")


@e2e()
def test_vlan(t):
    """A frame with an 802.1Q tag keeps it, and is forwarded like any other."""
    _, client, server = udp_service(t)
    plain = udp_frame(DIRECTOR_MAC, b"tagged")
    client.send(plain[:12] + b"\x81\x00\x00\x05" + plain[12:])
    got = capture(server, 1, lambda f: f.endswith(b"tagged"))
    expect(len(got) == 1, f"{len(got)} frames arrived")
    expect(mac_text(got[0][:6]) == server_mac(1), f"to {mac_text(got[0][:6])}")
    expect(got[0][12:16] in (b"\x81\x00\x00\x05", b"\x08\x00\x45\x00"), f"{got[0].hex()}")


@e2e()
def test_ttl(t):
    """TTL 2 goes out as 1; for 1 and 0 the client gets time exceeded."""
    d, client, server = udp_service(t)
    for ttl in (0, 1):
        client.send(udp_frame(DIRECTOR_MAC, b"x", ttl=ttl))
    client.send(udp_frame(DIRECTOR_MAC, b"x", ttl=2))
    got = capture(server, 0.5, from_director)
    expect([f[22] for f in got] == [1], f"TTLs at the server: {[f[22] for f in got]}")
    sent = sum(w["icmp_sent"] for w in d.workers())
    expect(sent == 2, f"{sent} told that their TTL ran out, not 2")
    told = capture(client, 0.5, lambda f: f[26:30] == VIP_BYTES and f[23] == 1 and f[34] == 11)
    expect(len(told) == 2, f"{len(told)} times 'time exceeded' at the client, not 2")


@e2e(queues=2)
def test_foreign_frames(t):
    """Frames for another, a multicast or the broadcast MAC aren't forwarded, though the switch floods them."""
    d, client, server = udp_service(t)
    for mac in ("ff:ff:ff:ff:ff:ff", "01:00:5e:00:00:01", "02:00:00:00:01:ee", "03:00:00:00:01:81"):
        for port in range(20):
            client.send(udp_frame(mac, b"foreign", sport=3000 + port))
    for port in range(20):
        client.send(udp_frame(DIRECTOR_MAC, b"ours", sport=3000 + port))
    got = capture(server, 1, from_director)
    ours = [f for f in got if f.endswith(b"ours")]
    expect(len(ours) == 20, f"{len(ours)} of 20 frames for the director's MAC forwarded")
    expect(len(got) == 20, f"{len(got) - 20} foreign frames forwarded")
    expect(sum(w["rx"] for w in d.workers()) == 20, "foreign frames reached the workers")
