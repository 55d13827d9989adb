# SPDX-License-Identifier: BSD-2-Clause
"""How much change the director takes: many edits through the socket, and large tables."""
import json
import os
import random
import socket
import time

from lab import VIP, Conns, e2e, expect, rip

OPERATIONS, OPERATIONS_SAN = int(os.environ.get("CHURN_OPERATIONS", 200_000)), 20_000
BATCH, SERVICES, SERVERS = 1000, 100, 4
PLATEAU = 0.01
# The aims are 20,000 edits a second, answers in 5 ms (p99), a large table in 2 s and unchanged in 1 s, on a machine that
# does nothing else. Here director, clients, servers and whatever else runs share a few CPUs.
PER_SECOND, P99_MS, LOAD_S, AGAIN_S = 7_000, 200, 6, 2
LARGE, LARGE_SAN, LARGE_SERVERS = 10_000, 1_000, 10


class Wire:
    """A connection to the control socket that is kept."""

    def __init__(self, daemon):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(60)
        self.sock.connect(daemon.ctl_path)
        self.answers = self.sock.makefile()

    def ask(self, line):
        self.sock.sendall(line)
        return json.loads(self.answers.readline())

    def close(self):
        self.answers.close()
        self.sock.close()


def service(n):
    """Number 0 is the one that has traffic."""
    host, port = (VIP, 7) if n == 0 else (f"10.9.{n // 250}.{n % 250 + 1}", 80)
    return {"proto": "tcp", "address": host, "port": port}


class Table:
    """Random edits, each of them valid after those before it."""

    def __init__(self, dice):
        self.dice = dice
        self.weights = [{} for _ in range(SERVICES)]

    def edit(self):
        n, k = self.dice.randrange(SERVICES), self.dice.randint(1, SERVERS)
        weights = self.weights[n]
        if k not in weights:
            cmd = "server-add"
        elif len(weights) > 1 and self.dice.random() < 0.4:
            cmd = "server-del"
        else:
            cmd = "server-edit"
        server = {"address": rip(k)}
        if cmd == "server-del":
            del weights[k]
        else:
            server["weight"] = weights[k] = self.dice.randint(1, 9)
        return {"cmd": cmd, "service": service(n), "server": server}

    def batch(self):
        return line([self.edit() for _ in range(BATCH)])


def line(requests, **more):
    return json.dumps({"cmd": "batch", "requests": requests, **more}).encode() + b"\n"


def rss(pid):
    with open(f"/proc/{pid}/smaps_rollup") as f:
        return next(int(x.split()[1]) for x in f if x.startswith("Rss:"))


def nice_values(pid):
    """Of each thread that isn't the kernel's."""
    values = {}
    for task in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{task}/stat") as f:
            values[task] = int(f.read().rpartition(")")[2].split()[16])
    return values


@e2e(servers=SERVERS, queues=1)
def test_edits(t):
    """200,000 edits in batches: so many a second, no connection moved or stalled, memory flat."""
    d = t.shuntd()
    t.lab.echo_servers(SERVERS)
    d.service(f"-t {VIP}:7", [f"{rip(n)}:7" for n in range(1, SERVERS + 1)], sched="mh -b mh-port")
    seed = random.randrange(1 << 32)
    table, wire = Table(random.Random(seed)), Wire(d)
    table.weights[0] = {n: 1 for n in range(1, SERVERS + 1)}
    answer = wire.ask(line([{"cmd": "service-add", "service": service(n), "scheduler": "mh" if n % 4 == 0 else "wrr"}
                            for n in range(1, SERVICES)]))
    expect(answer["ok"], f"{answer}")
    operations = OPERATIONS_SAN if t.san else OPERATIONS
    batches = [table.batch() for _ in range(operations // BATCH)]
    nice = nice_values(d.engine())
    expect(set(nice.values()) == {0}, f"threads that others wait for: {nice}")
    conns = Conns(t.lab, 50, interval=0.1)
    took, memory = 0.0, []
    for batch in batches:
        start = time.monotonic()
        answer = wire.ask(batch)
        took += time.monotonic() - start
        expect(answer["ok"], f"seed {seed}: {answer}")
        memory.append(rss(d.engine()))
    wire.close()
    result = conns.finish()
    rate, tenth = operations / took, len(memory) // 10
    growth = sum(memory[-tenth:]) / sum(memory[-2 * tenth:-tenth]) - 1
    t.notes.append(f"{rate:.0f} edits/s, p99 {result['p99_ms']} ms, longest {result['max_stall_ms']} ms, "
                   f"memory {memory[0]} -> {memory[-1]} kB, last tenth {100 * growth:+.2f} %")
    expect(result["broken"] == 0 and result["moved"] == 0, f"seed {seed}: {result}")
    expect(t.san or rate >= PER_SECOND, f"only {rate:.0f} edits a second")
    expect(t.san or growth < PLATEAU, f"memory still grows: {memory[::len(memory) // 10]}")
    expect(t.san or result["p99_ms"] <= P99_MS, f"answers took {result['p99_ms']} ms")


def large_file(path, services):
    """So many services of 10 servers each, as a shunt.conf; the same as rules is returned."""
    rules = []
    with open(path, "w") as f:
        for n in range(services):
            vip = f"10.9.{n // 250}.{n % 250 + 1}"
            f.write(f"virtual_server {vip} 80 {{\n\tlb_algo wrr\n\tlb_kind DR\n\tprotocol TCP\n")
            rules.append(f"-A -t {vip}:80 -s wrr\n")
            for k in range(1, LARGE_SERVERS + 1):
                f.write(f"\treal_server {rip(k)} 80 {{\n\t\tweight {k}\n\t}}\n")
                rules.append(f"-a -t {vip}:80 -r {rip(k)}:80 -g -w {k}\n")
            f.write("}\n")
    return "".join(rules)


def timed(action):
    start = time.monotonic()
    result = action()
    return time.monotonic() - start, result


@e2e(servers=LARGE_SERVERS, queues=1)
def test_table(t):
    """10,000 services of 10 servers: from a file at the start, by -R, and the same file again, in seconds."""
    services = LARGE_SAN if t.san else LARGE
    path = f"{t.lab.state}/large.conf"
    rules = large_file(path, services)
    d = t.shuntd()
    restore, _ = timed(lambda: d.ctl("-R", stdin=rules))
    d.wait_usable(LARGE_SERVERS)
    usable, _ = timed(lambda: d.ctl("-e -t 10.9.0.1:80 -r 192.168.1.54:80 -g -w 7"))
    expect(len(d.request(cmd="list")["services"]) == services, "services are missing")
    d.stop()
    start, d = timed(lambda: t.shuntd("-i", "eth0", "-f", path))
    d.wait_usable(LARGE_SERVERS)
    again, out = timed(lambda: d.ctl("reload"))
    t.notes.append(f"-R {restore:.2f} s, start {start:.2f} s, unchanged reload {again:.2f} s, one edit {1000 * usable:.0f} ms")
    expect("servers: 0 added, 0 removed, 0 changed" in out, out)
    expect(len(d.request(cmd="list")["services"]) == services, "services are missing")
    expect(restore < LOAD_S and start < LOAD_S and again < AGAIN_S, "too slow")
    expect(usable < 0.5, "an edit of a large table takes too long")
    os.unlink(path)
