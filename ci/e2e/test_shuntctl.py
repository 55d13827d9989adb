# SPDX-License-Identifier: BSD-2-Clause
"""The command line against a running daemon: what it changes is what traffic sees."""
import json
import time

from lab import VIP, Conns, ask, e2e, expect, rip, until

RULES = (f"-A -t {VIP}:80 -s wrr", f"-a -t {VIP}:80 -r {rip(1)}:80 -g -w 1", f"-a -t {VIP}:80 -r {rip(2)}:80 -g -w 1")


def configured(t):
    d = t.shuntd()
    for line in RULES:
        d.ctl(line)
    d.wait_usable(2)
    return d


@e2e(servers=2)
def test_verbs(t):
    """-A -a -E -e -d -D -C -L -S -R -Z, each seen by traffic or in the list."""
    d = configured(t)
    expect(set(ask(t.lab, 10)) == {"nginx1", "nginx2"}, "both servers answer")
    listing = d.ctl("-L -n")
    for text in (f"TCP  {VIP}:80 wrr", f"  -> {rip(1)}:80", f"  -> {rip(2)}:80", "Route"):
        expect(text in listing, f"{text!r} isn't in:\n{listing}")
    saved = d.ctl("-S -n")
    d.ctl(f"-e -t {VIP}:80 -r {rip(1)}:80 -g -w 0")
    expect(ask(t.lab, 10) == {"nginx2": 10}, "weight 0 takes no new connection")
    d.ctl(f"-E -t {VIP}:80 -s rr")
    expect(f"{VIP}:80 rr" in d.ctl("-L -n"), "the scheduler isn't changed")
    d.ctl(f"-d -t {VIP}:80 -r {rip(2)}:80")
    expect(rip(2) not in d.ctl("-L -n"), "the server is still listed")
    d.ctl("-C")
    expect(VIP not in d.ctl("-L -n"), "the service is still listed")
    expect("refused" in next(iter(ask(t.lab, 1))), "the director's kernel doesn't have its port back")
    d.ctl("-R", stdin=saved)
    expect(d.ctl("-S -n") == saved, "what was saved isn't what was restored")
    d.wait_usable(2)
    expect(set(ask(t.lab, 10)) == {"nginx1", "nginx2"}, "both servers answer again")
    d.ctl(f"-D -t {VIP}:80")
    expect(VIP not in d.ctl("-L -n"), "the service is still listed")


@e2e(servers=1)
def test_stats(t):
    """--stats counts connections, packets and bytes exactly; -Z sets them to 0."""
    d = t.shuntd()
    d.service(f"-t {VIP}:80", [f"{rip(1)}:80"])
    ask(t.lab, 25)

    def row(prefix):
        line = [x for x in d.ctl("-L -n --stats --exact").splitlines() if prefix in x][0]
        return [int(x) for x in line.split()[2:]]
    until(lambda: row(f"{VIP}:80")[0] == 25, 3, "25 connections in --stats")
    frames = sum(w["tx"] for w in d.workers())
    conns, packets, out_packets, size, out_bytes = row(f"{VIP}:80")
    expect(packets == frames, f"{packets} packets counted, {frames} sent")
    expect(25 * 5 * 40 < size < 25 * 12 * 100, f"{size} bytes for 25 small requests")
    expect(out_packets == 0 and out_bytes == 0, "a director in direct routing sees no answers")
    d.ctl("-Z")
    expect(row(f"{VIP}:80") == [0, 0, 0, 0, 0], f"after -Z: {row(f'{VIP}:80')}")


@e2e(servers=2)
def test_drain(t):
    """Weight 0 keeps established connections on their server."""
    d = t.shuntd()
    t.lab.echo_servers(2)
    d.service(f"-t {VIP}:7", [f"{rip(n)}:7" for n in (1, 2)], sched="rr")
    conns = Conns(t.lab, 20, interval=0.05)
    d.ctl(f"-e -t {VIP}:7 -r {rip(1)}:7 -g -w 0")
    time.sleep(1)
    result = conns.finish()
    expect(result["broken"] == 0 and result["moved"] == 0, f"{result}")
    expect(result["servers"] == {"server1": 10, "server2": 10}, f"{result['servers']}")


@e2e(servers=2)
def test_show(t):
    """Every `show` answers as text and as JSON with a schema version, and knows the servers' MACs."""
    d = configured(t)
    for what in ("services", "backends", "workers", "ports", "drops", "neighbours"):
        expect(d.ctl(f"show {what}").strip(), f"show {what} says nothing")
        d.show(what)
    text = json.dumps(d.show("neighbours"))
    expect("02:00:00:00:01:36" in text and "02:00:00:00:01:37" in text, f"neighbours: {text}")


@e2e(servers=1)
def test_dead_neighbour(t):
    """A server whose MAC is unknown gets no traffic; the others get it all."""
    d = t.shuntd()
    d.ctl(f"-A -t {VIP}:80 -s rr")
    d.ctl(f"-a -t {VIP}:80 -r 192.168.1.99:80 -g -w 1")
    d.ctl(f"-a -t {VIP}:80 -r {rip(1)}:80 -g -w 1")
    d.wait_usable(1)
    expect(ask(t.lab, 20) == {"nginx1": 20}, "some connections went nowhere")
    out = d.ctl("show neighbours")
    expect("192.168.1.99" in out, f"it doesn't say so: {out}")


@e2e(servers=1)
def test_mac_change(t):
    """A server's new MAC address is used at once when it announces it."""
    d = t.shuntd()
    d.service(f"-t {VIP}:80", [f"{rip(1)}:80"])
    expect(ask(t.lab, 3) == {"nginx1": 3}, "before")
    t.lab.run("server1", "ip link set eth0 address 02:00:00:00:01:f6")
    t.lab.run("server1", "curl -s --max-time 2 -o /dev/null http://192.168.1.129:81", check=False)  # asks ARP: an announcement
    until(lambda: "02:00:00:00:01:f6" in d.ctl("show neighbours"), 5, "the new MAC in show neighbours")
    expect(ask(t.lab, 3, timeout=5) == {"nginx1": 3}, "after")
