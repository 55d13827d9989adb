# SPDX-License-Identifier: BSD-2-Clause
"""Isolated CPUs and CPUs that come and go."""
import time

from bed import WALL, Nic, expect, until, vm
from lab import VIP, Conns, rip
from test_seed import SEED, seed_works

ISOLATED = dict(nics=(Nic("virtio", 2),), cpus=4, cmdline="isolcpus=managed_irq,domain,2-3 nohz_full=2-3")

GOAL = 2


def cpus_of(t, d):
    return {w["worker"]: t.guest.run(f"taskset -pc {w['tid']}").split()[-1] for w in d.workers()}


@vm(**ISOLATED)
def test_isolated(t):
    """isolcpus= and nohz_full=: the workers get these CPUs unasked, everybody else stays away."""
    d = t.shuntd()
    expect(set(cpus_of(t, d).values()) == {"2", "3"}, f"{cpus_of(t, d)}")
    threads = t.guest.run(f"ps -L -o comm=,psr= -p {d.engine()},{d.child.pid}").splitlines()
    others = [x for x in threads if "shunt/" not in x and x.split()[-1] in ("2", "3")]
    expect(not others, f"on isolated CPUs: {others}")
    for line in SEED:
        d.ctl(line)
    seed_works(t)


@vm(**ISOLATED)
def test_offline(t):
    """A worker's CPU goes offline under load: traffic goes on; it comes back: so does the worker, within 2 s."""
    d = t.shuntd()
    t.lab.echo_servers(1, addresses=[f"{VIP}:7"])
    d.service(f"-t {VIP}:7", [f"{rip(1)}:7"])
    conns = Conns(t.lab, 20, interval=0.1)
    time.sleep(0.5)
    try:
        t.guest.run("echo 0 >/sys/devices/system/cpu/cpu3/online")
        time.sleep(2)
        away = cpus_of(t, d)
    finally:
        t.guest.run("echo 1 >/sys/devices/system/cpu/cpu3/online")
        back = time.monotonic()
    until(lambda: set(cpus_of(t, d).values()) == {"2", "3"}, WALL, "pinned again")
    took = time.monotonic() - back
    result = conns.finish()
    t.notes += [f"meanwhile {away}, longest stall {result['max_stall_ms']} ms", f"pinned again within {took:.1f} s"]
    if took > GOAL:
        t.notes.append(f"over the goal of {GOAL} s")
    expect(result["broken"] == 0 and result["moved"] == 0, f"{result}")
