# SPDX-License-Identifier: BSD-2-Clause
"""Packets that aren't plain ones of a flow, and services that aren't plain: fragments, ICMP errors, addresses
that shunt owns, persistence, least connections, removed servers."""
import json
import os
import socket
import time

from lab import VIP, VIP6, Conns, ask, ask_udp, e2e, expect, rip, say, until

FAR = "10.99.0.2"


def udp_socket(lab, family=socket.AF_INET):
    with lab.inside("client"):
        return socket.socket(family, socket.SOCK_DGRAM)


def servers(d):
    return json.loads(d.ctl("-L -n --json"))["services"][0]["servers"]


def fragments(t, host, sched):
    t.lab.echo_servers(2, port=53, six=":" in host)
    d = t.shuntd()
    where = f"[{host}]" if ":" in host else host
    d.ctl(f"-A -u {where}:53 -s {sched}")
    for n in (1, 2):
        d.ctl(f"-a -u {where}:53 -r {rip(n, six=True) if ':' in host else rip(n) + ':53'} -g")
    d.wait_usable(2)
    rounds, size = 1000 // (4 if t.san else 1), 60000
    lost = 0
    sock = udp_socket(t.lab, socket.AF_INET6 if ":" in host else socket.AF_INET)
    sock.settimeout(2)
    sock.connect((host, 53))
    for i in range(rounds):
        data = i.to_bytes(4, "big") + os.urandom(size - 4)
        sock.send(data)
        try:
            lost += sock.recv(65536).partition(b" ")[2] != data
        except TimeoutError:
            lost += 1
    expect(lost == 0, f"{lost} of {rounds} datagrams of {size} bytes lost; {d.drops()['workers']}")
    d.check_counters()


@e2e(servers=2, queues=2)
def test_fragments(t):
    """1000 datagrams of 60 kB, in fragments that RSS spreads over two queues, arrive whole."""
    fragments(t, VIP, "mh")


@e2e(servers=2, queues=2)
def test_fragments_rr(t):
    """The same where servers take turns."""
    fragments(t, VIP, "rr")


def behind_a_small_link(t):
    """A network of MTU 576 behind the client, which becomes its router."""
    t.lab.add_far(FAR, "10.99.0.1", 576)
    for where in ("server1", "director"):
        t.lab.run(where, "ip route add 10.99.0.0/24 via 192.168.1.10")


@e2e(queues=2)
def test_pmtu(t):
    """A router on the client's side has an MTU of 576: its errors reach the server, and 10 MiB come through."""
    behind_a_small_link(t)
    with open(f"{t.lab.state}/server1/upload/big", "wb") as f:
        f.write(os.urandom(10 << 20))
    d = t.shuntd()
    d.service(f"-t {VIP}:80", [f"{rip(1)}:80"])
    got = t.lab.run("far", f"curl -sS -f --max-time 30 -o {t.lab.state}/big http://{VIP}/upload/big")
    same = t.lab.run("client", f"cmp {t.lab.state}/big {t.lab.state}/server1/upload/big")
    expect(got == "" and same == "", f"the download: {got} {same}")
    steer = d.drops()
    expect(steer["workers"]["icmp"] == 0, f"ICMP errors dropped: {steer}")


@e2e(servers=2, queues=2)
def test_owner(t):
    """--vip-owner shunt: the director's kernel doesn't have the address; ARP, ping and connections work."""
    t.lab.run("director", f"ip addr del {VIP}/32 dev eth0")
    d = t.shuntd("-i", "eth0", "--vip-owner", "shunt")
    d.service(f"-t {VIP}:80", [f"{rip(1)}:80", f"{rip(2)}:80"])
    expect(set(ask(t.lab, 10)) == {"nginx1", "nginx2"}, "both servers answer")
    t.lab.run("client", f"ping -c 3 -i 0.2 -W 2 {VIP}")
    neighbour = t.lab.run("client", f"ip neigh show {VIP}")
    expect("02:00:00:00:01:81" in neighbour, f"the client's neighbour entry: {neighbour}")
    expect(sum(w["answered"] for w in d.workers()) >= 4, "the workers answered")


@e2e(servers=2, queues=2, ipv6=True)
def test_owner6(t):
    """The same with IPv6: neighbour solicitations and echo."""
    t.lab.run("director", f"ip addr del {VIP6}/128 dev eth0")
    d = t.shuntd("-i", "eth0", "--vip-owner", "shunt")
    d.ctl(f"-A -t [{VIP6}]:80 -s rr")
    for n in (1, 2):
        d.ctl(f"-a -t [{VIP6}]:80 -r [fd00:1::{53 + n}]:80 -g")
    d.wait_usable(2)
    expect(set(ask(t.lab, 10, host=VIP6)) == {"nginx1", "nginx2"}, "both servers answer")
    t.lab.run("client", f"ping -c 3 -i 0.2 -W 2 {VIP6}")


@e2e(servers=3, queues=4)
def test_persistence(t):
    """-p: all connections of a client go to one server, whichever queue they come in on; another service's don't."""
    d = t.shuntd()
    d.ctl(f"-A -t {VIP}:80 -s rr -p 60")
    for n in (1, 2, 3):
        d.ctl(f"-a -t {VIP}:80 -r {rip(n)}:80 -g")
    d.wait_usable(3)
    got = ask(t.lab, 40)
    expect(len(got) == 1, f"one client, several servers: {got}")
    expect(sum(1 for w in d.workers() if w["rx"]) > 1, "all came in on one queue: nothing is shown")
    mine = int(next(iter(got))[-1])
    d.ctl(f"-e -t {VIP}:80 -r {rip(mine)}:80 -g -w 0")
    other = ask(t.lab, 10)
    expect(len(other) == 1 and other != got, f"weight 0 drains, and the next server stays: {other}")


@e2e(servers=2, queues=2)
def test_least_connections(t):
    """lc: with connections held, the servers have as many each, also after one was down."""
    t.lab.echo_servers(2)
    d = t.shuntd()
    d.ctl(f"-A -t {VIP}:7 -s lc")
    d.ctl(f"-a -t {VIP}:7 -r {rip(1)}:7 -g")
    d.wait_usable(1)
    first = Conns(t.lab, 20)
    until(lambda: servers(d)[0]["active"] == 20, 5, "twenty connections on the only server")
    d.ctl(f"-a -t {VIP}:7 -r {rip(2)}:7 -g")
    d.wait_usable(2)
    time.sleep(1.5)  # the count of once a second
    second = Conns(t.lab, 20)
    until(lambda: [s["active"] for s in servers(d)] == [20, 20], 5, "the second server got the next twenty")
    for conns in (first, second):
        expect(conns.finish()["broken"] == 0, "no connection broke")


@e2e(servers=2)
def test_thresholds(t):
    """-x: a server takes so many connections and no more."""
    t.lab.echo_servers(2)
    d = t.shuntd()
    d.ctl(f"-A -t {VIP}:7 -s wrr")
    d.ctl(f"-a -t {VIP}:7 -r {rip(1)}:7 -g -w 10 -x 5")
    d.ctl(f"-a -t {VIP}:7 -r {rip(2)}:7 -g -w 1")
    d.wait_usable(2)
    conns = Conns(t.lab, 30)
    until(lambda: sum(s["active"] for s in servers(d)) == 30, 5, "thirty connections")
    by = {s["address"]: s["active"] for s in servers(d)}
    expect(by[rip(1)] == 5 and by[rip(2)] == 25, f"connections: {by}")
    expect(conns.finish()["broken"] == 0, "no connection broke")


@e2e(servers=2)
def test_one_packet(t):
    """--ops: each datagram of one socket takes its turn."""
    t.lab.echo_servers(2, port=53)
    d = t.shuntd()
    d.ctl(f"-A -u {VIP}:53 -s rr -o")
    for n in (1, 2):
        d.ctl(f"-a -u {VIP}:53 -r {rip(n)}:53 -g")
    d.wait_usable(2)
    names, lost = ask_udp(t.lab, [b"q%d" % i for i in range(20)], sock=udp_socket(t.lab))
    expect(names == {"server1": 10, "server2": 10} and not lost, f"answers: {names}, lost {lost}")


def removed(t, policy, broken):
    t.lab.echo_servers(1)
    d = t.shuntd()
    d.request(cmd="service-add", service={"proto": "tcp", "address": VIP, "port": 7}, scheduler="rr", removed=policy)
    d.ctl(f"-a -t {VIP}:7 -r {rip(1)}:7 -g")
    d.wait_usable(1)
    conns = Conns(t.lab, 6)
    until(lambda: servers(d)[0]["active"] == 6, 5, "six connections")
    d.ctl(f"-d -t {VIP}:7 -r {rip(1)}:7")
    time.sleep(0.5)
    result = conns.finish()
    expect(result["broken"] == broken, f"{policy}: {result}")
    return d


@e2e()
def test_removed_reselect(t):
    """The connections of a removed server go on while it can be reached: the default."""
    removed(t, "reselect", 0)


@e2e()
def test_removed_reset(t):
    """removed 'reset': they are reset at once."""
    d = removed(t, "reset", 6)
    expect(sum(w["resets"] for w in d.workers()) >= 6, "resets are counted")


@e2e(servers=2, queues=2)
def test_port_reuse(t):
    """A client that uses its port again at once is served at once."""
    t.lab.echo_servers(2)
    d = t.shuntd()
    d.service(f"-t {VIP}:7", [f"{rip(1)}:7", f"{rip(2)}:7"])
    for _ in range(20):
        with t.lab.inside("client"):
            sock = socket.socket()
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")  # close() sends a reset
        sock.bind(("", 31000))
        sock.settimeout(0.8)
        sock.connect((VIP, 7))
        sock.sendall(b"hello\n")
        expect(sock.recv(100).endswith(b"hello\n"), "an answer")
        sock.close()
    expect(say(t.lab)[1] == "", "and others are served, too")


@e2e(servers=2)
def test_connections(t):
    """-L -c lists connections with their clients; --set changes the timeouts that they expire by."""
    t.lab.echo_servers(2)
    d = t.shuntd()
    d.service(f"-t {VIP}:7", [f"{rip(1)}:7", f"{rip(2)}:7"])
    conns = Conns(t.lab, 3)
    until(lambda: d.ctl("-L -n -c").count("ESTABLISHED") == 3, 5, "three connections are listed")
    line = d.ctl("-L -n -c").splitlines()[2]
    expect(line.startswith("TCP 1") and " 192.168.1.10:" in line and f" {VIP}:7 " in line, f"the line: {line}")
    d.ctl("--set 100 50 20")
    expect(d.ctl("-L --timeout") == "Timeout (tcp tcpfin udp): 100 50 20\n", "the timeouts")
    line = d.ctl("-L -n -c").splitlines()[2]
    expect(line.startswith("TCP 01:"), f"the line with other timeouts: {line}")
    expect(conns.finish()["broken"] == 0, "no connection broke")


@e2e(servers=4)
def test_secret(t):
    """With one secret a director that starts anew, knowing nothing, chooses the same servers (mh)."""
    path = f"{t.lab.state}/secret"
    with open(path, "w") as f:
        f.write("correct horse battery staple\n")
    chosen = []
    for order in ((1, 2, 3, 4), (3, 1, 4, 2)):
        d = t.shuntd("-i", "eth0", "--secret-file", path)
        d.service(f"-t {VIP}:80", [f"{rip(n)}:80" for n in order], sched="mh -b mh-port")
        servers_of = []
        for port in range(32000, 32020):
            with t.lab.inside("client"):
                sock = socket.socket()
            with sock:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                sock.bind(("", port))
                sock.settimeout(2)
                sock.connect((VIP, 80))
                sock.sendall(b"GET / HTTP/1.0\r\n\r\n")
                servers_of.append(sock.recv(4096).split()[-1])
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        chosen.append(servers_of)
        expect(len(set(servers_of)) > 1, f"all went to {servers_of[0]}")
        d.check_counters()
        d.stop()
    expect(chosen[0] == chosen[1], f"two directors chose {chosen}")
    t.shuntd()
