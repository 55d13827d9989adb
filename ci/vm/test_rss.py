# SPDX-License-Identifier: BSD-2-Clause
"""Which queues get what: receive-side scaling over all or some of them, and their number changed under load."""
import contextlib
import time

from bed import WALL, Failed, Nic, ask, expect, until, vm
from lab import VIP, Conns, rip

FOUR = dict(drivers=("igb", "virtio"), nics=(Nic(None, 4, rss=True),), servers=2, cpus=4)
CONNS = 40


def echo_service(t):
    t.lab.echo_servers(2, addresses=[f"{VIP}:7"])
    d = t.shuntd()
    d.service(f"-t {VIP}:7", [f"{rip(n)}:7" for n in (1, 2)], sched="rr")
    return d


@contextlib.contextmanager
def load(t):
    """Connections that must all survive what happens in the block."""
    conns = Conns(t.lab, CONNS, interval=0.1)
    yield
    result = conns.finish()
    t.notes.append(f"longest stall {result['max_stall_ms']} ms")
    expect(result["broken"] == 0 and result["moved"] == 0, f"{result}")


def busy_queues(t, d, seconds=1.5):
    """The queues that receive meanwhile."""
    before = {p["queue"]: p["rx"] for p in d.ports()}
    time.sleep(seconds)
    return {p["queue"] for p in d.ports() if p["rx"] - before[p["queue"]] > 0}


@vm(**FOUR)
def test_subset(t):
    """ethtool -X steers to all queues, to two, to the other two, under load: connections move along unharmed."""
    d = echo_service(t)
    try:
        with load(t):
            expect(busy_queues(t, d) == {0, 1, 2, 3}, "not all queues receive")
            for words, wanted in (("equal 2", {0, 1}), ("start 2 equal 2", {2, 3}), ("equal 4", {0, 1, 2, 3})):
                t.guest.run(f"ethtool -X eth0 {words}")
                time.sleep(0.3)
                got = busy_queues(t, d)
                expect(got == wanted, f"ethtool -X eth0 {words}: queues {got} receive")
    finally:
        t.guest.run("ethtool -X eth0 default", check=False)


@vm(**FOUR)
def test_queues_without_worker(t):
    """Fewer CPUs than queues by hand: refused, the lost queue named; with the queues that are left it starts."""
    status, out, err = t.guest.run("shuntd -i eth0 --queue eth0:0-1@2-3 -t", check=False)
    expect(status == 2 and "eth0:2 has no CPU" in err and "cure: " in err, f"status {status}: {out}{err}")
    t.guest.run("ethtool -L eth0 combined 2")
    try:
        d = t.shuntd("-i", "eth0", "--queue", "eth0:0-1@2-3")
        d.service(f"-t {VIP}:80", [f"{rip(n)}:80" for n in (1, 2)], sched="rr")
        expect(ask(t.lab, 40) == {"nginx1": 20, "nginx2": 20}, "some requests failed")
        expect(sorted((w["cpu"], w["rx"] > 0) for w in d.workers()) == [(2, True), (3, True)], f"{d.workers()}")
        d.check_counters()
        d.stop()
        t.checks_daemon = False
    finally:
        t.guest.run("ethtool -L eth0 combined 4")


@vm(**FOUR)
def test_fewer_under_load(t):
    """Queues with sockets can't be taken away: the kernel refuses, and nobody notices."""
    d = echo_service(t)
    with load(t):
        status, _, err = t.guest.run("ethtool -L eth0 combined 2", check=False)
        expect(status != 0, "the kernel took queues away that have sockets")
        t.notes.append(err.strip().splitlines()[-1][:80])
        expect(busy_queues(t, d) == {0, 1, 2, 3}, "a queue has stopped")


def served(d):
    try:
        return len(d.ports())
    except Failed:
        return 0  # while it starts anew


@vm(**FOUR)
def test_more_under_load(t):
    """More queues than shunt was started with: refused by the driver, or served after a moment."""
    t.guest.run("ethtool -L eth0 combined 2")
    try:
        d = echo_service(t)
        with load(t):
            status, _, err = t.guest.run("ethtool -L eth0 combined 4", check=False)
            if status:
                t.notes.append(f"refused: {err.strip().splitlines()[-1][:60]}")
            else:
                until(lambda: served(d) == 4, WALL, "all four queues are served")
                # igb's link needs seconds to come back
                until(lambda: busy_queues(t, d) == {0, 1, 2, 3}, WALL, "all queues receive")
        d.check_counters()
        d.stop()
        t.checks_daemon = False
        t.checks_daemon = False
    finally:
        t.guest.run("ethtool -L eth0 combined 4")
