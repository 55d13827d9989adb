# SPDX-License-Identifier: BSD-2-Clause
"""Health: what checks find, what follows for servers, quorum and sorry server, and what outlives a reload and an engine."""
import hashlib
import json
import os
import re
import signal
import socket
import subprocess
import time

from lab import VIP, VIP6, Failed, ask, e2e, expect, must_fail, rip, say, until

FAST = "delay_loop 0.2\n warmup 0\n connect_timeout 1\n retry 1\n delay_before_retry 0.1\n"


def real(n, check="TCP_CHECK { }", more="", port=7):
    return f" real_server {rip(n)} {port} {{\n {more}\n {check}\n }}\n"


def service(*servers, more="", port=7, pace=FAST):
    return (f"virtual_server {VIP} {port} {{\n lb_algo rr\n lb_kind DR\n protocol TCP\n"
            f" {pace} {more}\n{''.join(servers)}}}\n")


def write(t, text):
    path = f"{t.lab.state}/shunt.conf"
    with open(path, "w") as f:
        f.write(text)
    return path


def started(t, text, **kw):
    return t.shuntd("-i", "eth0", "-f", write(t, text), **kw)


class Echo:
    """An echo server on a server's own address and on the VIP, to be ended and begun again."""

    def __init__(self, t, n, port=7):
        self.t, self.n, self.port = t, n, port
        self.start()

    def start(self):
        self.child = self.t.lab.python(f"server{self.n}", "echo_server.py", f"server{self.n}",
                                       f"{VIP}:{self.port}", f"{rip(self.n)}:{self.port}", log=f"echo{self.n}.log")

    def end(self):
        self.child.kill()
        self.child.wait()


def listed(d):
    """{address: weight} of what ipvsadm's users see."""
    return {s["address"]: s["weight"] for s in json.loads(d.ctl("-L -n --json"))["services"][0]["servers"]}


def servers(d, i=0):
    return {s["address"]: s for s in d.show("health")["health"][i]["servers"]}


def decided(d, n):
    until(lambda: sum(all(c["decided"] for c in s["checks"]) for s in servers(d).values()) == n, 5, f"{n} servers are checked")


def answers(t, count=6):
    return {say(t.lab)[0] for _ in range(count)}


@e2e(servers=2)
def test_tcp_check(t):
    """A server that refuses connections leaves the table within its time, and comes back; no new client meets it."""
    echo = [Echo(t, 1), Echo(t, 2)]
    d = started(t, service(real(1), real(2)))
    d.wait_usable(2)
    decided(d, 2)
    expect(answers(t) == {"server1", "server2"}, "both serve")
    echo[0].end()
    until(lambda: listed(d) == {rip(2): 1}, 3, "the dead one is out of the table")
    expect(answers(t) == {"server2"}, "only the other serves")
    expect("refused" in servers(d)[rip(1)]["checks"][0]["reason"], "the reason is told")
    expect(re.search(rf"backend down vip=tcp:{VIP}:7 rs={rip(1)}:7 check=TCP_CHECK reason=\".*refused", d.log_text()), "and logged")
    echo[0].start()
    until(lambda: listed(d) == {rip(1): 1, rip(2): 1}, 3, "it is back")
    expect(answers(t) == {"server1", "server2"}, "both serve again")


@e2e(servers=3)
def test_inhibit_and_quorum(t):
    """inhibit_on_failure keeps a dead server with weight 0; the sorry server serves while there is no quorum; scripts run."""
    echo = [Echo(t, 1), Echo(t, 2), Echo(t, 3)]
    out = f"{t.lab.state}/events"
    script = f"{t.lab.state}/event"
    with open(script, "w") as f:
        f.write(f"#!/bin/sh\necho $1 >>{out}\n")
    os.chmod(script, 0o755)
    d = started(t, service(
        real(1, more=f'inhibit_on_failure\n notify_up "{script} up1"\n notify_down "{script} down1"'), real(2),
        more=f'quorum 2\n sorry_server {rip(3)} 7\n quorum_up "{script} quorum"\n quorum_down "{script} none"'))
    events = lambda: open(out).read().split() if os.path.exists(out) else []
    d.wait_usable(3)
    decided(d, 2)
    until(lambda: events() == ["quorum"], 3, "quorum_up ran at the start")
    expect(listed(d) == {rip(1): 1, rip(2): 1}, f"both serve: {listed(d)}")
    echo[0].end()
    until(lambda: listed(d) == {rip(1): 0, rip(3): 1}, 3, "the sorry server serves alone; the inhibited one stays with 0")
    until(lambda: sorted(events()) == ["down1", "none", "quorum"], 3, "notify_down and quorum_down ran")
    expect(answers(t) == {"server3"}, "clients meet the sorry server")
    echo[0].start()
    until(lambda: listed(d) == {rip(1): 1, rip(2): 1}, 3, "all is as before")
    until(lambda: sorted(events()) == ["down1", "none", "quorum", "quorum", "up1"], 3, "notify_up and quorum_up ran")
    expect(d.ctl("diff") == "", "the table is as the file says")


@e2e(servers=2)
def test_states_kept(t):
    """What checks found outlives a reload, and a killed engine: no dead server serves for a moment, none is checked twice."""
    echo = [Echo(t, 1), Echo(t, 2)]
    d = started(t, service(real(1), real(2)))
    d.wait_usable(2)
    echo[0].end()
    until(lambda: listed(d) == {rip(2): 1}, 5, "the dead one is out")
    slow = FAST.replace("warmup 0", "warmup 30")
    tries = servers(d)[rip(2)]["checks"][0]["tries"]
    write(t, service(real(1), real(2), more="quorum 1\n removed_server reset"))
    d.ctl("reload")
    expect(listed(d) == {rip(2): 1}, "the reload brought a dead server back")
    expect(servers(d)[rip(2)]["checks"][0]["tries"] >= tries, "its checker began anew")
    write(t, service(real(1), real(2), pace=slow))
    d.ctl("reload")
    expect(listed(d) == {rip(2): 1}, "another check of the same server brought it back")
    os.kill(d.engine(), signal.SIGKILL)
    until(lambda: d.try_ctl("show health")[0] == 0, 5, "the next engine answers")
    expect(listed(d) == {rip(2): 1}, "the next engine brought it back")
    expect({say(t.lab)[0] for _ in range(4)} == {"server2"}, "clients meet the live one")


@e2e(servers=2)
def test_shared_probe(t):
    """Two services with the same server have one checker."""
    Echo(t, 1)
    d = started(t, service(real(1)) + service(real(1, check="TCP_CHECK { connect_port 7 }", port=8), port=8)
                + service(real(1, check="TCP_CHECK { connect_port 7 }", port=9), port=9))
    decided(d, 1)
    expect(d.show("health")["checkers"]["checkers"] == 2, "a checker for each different check")


@e2e(servers=2)
def test_alpha(t):
    """With alpha a server serves only after its first good check."""
    Echo(t, 2)
    d = started(t, service(real(1), real(2), more="alpha"))
    d.wait_usable(2)
    until(lambda: listed(d) == {rip(2): 1}, 3, "the live one is in")
    expect(rip(1) not in listed(d), "the dead one never was")


@e2e(servers=3)
def test_panic(t):
    """If all fail at once the last set stays, and that is said; a server that was down before stays down."""
    echo = [Echo(t, n) for n in (1, 2, 3)]
    d = started(t, service(real(1), real(2), real(3), more="panic_threshold 60"))
    d.wait_usable(3)
    decided(d, 3)
    echo[2].end()
    until(lambda: listed(d) == {rip(1): 1, rip(2): 1}, 3, "one alone leaves")
    time.sleep(3)  # longer than it takes to see a failure: what follows is another event
    echo[0].end()
    echo[1].end()
    until(lambda: "panic vip=" in d.log_text(), 4, "panic is said")
    expect(set(listed(d)) == {rip(1), rip(2)}, f"the last set stays: {listed(d)}")
    echo[0].start()
    echo[1].start()
    until(lambda: "panic over" in d.log_text(), 4, "its end too")
    expect(answers(t) == {"server1", "server2"}, "both serve")


@e2e(servers=2)
def test_unreachable(t):
    """A server whose MAC can't be resolved has no weight for the quorum: the sorry server serves."""
    Echo(t, 1)
    Echo(t, 2)
    t.lab.run("director", "sh", "-c", "echo 500 >/proc/sys/net/ipv4/neigh/eth0/base_reachable_time_ms")
    d = started(t, service(real(1, check=""), more=f"sorry_server {rip(2)} 7"))
    d.wait_usable(2)
    expect(listed(d) == {rip(1): 1}, "it serves")
    t.lab.run("server1", "ip link set eth0 down")
    until(lambda: rip(2) in listed(d), 15, "the sorry server serves")
    t.lab.run("server1", "ip link set eth0 up")
    until(lambda: listed(d) == {rip(1): 1}, 15, "and no longer")


@e2e(servers=2)
def test_new_mac(t):
    """A server that is back with another MAC address, and says nothing, is found by its failing check before it is down."""
    Echo(t, 1)
    Echo(t, 2)
    d = started(t, service(real(1), real(2), more="fall 3"))
    d.wait_usable(2)
    decided(d, 2)
    t.lab.run("server1", "sh", "-c", "echo 0 >/proc/sys/net/ipv4/conf/eth0/arp_notify; ip link set eth0 address 02:00:00:00:77:01")
    failed = lambda: d.request(cmd="show", what="health")["health"][0]["servers"][0]["checks"][0]["failures"] > 0
    known = lambda: any(x.get("mac") == "02:00:00:00:77:01" for x in d.request(cmd="show", what="neighbours")["neighbours"])
    until(lambda: failed() or known(), 5, "the check fails")
    begun = time.monotonic()
    until(known, 2, "the new MAC is known")
    t.notes.append(f"known {1000 * (time.monotonic() - begun):.0f} ms after the check failed")
    expect("backend down" not in d.log_text(), "it was never down")
    expect(answers(t) == {"server1", "server2"}, "both serve")


def by_vip(t, owner, kind="DR"):
    """shuntd, which asks two servers by a client's way."""
    args = ["--vip-owner", "shunt"] if owner == "shunt" else []
    if owner == "shunt":
        t.lab.run("director", f"ip addr del {VIP}/32 dev eth0")
    Echo(t, 1)
    Echo(t, 2)
    text = service(real(1), real(2), pace=FAST.replace("retry 1", "retry 1\n check_path vip")).replace("lb_kind DR", f"lb_kind {kind}")
    return t.shuntd("-i", "eth0", *args, "-f", write(t, text))


def lose_vip(t, d):
    decided(d, 2)
    expect(listed(d) == {rip(1): 1, rip(2): 1}, f"both serve: {d.ctl('show health')}")
    t.lab.run("server1", f"ip addr del {VIP}/32 dev lo")
    until(lambda: listed(d) == {rip(2): 1}, 5, "the one without the VIP is out")
    expect("no answer from the virtual address" in d.ctl("show health"), "the reason is told")
    t.lab.run("server1", f"ip addr add {VIP}/32 dev lo")
    until(lambda: listed(d) == {rip(1): 1, rip(2): 1}, 5, "it is back")


@e2e(servers=2)
def test_path_vip(t):
    """check_path vip, with the VIP at the director's kernel."""
    lose_vip(t, by_vip(t, "kernel"))


@e2e(servers=2)
def test_path_vip_shunt(t):
    """check_path vip, with the VIP at shunt."""
    lose_vip(t, by_vip(t, "shunt"))


@e2e(servers=2)
def test_path_server(t):
    """The control: checks of the servers' own addresses see nothing of a VIP that is gone."""
    Echo(t, 1)
    Echo(t, 2)
    d = started(t, service(real(1), real(2)))
    with must_fail("a VIP that is gone", "is out"):
        lose_vip(t, d)


@e2e(servers=2)
def test_path_tunnel(t):
    """check_path vip through GUE: a server that doesn't open the tunnel is out, although it answers."""
    t.lab.run("director", f"ip addr change {VIP}/32 dev eth0 preferred_lft 0")
    decap = [t.lab.python(f"server{n}", "decap.py", "gue", 6080, log="decap.log") for n in (1, 2)]
    d = by_vip(t, "kernel", "TUN type gue port 6080")
    decided(d, 2)
    expect(listed(d) == {rip(1): 1, rip(2): 1}, f"both serve: {d.ctl('show health')}")
    decap[0].kill()
    until(lambda: listed(d) == {rip(2): 1}, 5, "the one that doesn't open the tunnel is out")


@e2e(servers=2)
def test_passive(t):
    """passive_health: a server that swallows its clients' SYNs is out for a while, though its check is content."""
    Echo(t, 1)
    Echo(t, 2)
    d = started(t, service(real(1), real(2), more="passive_health 30"))
    d.wait_usable(2)
    decided(d, 2)
    t.lab.run("server1", f"ip addr del {VIP}/32 dev lo")  # its own address still answers
    with t.lab.inside("client"):
        socks = [socket.socket() for _ in range(60)]
    for sock in socks:
        sock.setblocking(False)
        sock.connect_ex((VIP, 7))
    until(lambda: listed(d) == {rip(2): 1}, 6, "the one that swallows is out")
    expect(servers(d)[rip(1)]["passive_down"], "by its traffic")
    expect("check=passive_health" in d.log_text(), "that is logged")
    expect(answers(t) == {"server2"}, "clients meet the other")
    t.lab.run("server1", f"ip addr add {VIP}/32 dev lo")
    for sock in socks:
        sock.close()
    until(lambda: listed(d) == {rip(1): 1, rip(2): 1}, 13, "it is tried again")


def management(d):
    """(the thread's seconds of CPU so far, the CPUs that it may run on)."""
    for tid in os.listdir(f"/proc/{d.engine()}/task"):
        with open(f"/proc/{d.engine()}/task/{tid}/stat") as f:
            name, rest = f.read().rsplit(")", 1)
        if name.endswith("(shunt/mgmt"):
            fields = rest.split()
            return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK"), os.sched_getaffinity(int(tid))
    raise Failed("there is no management thread")


@e2e(servers=1)
def test_many(t):
    """5,000 servers checked every second: under a quarter of a core, none late by a fifth of a second, none on a worker's CPU."""
    n = 1000 if t.san else 5000
    t.lab.run("server1", "ip route add local 10.9.0.0/16 dev lo")
    t.lab.run("director", f"ip route add 10.9.0.0/16 via {rip(1)}")  # tunnels: one neighbour for all of them
    t.lab.python("server1", "accept_all.py", 7, log="accept.log")
    pace = "delay_loop 1\n warmup 1\n connect_timeout 1\n retry 2\n delay_before_retry 0.2\n"
    text = "".join(f" real_server 10.9.{i // 250}.{i % 250 + 2} 7 {{ TCP_CHECK {{ }} }}\n" for i in range(n))
    d = started(t, service(text, pace=pace).replace("lb_kind DR", "lb_kind TUN"))
    health = lambda: d.show("health")["checkers"]
    until(lambda: sum(c["decided"] for s in servers(d).values() for c in s["checks"]) == n, 20, f"{n} servers are checked")
    time.sleep(1)
    before, tries, (cpu, where) = time.monotonic(), health()["tries"], management(d)
    time.sleep(5)
    after = health()
    took, rate = time.monotonic() - before, (after["tries"] - tries) / (time.monotonic() - before)
    load = (management(d)[0] - cpu) / took
    up = sum(s["up"] for s in servers(d).values())
    expect(up == n, f"{n - up} live servers are down")
    expect(rate > 0.8 * n, f"{rate:.0f} checks a second")
    workers = {w["cpu"] for w in d.workers()}
    if len(os.sched_getaffinity(0)) > 1:
        expect(not where & workers, f"checks run on CPUs {where}, workers on {workers}")
    if not t.san:
        expect(after["late_max"] < 0.2, f"a check was {after['late_max']:.3f} s late")
        expect(load < 0.25, f"{load:.2f} of a core")
    t.notes.append(f"{rate:.0f} checks a second, {load:.3f} of a core, at most {after['late_max'] * 1000:.0f} ms late")


@e2e(servers=1)
def test_omega(t):
    """With omega the scripts of an end run when shuntd ends, as somebody else if that was said; without, none does."""
    Echo(t, 1)
    out = f"{t.lab.state}/end"
    script = f"{t.lab.state}/event"
    with open(script, "w") as f:
        f.write(f'#!/bin/sh\necho "$1 $(id -un) $(ls /proc/self/fd | wc -l)" >>{out}\n')
    os.chmod(script, 0o755)
    with open(out, "w"):
        os.chmod(out, 0o666)
    os.chmod(t.lab.state, 0o755)
    scripts = f'omega\n quorum_down "{script} none" nobody nogroup'
    d = started(t, service(real(1, more=f'notify_down "{script} down"'), more=scripts))
    decided(d, 1)
    d.stop()
    said = sorted(open(out).read().splitlines())
    expect(said == ["down root 4", "none nobody 4"], f"scripts at the end: {said}")  # 4: 0, 1, 2 and that of ls
    d = started(t, service(real(1, more=f'notify_down "{script} down"')))
    decided(d, 1)
    d.stop()
    t.checks_daemon = False
    expect(len(open(out).read().splitlines()) == 2, "without omega something ran")


def bad(d, n, reason):
    said = lambda: servers(d)[rip(n)]["checks"][0].get("reason", "")
    until(lambda: not servers(d)[rip(n)]["up"] and reason in said(), 5, f"{rip(n)} is down for {reason}, not {said()}")


def only(d, n, reasons):
    """Of the servers 1.. only n is up, the others for these reasons."""
    decided(d, len(reasons) + 1)
    for i, reason in reasons.items():
        bad(d, i, reason)
    until(lambda: servers(d)[rip(n)]["up"], 5, f"{rip(n)} is up: {servers(d)[rip(n)]['checks'][0]}")


@e2e(servers=5)
def test_http(t):
    """HTTP_GET at a real nginx: status, digest, regular expression; several pages; a virtual host."""
    digest = hashlib.md5(b"nginx1\n").hexdigest()
    page = lambda words: f"HTTP_GET {{ url {{ {words} }} }}"
    d = started(t, service(
        real(1, page(f'path /\n digest {digest}\n }}\n url {{ path /x\n regex "^nginx[0-9]$"\n regex_options multiline\n'), port=80),
        real(2, page(f"path /\n digest {digest}\n"), port=80),
        real(3, page("path /upload/none\n"), port=80),
        real(4, page('path /\n regex "^nginx1"\n'), port=80),
        real(5, page('path /\n regex nginx\n regex_no_match\n'), port=80), port=80))
    only(d, 1, {2: "another digest", 3: "status 404", 4: "doesn't match", 5: "the body matches"})


@e2e(servers=3)
def test_ssl(t):
    """SSL_GET at a real TLS server, with SNI and without; a plain server fails."""
    cert, key = f"{t.lab.state}/cert.pem", f"{t.lab.state}/key.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
                    "-subj", "/CN=www.example.net", "-keyout", key, "-out", cert], check=True, capture_output=True)
    for n in (1, 2):
        t.lab.spawn(f"server{n}", ["openssl", "s_server", "-accept", "443", "-cert", cert, "-key", key, "-www", "-servername", "www.example.net",
                                   "-cert2", cert, "-key2", key, "-servername_fatal"], f"tls{n}.log", stdin=subprocess.DEVNULL)
    check = "SSL_GET {{ {0}virtualhost www.example.net{1}\n connect_port {2}\n url {{ path / }} }}"
    d = started(t, service(real(1, check.format("enable_sni\n ", "", 443)), real(2, check.format("enable_sni\n ", ".wrong", 443)),
                           real(3, check.format("", "", 80))))
    only(d, 1, {2: "SSL", 3: "SSL"})


@e2e(servers=4)
def test_udp_dns_ping(t):
    """UDP_CHECK with and without a reply, DNS_CHECK at real DNS servers, one of which refuses, PING_CHECK."""
    t.lab.python("server1", "echo_server.py", "s1", f"{rip(1)}:7", log="echo.log")
    dns = ["dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--no-resolv", "--no-hosts", "--user=root", "--pid-file="]
    t.lab.spawn("server1", [*dns, "--address=/www.example.net/192.0.2.1"], "dns1.log")
    t.lab.spawn("server2", dns, "dns2.log")  # knows nobody to ask
    t.lab.run("server4", "sh", "-c", "echo 1 >/proc/sys/net/ipv4/icmp_echo_ignore_all")
    rare = FAST.replace("delay_loop 0.2", "delay_loop 5")  # a kernel sends few ICMP errors
    udp = "UDP_CHECK {{ connect_port {0}\n payload 680a\n require_reply {1} }}"
    dns = "DNS_CHECK { type A\n name www.example.net }"
    blocks = (service(real(1, udp.format(7, "7331XX")), real(2, udp.format(7, "7331")), pace=rare),
              service(real(1, udp.format(7, "7332"), port=8), real(2, "UDP_CHECK { connect_port 7 }", port=8), port=8, pace=rare),
              service(real(1, dns, port=53), real(2, dns, port=53), real(3, dns, port=53), port=53),
              service(real(3, "PING_CHECK { }", port=9), real(4, "PING_CHECK { }", port=9), port=9))
    d = started(t, "".join(blocks))
    want = {7: {1: None, 2: "refused"}, 8: {1: "another answer", 2: "refused"},
            9: {3: None, 4: "timed out"}, 53: {1: None, 2: "DNS error 5", 3: "refused"}}
    services = lambda: {s["port"]: {x["address"]: x for x in s["servers"]} for s in d.show("health")["health"]}
    until(lambda: all(x["checks"][0]["decided"] for s in services().values() for x in s.values()), 5, "all are checked")
    time.sleep(1.5)
    for port, said in want.items():
        for n, reason in said.items():
            server = services()[port][rip(n)]
            expect(server["up"] == (reason is None), f"port {port}: {server}")
            expect(reason is None or reason in server["checks"][0]["reason"], f"port {port}: {server}")


@e2e(servers=3)
def test_misc(t):
    """MISC_CHECK: exit codes, time-outs, and with misc_dynamic a weight that is used."""
    script = f"{t.lab.state}/check"
    with open(script, "w") as f:
        f.write('#!/bin/sh\n[ "$1" = "a b" ] || exit 9\ntest -z "$3" || sleep "$3"\nexit "$2"\n')
    os.chmod(script, 0o755)
    misc = lambda words, more="": f'MISC_CHECK {{ misc_path "{script} \'a b\' {words}"\n {more} }}'
    d = started(t, service(real(1, misc("12", "misc_dynamic")), real(2, misc("1")), real(3, misc("0 30", "misc_timeout 0.5"))))
    only(d, 1, {2: "exit code 1", 3: "timed out"})
    until(lambda: listed(d) == {rip(1): 10}, 3, f"the weight is what the check said: {listed(d)}")
    pids = t.lab.pids("director")
    alive = [open(f"/proc/{p}/cmdline").read().replace("\0", " ") for p in pids if os.path.exists(f"/proc/{p}/cmdline")]
    expect(sum("sleep 30" in line for line in alive) <= 2, f"commands pile up: {alive}")


@e2e(servers=2)
def test_metrics(t):
    """What checks found is in the metrics, which promtool likes."""
    Echo(t, 1)
    d = t.shuntd("-i", "eth0", "--metrics", "127.0.0.1:9105", "-f", write(t, service(real(1), real(2))))
    decided(d, 2)
    until(lambda: not servers(d)[rip(2)]["up"], 3, "one is down")
    page = t.lab.run("director", "curl -sS http://127.0.0.1:9105/metrics")
    label = f'vip="{VIP}",port="7",proto="tcp"'
    for line in (f"shunt_service_quorum_up{{{label}}} 1", f"shunt_service_live_weight{{{label}}} 1",
                 f'shunt_backend_up{{{label},backend="{rip(1)}"}} 1', f'shunt_backend_up{{{label},backend="{rip(2)}"}} 0',
                 f'shunt_backend_transitions_total{{{label},backend="{rip(2)}",to="down"}} 1'):
        expect(line in page, f"not in /metrics: {line}")
    done = subprocess.run(["promtool", "check", "metrics"], input=page, capture_output=True, text=True)
    expect(done.returncode == 0, f"promtool: {done.stdout}{done.stderr}")
    expect(f'remote_address="{rip(2)}"' not in t.lab.run("director", "curl -sS http://127.0.0.1:9105/metrics/ipvs"),
           "node_exporter's series has a server that is out")


@e2e(servers=3)
def test_many_services(t):
    """A server of 10,000 services fails: all of them lose it within seconds, and others are answered meanwhile."""
    n = 500 if t.san else 10000
    echo = [Echo(t, i) for i in (1, 2, 3)]
    text = "".join(f"virtual_server 10.{i // 65536 + 8}.{i // 256 % 256}.{i % 256} 80 {{\n lb_algo {'mh' if i % 4 == 0 else 'rr'}\n"
                   f" lb_kind DR\n protocol TCP\n {FAST}" +
                   "".join(f" real_server {rip(k)} 80 {{\n TCP_CHECK {{ connect_port 7 }}\n }}\n" for k in (1, 2, 3)) + "}\n" for i in range(n))
    d = started(t, text)
    d.wait_usable(3)
    until(lambda: d.show("health")["checkers"]["tries"] >= 6, 10, "the servers are checked")
    expect(d.show("health")["checkers"]["checkers"] == 3, "one checker for each server")
    left = lambda: sum(len(s["servers"]) for s in d.request(cmd="list")["services"])
    expect(left() == 3 * n, "all servers are there")
    echo[0].end()
    begun, longest = time.monotonic(), 0
    until(lambda: rip(1) not in {s["address"] for s in one(d)}, 5, "the first service has lost it")
    while time.monotonic() - begun < 60:
        asked = time.monotonic()
        last = d.request(cmd="list", service={"proto": "tcp", "address": f"10.{(n - 1) // 65536 + 8}.{(n - 1) // 256 % 256}.{(n - 1) % 256}", "port": 80})
        longest = max(longest, time.monotonic() - asked)
        if len(last["services"][0]["servers"]) == 2:
            break
        time.sleep(0.02)
    took = time.monotonic() - begun
    expect(left() == 2 * n, f"{left() - 2 * n} services still have it")
    t.notes.append(f"{n} services within {took:.2f} s, answers meanwhile within {1000 * longest:.0f} ms")
    expect(took < 15 and longest < 1, "too slow")


def one(d):
    return d.request(cmd="list", service={"proto": "tcp", "address": "10.8.0.0", "port": 80})["services"][0]["servers"]


@e2e(servers=2, ipv6=True)
def test_ipv6(t):
    """IPv6: a page and a ping by the server's address, a handshake by a client's way; the VIP gone is found."""
    six = lambda n, check: f" real_server {rip(n, six=True)} 80 {{\n {check}\n }}\n"
    checks = 'HTTP_GET { check_path vip\n url { path / } }\n PING_CHECK { }'
    text = (f"virtual_server {VIP6} 80 {{\n lb_algo rr\n lb_kind DR\n protocol TCP\n {FAST}{six(1, checks)}{six(2, checks)}}}\n")
    d = started(t, text)
    until(lambda: "preferred_lft 0, or bindto" in d.log_text(), 5, "it is told that the kernel asks from the VIP")
    t.lab.run("director", f"ip addr change {VIP6}/128 dev eth0 preferred_lft 0 nodad")
    until(lambda: set(listed(d)) == {rip(1, six=True), rip(2, six=True)}, 5, "both serve")
    until(lambda: set(ask(t.lab, 6, host=VIP6)) == {"nginx1", "nginx2"}, 3, "clients meet both")
    t.lab.run("server1", f"ip addr del {VIP6}/128 dev lo")
    until(lambda: set(listed(d)) == {rip(2, six=True)}, 5, "the one without the VIP is out")
