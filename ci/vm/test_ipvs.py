# SPDX-License-Identifier: BSD-2-Clause
"""The same lab once with ip_vs in the director's kernel and once with shunt: what is on the wires."""
import collections
import struct

from bed import Nic, expect, must_fail, vm
from lab import VIP, ask, ask_udp, capture, csum, mac_text, rip

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


@vm(**BESIDE)
def test_same_frames(t):
    """MACs, TTL, addresses, ports, flags and sizes at servers and client are the same with both; a change is noticed."""
    t.lab.echo_servers(2, port=53)
    t.guest.run("modprobe -a ip_vs ip_vs_rr; " + "; ".join(f"ipvsadm {line}" for line in SERVICES))
    try:
        ipvs = on_the_wires(t)
    finally:
        t.guest.run("ipvsadm -C")
    d = t.shuntd()
    for line in SERVICES:
        d.ctl(line)
    d.wait_usable(2)
    shunt = on_the_wires(t)
    compare(ipvs, shunt)
    other = dict(shunt, client={p._replace(ttl=p.ttl - 1) for p in shunt["client"]})
    with must_fail("another TTL"):
        compare(ipvs, other)
    t.notes.append(f"{sum(len(x) for x in shunt.values())} kinds of frames")
