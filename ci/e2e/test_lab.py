# SPDX-License-Identifier: BSD-2-Clause
"""The lab itself, without shunt: if one of these fails, look here before anywhere else."""
from lab import VIP, Conns, ask, curl, e2e, expect, rip


@e2e(servers=2, ipv6=True)
def test_servers_answer(t):
    """Client and servers see each other; nobody but the director answers ARP for the VIP."""
    expect(ask(t.lab, 2, host=rip(1)) == {"nginx1": 2}, "server1 doesn't answer")
    expect(ask(t.lab, 2, host=rip(2, six=True)) == {"nginx2": 2}, "server2 doesn't answer over IPv6")
    expect(curl(t.lab, f"http://{rip(1)}") == "nginx1\n", "curl says something else")
    answers = ask(t.lab, 1, host=VIP)
    expect("error" in next(iter(answers)), f"without shunt the VIP answers {answers}")


@e2e(two_arm=True)
def test_two_arms(t):
    """The director reaches a server by its second NIC."""
    out = t.lab.run("director", "curl", "-s", "--max-time", "2", f"http://{rip(1, '10.0.1')}")
    expect(out == "nginx1\n", f"server1 answered {out!r}")


@e2e(servers=1)
def test_long_connections(t):
    """The connection client counts answers and finds nothing wrong where nothing is."""
    t.lab.echo_servers(1, addresses=[f"{rip(1)}:7"])
    conns = Conns(t.lab, 50, host=rip(1), interval=0.05)
    t.lab.run("client", "sleep 1")
    result = conns.finish()
    expect(result["broken"] == 0 and result["moved"] == 0 and result["answers"] > 500, f"{result}")
