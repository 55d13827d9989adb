# SPDX-License-Identifier: BSD-2-Clause
"""The set of servers changes all the time, and connections stay where they are."""
import random
import time

from lab import VIP, Conns, e2e, expect, rip, say

SECONDS, EVERY = 10, 0.05


class Set:
    """The servers of the service: who is in, with which weight."""

    def __init__(self, daemon, count):
        self.daemon = daemon
        self.weights = {n: 1 for n in range(1, count + 1)}
        self.all = list(self.weights)

    def change(self, dice):
        """One random change; at least one server stays with a weight."""
        n = dice.choice(self.all)
        alive = [x for x, w in self.weights.items() if w and x != n]
        if n not in self.weights:
            self.weights[n] = dice.randint(1, 5)
            self.daemon.ctl(f"-a -t {VIP}:7 -r {rip(n)}:7 -g -w {self.weights[n]}")
        elif alive and dice.random() < 0.4:
            del self.weights[n]
            self.daemon.ctl(f"-d -t {VIP}:7 -r {rip(n)}:7")
        else:
            self.weights[n] = dice.randint(0 if alive else 1, 5)
            self.daemon.ctl(f"-e -t {VIP}:7 -r {rip(n)}:7 -g -w {self.weights[n]}")


def churn(t, sched):
    d = t.shuntd()
    t.lab.echo_servers(4)
    d.service(f"-t {VIP}:7", [f"{rip(n)}:7" for n in range(1, 5)], sched=sched)
    conns = Conns(t.lab, 50, interval=0.1)
    seed = random.randrange(1 << 32)
    servers, dice = Set(d, 4), random.Random(seed)
    changes, errors = 0, []
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        start = time.monotonic()
        servers.change(dice)
        changes += 1
        if changes % 4 == 0:
            errors += [x for x in [say(t.lab)[1]] if x]
        time.sleep(max(0, start + EVERY - time.monotonic()))
    result = conns.finish()
    t.notes.append(f"{changes} changes, longest stall {result['max_stall_ms']} ms")
    expect(changes > SECONDS / EVERY / (20 if t.san else 3), f"only {changes} changes")
    expect(len(result["servers"]) == 4, f"connections were on {result['servers']} only")
    expect(result["broken"] == 0 and result["moved"] == 0, f"seed {seed}: {result}")
    expect(not errors, f"seed {seed}: new connections failed: {errors}")


@e2e(servers=4, queues=2)
def test_churn_wrr(t):
    """Adding, removing, re-weighting every 50 ms for 10 s under 50 connections: none broken, none moved."""
    churn(t, "wrr")


@e2e(servers=4, queues=2)
def test_churn_mh(t):
    """The same with Maglev hashing."""
    churn(t, "mh -b mh-port")


@e2e(servers=1)
def control_churn(t):
    """Taking the whole service away hands its connections to the director's kernel, which resets them."""
    d = t.shuntd()
    t.lab.echo_servers(1)
    d.service(f"-t {VIP}:7", [f"{rip(1)}:7"])
    conns = Conns(t.lab, 10, interval=0.05)
    d.ctl(f"-D -t {VIP}:7")
    time.sleep(0.5)
    result = conns.finish()
    expect(result["broken"] == 10, f"{result}")
