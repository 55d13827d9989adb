# SPDX-License-Identifier: BSD-2-Clause
"""The same lab once with ip_vs in the director's kernel and once with shunt: what is on the wires."""
import collections
import contextlib
import socket
import struct
import time

from bed import Nic, ask, ask_udp, expect, vm
from lab import (CLIENT, CLIENT_MAC, DIRECTOR_MAC, VIP, capture, csum, mac_bytes, mac_text, must_fail, rip, server_mac,
                 udp_frame)

BESIDE = dict(nics=(Nic("virtio", 2),), servers=2)
SERVICES = (f"-A -t {VIP}:80 -s rr", f"-a -t {VIP}:80 -r {rip(1)}:80 -g", f"-a -t {VIP}:80 -r {rip(2)}:80 -g",
            f"-A -u {VIP}:53 -s rr", f"-a -u {VIP}:53 -r {rip(1)}:53 -g", f"-a -u {VIP}:53 -r {rip(2)}:53 -g")
FLAGS = "FSRPAUEC"
Packet = collections.namedtuple("Packet", "dst src ethertype version tos flags ttl proto addresses ports tcp length")


def describe(frame):
    """What of a frame must not depend on who forwarded it; numbers that differ with every connection are left out."""
    ip = frame[14:]
    head = (ip[0] & 15) * 4
    total, frag = struct.unpack(">H", ip[2:4])[0], struct.unpack(">H", ip[6:8])[0]
    ports = struct.unpack(">HH", ip[head:head + 4])
    tcp, header = "", 8
    if ip[9] == 6:
        tcp = "".join(c for i, c in enumerate(FLAGS) if ip[head + 13] & (1 << i))
        header = (ip[head + 12] >> 4) * 4
    return Packet(mac_text(frame[:6]), mac_text(frame[6:12]), frame[12:14].hex(), ip[0] >> 4, ip[1], frag, ip[8], ip[9],
                  (ip[12:16], ip[16:20]), min(ports), tcp.replace("P", ""), total - head - header)


def header_sum_right(frame):
    return csum(frame[14:14 + (frame[14] & 15) * 4]) == 0


def of_service(frame):
    return frame[12:14] == b"\x08\x00" and bytes((192, 168, 1, 222)) in (frame[26:30], frame[30:34])


def on_the_wires(t):
    """What one round of requests puts on the servers' and the client's wires: {where: {description}}."""
    wires = {where: t.lab.packet_socket(where) for where in ("server1", "server2", "client")}
    answers = ask(t.lab, 10)
    expect(answers == {"nginx1": 5, "nginx2": 5}, f"{answers}")
    names, lost = ask_udp(t.lab, [b"q" * n for n in (1, 1, 100, 100, 1000, 1000, 1400, 1400)])
    expect(not lost and len(names) == 2, f"UDP: {names}, {lost} lost")
    seen = {}
    for where, sock in wires.items():
        frames = capture(sock, 1, of_service)
        sock.close()
        wrong = sum(not header_sum_right(f) for f in frames)
        expect(frames and not wrong, f"{where}: {len(frames)} frames, {wrong} with a wrong header checksum")
        seen[where] = {describe(f) for f in frames}
    return seen


def compare(ipvs, shunt):
    """One line for each kind of frame that only one of them makes."""
    told = []
    for where in ipvs:
        # How acknowledgements and data share segments is a matter of timing.
        steady = [{p._replace(tcp="A") if "S" not in p.tcp and p.proto == 6 else p for p in seen[where]}
                  for seen in (ipvs, shunt)]
        told += [f"{where}: only with IPVS: {p}" for p in steady[0] - steady[1]]
        told += [f"{where}: only with shunt: {p}" for p in steady[1] - steady[0]]
    expect(not told, "; ".join(told))


@contextlib.contextmanager
def ipvs_of(t, services):
    t.guest.run("modprobe -a ip_vs ip_vs_rr; " + "; ".join(f"ipvsadm {line}" for line in services))
    try:
        yield
    finally:
        t.guest.run("ipvsadm -C")


def shunt_of(t, services):
    d = t.shuntd()
    for line in services:
        d.ctl(line)
    d.wait_usable(len({line.split(" -r ")[1].split(":")[0] for line in services if " -r " in line}))


@vm(**BESIDE)
def test_same_frames(t):
    """MACs, TTL, addresses, ports, flags and sizes at servers and client are the same with both; a change is noticed."""
    t.lab.echo_servers(2, port=53)
    with ipvs_of(t, SERVICES):
        ipvs = on_the_wires(t)
    shunt_of(t, SERVICES)
    shunt = on_the_wires(t)
    compare(ipvs, shunt)
    other = dict(shunt, client={p._replace(ttl=p.ttl - 1) for p in shunt["client"]})
    with must_fail("another TTL"):
        compare(ipvs, other)
    t.notes.append(f"{sum(len(x) for x in shunt.values())} kinds of frames")


# --- byte by byte -----------------------------------------------------------------------------
# One frame of each kind, made here, so that the bytes that leave the director are comparable with nothing left out.

ONE_SERVER = (f"-A -t {VIP}:81 -s rr", f"-a -t {VIP}:81 -r {rip(1)}:81 -g",
              f"-A -u {VIP}:9 -s rr", f"-a -u {VIP}:9 -r {rip(1)}:9 -g")
SYN, ACK, RST, FIN = 2, 16, 4, 1


def ip_frame(proto, payload, ttl=64, tos=0, frag=0, options=b"", dst=VIP, ident=7, mac=DIRECTOR_MAC):
    head = struct.pack(">BBHHHBBH4s4s", 0x45 + len(options) // 4, tos, 20 + len(options) + len(payload), ident, frag, ttl,
                       proto, 0, socket.inet_aton(CLIENT), socket.inet_aton(dst)) + options
    head = head[:10] + struct.pack(">H", csum(head)) + head[12:]
    return mac_bytes(mac) + mac_bytes(CLIENT_MAC) + b"\x08\x00" + head + payload


def tcp(flags, sport, options=b"", dport=81):
    head = struct.pack(">HHIIBBHHH", sport, dport, 1000, 0, (20 + len(options)) << 2, flags, 512, 0, 0) + options
    pseudo = socket.inet_aton(CLIENT) + socket.inet_aton(VIP) + struct.pack(">BBH", 0, 6, len(head))
    return head[:16] + struct.pack(">H", csum(pseudo + head)) + head[18:]


def udp(sport, payload=b"x" * 32, checksum=True, dport=9):
    whole = udp_frame(DIRECTOR_MAC, payload, sport=sport, dport=dport)[34:]
    return whole if checksum else whole[:6] + b"\0\0" + whole[8:]


def broken(frame, at):
    return frame[:at] + bytes([frame[at] ^ 0x55]) + frame[at + 1:]


def fragments(sport):
    whole = udp(sport, b"f" * 1200)
    return [ip_frame(17, whole[:800], frag=0x2000), ip_frame(17, whole[800:], frag=100)]


def about_flow(sport):
    """A router's "too big" about an answer of the service: it belongs to the server that has the flow."""
    answer = ip_frame(17, struct.pack(">HHHH", 9, sport, 1400, 0))[14:]
    answer = answer[:12] + socket.inet_aton(VIP) + socket.inet_aton(CLIENT) + answer[20:]
    icmp = struct.pack(">BBHHH", 3, 4, 0, 0, 1300) + answer
    return [ip_frame(17, udp(sport)), ip_frame(1, icmp[:2] + struct.pack(">H", csum(icmp)) + icmp[4:])]


# name -> frames that the client sends. SAME must leave as the same bytes; the others are told, as a table.
SAME = {
    "UDP, 32 bytes": [ip_frame(17, udp(5001))],
    "UDP, 1472 bytes": [ip_frame(17, udp(5002, b"y" * 1472))],
    "UDP without checksum": [ip_frame(17, udp(5003, checksum=False))],
    "UDP with a wrong checksum": [broken(ip_frame(17, udp(5004)), 60)],
    "TOS, DF": [ip_frame(17, udp(5005), tos=0xb8, frag=0x4000)],
    "TTL 2": [ip_frame(17, udp(5006), ttl=2)],
    "TCP SYN": [ip_frame(6, tcp(SYN, 5007))],
    "TCP SYN with options": [ip_frame(6, tcp(SYN, 5008, b"\2\4\5\xb4\1\1\4\2"))],
    "TCP SYN, ACK, FIN of one flow": [ip_frame(6, tcp(f, 5009)) for f in (SYN, ACK, FIN | ACK)],
    "to the broadcast MAC": [ip_frame(17, udp(5011), mac="ff:ff:ff:ff:ff:ff")],
    "to another MAC": [ip_frame(17, udp(5012), mac="02:00:00:00:01:ee")],
    "a port without service": [ip_frame(17, udp(5013, dport=77))],
    "ping of the VIP": [ip_frame(1, b"\x08\0\xf7\xfd\0\1\0\1")],
    "wrong IP checksum": [broken(ip_frame(17, udp(5010)), 24)],
    "TTL 1": [ip_frame(17, udp(5101), ttl=1)],
    "IP options (no-ops)": [ip_frame(17, udp(5103), options=b"\1\1\1\0")],
    "two fragments": fragments(5106),
    "ICMP too big about a flow": about_flow(5107),
}
OTHERS = {
    "Ethernet padding": [ip_frame(17, udp(5102, b"")) + b"\xaa" * 18],
    "TCP ACK of no known flow": [ip_frame(6, tcp(ACK, 5104))],
    "TCP RST of no known flow": [ip_frame(6, tcp(RST, 5105))],
    "802.1Q tag": [f[:12] + b"\x81\0\0\5" + f[12:] for f in [ip_frame(17, udp(5108))]],
}


def words_of(frame):
    """A frame in words: what the table shows of what isn't forwarded bytes."""
    ip = frame[14:]
    kind = {6: "TCP", 17: "UDP", 1: "ICMP"}.get(ip[9], str(ip[9]))
    at = (ip[0] & 15) * 4
    more = {6: "".join(c for i, c in enumerate(FLAGS) if ip[at + 13] & (1 << i)) if len(ip) > at + 13 else "",
            1: f"{ip[at]}/{ip[at + 1]}", 17: f"{len(frame)} bytes"}.get(ip[9], "")
    return f"{kind} {more}"


def what_leaves(t, frames):
    """{where: frames that came there of these}: at the server their bytes, at the client in words."""
    client, server = t.lab.packet_socket("client"), t.lab.packet_socket("server1")
    with client, server:
        for frame in frames:
            client.send(frame)
            time.sleep(0.1)  # by different queues one could overtake another
        for_server = capture(server, 0.4, lambda f: f[6:12] == mac_bytes(DIRECTOR_MAC) and f[12:14] != b"\x08\x06"
                             and (f[12:14] == b"\x81\0" or f[30:34] == socket.inet_aton(VIP)))
        for_client = capture(client, 0.1, lambda f: f[:6] == mac_bytes(CLIENT_MAC) and f[12:14] == b"\x08\0"
                             and f[26:30] in (socket.inet_aton(VIP), socket.inet_aton("192.168.1.129")))
    return {"server": for_server, "client": sorted(words_of(f) for f in for_client)}


def byte_differences(ipvs, shunt):
    """[(case, what IPVS does, what shunt does)] where they aren't the same."""
    def told(x):
        at_server = ", ".join(words_of(f) for f in x["server"]) or "nothing"
        return f"server: {at_server}; client: {', '.join(x['client']) or 'nothing'}"
    return [(case, told(ipvs[case]), told(shunt[case])) for case in ipvs if ipvs[case] != shunt[case]]


@vm(**BESIDE)
def test_same_bytes(t):
    """Frames of 22 kinds, byte by byte at the server: ordinary ones are the same; the table tells how others differ."""
    t.guest.run("sysctl -q net.ipv4.icmp_ratelimit=0 net.ipv4.icmp_msgs_per_sec=10000")
    cases = SAME | OTHERS
    with ipvs_of(t, ONE_SERVER):
        ipvs = {case: what_leaves(t, frames) for case, frames in cases.items()}
    shunt_of(t, ONE_SERVER)
    shunt = {case: what_leaves(t, frames) for case, frames in cases.items()}
    for case in ("UDP, 32 bytes", "TCP SYN"):
        expect(ipvs[case]["server"] and shunt[case]["server"], f"{case}: nothing came")
        expect(mac_text(shunt[case]["server"][0][:6]) == server_mac(1), f"{case}: {shunt[case]}")
    table = byte_differences(ipvs, shunt)
    with open(f"{t.folder}/differences.md", "w") as f:
        f.write("| the client sends | IPVS | shunt |\n|---|---|---|\n")
        f.writelines(f"| {' | '.join(row)} |\n" for row in table)
    wrong = [row for row in table if row[0] in SAME]
    expect(not wrong, f"not as with IPVS: {wrong}")
    t.notes.append(f"{len(cases) - len(table)} kinds the same, {len(table)} not: {', '.join(row[0] for row in table)}")
    changed = dict(shunt, **{"TCP SYN": {"server": [broken(shunt["TCP SYN"]["server"][0], 30)], "client": []}})
    expect("TCP SYN" in [row[0] for row in byte_differences(ipvs, changed)], "a changed byte went unnoticed")
