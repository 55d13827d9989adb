# SPDX-License-Identifier: BSD-2-Clause
"""Received on one NIC, sent on another."""
from lab import (VIP, ask, capture, e2e, expect, mac_text, rip, server_mac, upload)


@e2e(servers=2, queues=2, two_arm=True)
def test_two_arms(t):
    """Clients on eth0, servers on eth1: requests leave by eth1 with its MAC, an upload arrives whole."""
    d = t.shuntd("-i", "eth0", "-i", "eth1")
    d.service(f"-t {VIP}:80", [f"{rip(n, '10.0.1')}:80" for n in (1, 2)], sched="rr")
    wire = t.lab.packet_socket("server1", "eth1")
    expect(ask(t.lab, 40) == {"nginx1": 20, "nginx2": 20}, "rr over two servers")
    frames = capture(wire, 1, lambda f: f[12:14] == b"\x08\x00" and f[30:34] == bytes((192, 168, 1, 222)), 20)
    expect(frames, "nothing came by server1's eth1")
    for f in frames:
        macs = (mac_text(f[:6]), mac_text(f[6:12]))
        expect(macs == (server_mac(1, 2), "02:00:00:00:02:01"), f"MACs on eth1: {macs}")
    upload(t.lab, ["big"], 16 << 20)
