# SPDX-License-Identifier: BSD-2-Clause
"""What happens to a NIC under a running shuntd."""
from lab import DIRECTOR_MAC, VIP, Conns, ask, e2e, expect, rip, until


def replace_nic(t, d):
    """The director's eth0 is deleted and made again. It gets the VIP back when shuntd has it: without its program
    the local stack would answer."""
    director = f"{t.lab.name}-director"
    t.lab.run("director", "ip link del eth0")
    t.lab.run("switch", f"ip link add director numtxqueues 2 numrxqueues 2 type veth peer name eth0 "
                        f"numtxqueues 2 numrxqueues 2 address {DIRECTOR_MAC} netns {director}")
    t.lab.run("switch", "ip link set director master br0 up")
    until(lambda: d.log_text().count("ready") == 2, 10, "shuntd is ready again")
    for command in ("ip addr add 192.168.1.129/24 dev eth0", "ip link set eth0 up", f"ip addr add {VIP}/32 dev eth0"):
        t.lab.run("director", command)


@e2e(servers=2, queues=2)
def test_deleted_and_made_again(t):
    """Sockets and workers are made anew on the new interface; table and connections go on."""
    d = t.shuntd()
    t.lab.echo_servers(2)
    d.service(f"-t {VIP}:80", [f"{rip(n)}:80" for n in (1, 2)], sched="rr")
    d.ctl(f"-A -t {VIP}:7 -s wrr")
    for n in (1, 2):
        d.ctl(f"-a -t {VIP}:7 -r {rip(n)}:7")
    conns = Conns(t.lab, 20, interval=0.1)
    replace_nic(t, d)
    d.wait_usable(2)
    answers = ask(t.lab, 20)
    expect(answers == {"nginx1": 10, "nginx2": 10}, f"{answers}")
    result = conns.finish()
    expect(result["broken"] == 0 and result["moved"] == 0, f"{result}")


@e2e(queues=2)
def test_down_and_up(t):
    """A link that goes down and comes back needs no new sockets."""
    d = t.shuntd()
    t.lab.echo_servers(1)
    d.service(f"-t {VIP}:7", [f"{rip(1)}:7"])
    conns = Conns(t.lab, 20, interval=0.1)
    for _ in range(3):
        t.lab.run("switch", "ip link set director down")
        until(lambda: d.show("neighbours")["neighbours"][0]["state"] == "down", 2, "the server is down")
        t.lab.run("switch", "ip link set director up")
        d.wait_usable(1)
    result = conns.finish()
    expect(result["broken"] == 0 and result["moved"] == 0, f"{result}")
    expect(d.log_text().count("ready") == 1, "it started anew")
