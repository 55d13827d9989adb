# SPDX-License-Identifier: BSD-2-Clause
"""UDP, as DNS uses it."""
import socket

from lab import VIP, ask_udp, e2e, expect, rip


@e2e(servers=3, queues=2)
def test_udp(t):
    """300 queries by rr, each answered unchanged; 40 from one socket all go to the same server."""
    d = t.shuntd()
    t.lab.echo_servers(3, port=53)
    d.service(f"-u {VIP}:53", [f"{rip(n)}:53" for n in (1, 2, 3)], sched="rr")
    names, lost = ask_udp(t.lab, [bytes([i & 255]) * (i * 1472 // 300) for i in range(300)])
    expect(names == {"server1": 100, "server2": 100, "server3": 100} and not lost, f"{names}, {lost} lost")
    with t.lab.inside("client"):
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    with sock:
        names, lost = ask_udp(t.lab, [b"q%d" % i for i in range(40)], sock=sock)
    expect(len(names) == 1 and not lost, f"one flow went to {names}, {lost} lost")
