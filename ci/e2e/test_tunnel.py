# SPDX-License-Identifier: BSD-2-Clause
"""Servers behind tunnels: IPIP, GRE and GUE, IPv4 and IPv6 in each other, and a router on the way."""
import json

from lab import DIRECTOR, VIP, VIP6, ask, e2e, expect, rip, upload

DIRECTOR6 = "fd00:1::129"
FAR = "10.77.0.1"
PORT = 6080


def tunnel(kind, csum):
    out = {"type": kind}
    if kind == "gue":
        out["port"] = PORT
    if kind != "ipip":
        out["csum"] = csum
    return out


def add(d, vip, server, kind, csum=False):
    service = {"proto": "tcp", "address": vip, "port": 80}
    d.request(cmd="service-add", service=service, scheduler="rr")
    d.request(cmd="server-add", service=service,
            server={"address": server, "port": 80, "forward": "tunnel", "tunnel": tunnel(kind, csum)})
    d.wait_usable(1)


def remove(d, vip):
    d.request(cmd="service-del", service={"proto": "tcp", "address": vip, "port": 80})


def finish(decap):
    """What the server's end took: {'4in6 from ADDRESS': packets}; it has to have liked all of it."""
    said = json.loads(decap.communicate("", timeout=10)[0])
    expect(not said["bad"], f"outer headers: {said['bad'][:3]}")
    return said["taken"]


def mixtures(t, kind):
    """All four mixtures of families, with a checksum and without where there is one; and an upload, whose
    first segments are too big: their sender is told so, and sends smaller ones."""
    # Else the kernel would send from the VIP: its prefix is the longest.
    t.lab.run("director", f"ip addr change {VIP6}/128 dev eth0 preferred_lft 0 nodad")
    d = t.shuntd()
    decap = t.lab.python("server1", "decap.py", kind, PORT, log="decap.log")
    want = set()
    for vip, inner in ((VIP, 4), (VIP6, 6)):
        for six, outer, own in ((False, 4, DIRECTOR), (True, 6, DIRECTOR6)):
            for csum in (False, True) if kind != "ipip" else (False,):
                add(d, vip, rip(1, six=six), kind, csum)
                expect(ask(t.lab, 5, host=vip) == {"nginx1": 5}, f"IPv{inner} in IPv{outer} {kind}, csum {csum}")
                want.add(f"{inner}in{outer} from {own}")
                remove(d, vip)
        add(d, vip, rip(1), kind)
        upload(t.lab, [f"big{inner}"], 2 << 20, host=vip)
        remove(d, vip)
    sent = sum(w["drops"]["too_big"] for w in d.workers())
    told = sum(w["icmp_sent"] for w in d.workers())
    expect(told >= 2, f"{told} ICMP errors for what was too big ({sent} dropped)")
    taken = finish(decap)
    expect(set(taken) == want, f"taken: {taken}, not {want}")


@e2e(servers=1, ipv6=True)
def test_ipip(t):
    """IP in IP."""
    mixtures(t, "ipip")


@e2e(servers=1, ipv6=True)
def test_gre(t):
    """GRE."""
    mixtures(t, "gre")


@e2e(servers=1, ipv6=True)
def test_gue(t):
    """GUE."""
    mixtures(t, "gue")


@e2e(servers=2)
def test_router(t):
    """A server behind a router gets a tunnel's packets; by direct routing it gets none, with the reason."""
    run = t.lab.run
    run("server1", f"ip addr add {FAR}/32 dev lo")
    run("server2", "sysctl -qw net.ipv4.ip_forward=1 net.ipv4.conf.all.send_redirects=0 net.ipv4.conf.eth0.send_redirects=0")
    run("server2", f"ip route add {FAR}/32 via {rip(1)}")
    run("director", f"ip route add {FAR}/32 via {rip(2)}")
    d = t.shuntd()
    decap = t.lab.python("server1", "decap.py", "gue", PORT, log="decap.log")
    add(d, VIP, FAR, "gue", True)
    expect(ask(t.lab, 20) == {"nginx1": 20}, "through a router")
    service = {"proto": "tcp", "address": VIP, "port": 80}
    d.request(cmd="server-edit", service=service, server={"address": FAR, "port": 80, "forward": "route"})
    state = [b for b in d.show("backends")["backends"]]
    expect("gateway" in json.dumps(state), f"direct routing to it: {state}")
    expect("nginx1" not in ask(t.lab, 1, timeout=1), "by direct routing it can't be reached")
    expect(set(finish(decap)) == {f"4in4 from {DIRECTOR}"}, "what the server's end took")
