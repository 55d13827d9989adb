# SPDX-License-Identifier: BSD-2-Clause
"""The same over IPv6."""
import re

from lab import (DIRECTOR_MAC, VIP6, ask, ask_udp, capture, e2e, expect, mac_text, rip, server_mac, upload)


@e2e(servers=3, queues=2, ipv6=True)
def test_ipv6(t):
    """TCP by rr, hop limit one less, MACs, UDP, and an upload."""
    d = t.shuntd()
    d.service(f"-t [{VIP6}]:80", [f"[{rip(n, six=True)}]:80" for n in (1, 2, 3)], sched="rr")
    wire = t.lab.packet_socket("server1")
    expect(ask(t.lab, 60, host=VIP6) == {"nginx1": 20, "nginx2": 20, "nginx3": 20}, "rr over three servers")
    frames = capture(wire, 1, lambda f: f[12:14] == b"\x86\xdd" and f[20] == 6, 20)
    expect(frames, "nothing captured at server1")
    for f in frames:
        macs = (mac_text(f[:6]), mac_text(f[6:12]))
        expect(macs == (server_mac(1), DIRECTOR_MAC), f"MACs: {macs}")
        expect(f[21] == 63, f"hop limit {f[21]}")
    upload(t.lab, ["big"], 16 << 20, host=VIP6)


@e2e(servers=2, ipv6=True)
def test_ipv6_udp(t):
    """UDP over IPv6, whose checksum isn't optional."""
    d = t.shuntd()
    t.lab.echo_servers(2, port=53, six=True)
    d.service(f"-u [{VIP6}]:53", [f"[{rip(n, six=True)}]:53" for n in (1, 2)], sched="rr")
    names, lost = ask_udp(t.lab, [b"q%d" % i for i in range(40)], host=VIP6)
    expect(names == {"server1": 20, "server2": 20} and not lost, f"{names}, {lost} lost")
    listed = set(re.findall(r"\[fd00:1::10\]:(\d+)", d.ctl("-L -c -n")))
    expect(listed == {str(20000 + i) for i in range(40)}, f"the clients' ports in -L -c: {sorted(listed)[:3]}")
