# SPDX-License-Identifier: BSD-2-Clause
"""Copy mode on a driver that isn't veth: what ci/e2e shows, on every kernel."""
import time

from bed import WALL, Failed, Nic, ask, expect, until, upload, vm
from lab import VIP, Conns, rip
from test_queues import all_queues
from test_seed import SEED, seed_works

KERNELS = ("6.1", "6.12", "newest")
TWO = dict(kernels=KERNELS, nics=(Nic("virtio", 2),), servers=2)
KILLS = 5


@vm(**TWO)
def test_seed(t):
    """One server, the seed's two lines, and curl prints nginx1; the program loads and the plan is as asked."""
    d = t.shuntd("-i", "eth0", "--mode", "copy")
    for line in SEED:
        d.ctl(line)
    seed_works(t)
    expect(sum(w["tx"] for w in d.workers()) >= 20 * 5, "the workers saw next to nothing")
    expect({p["mode"] for p in d.ports()} == {"copy"}, f"{d.ports()}")


@vm(**TWO)
def test_upload(t):
    """32 MiB with the same sha256 on the server, then 10 uploads at once."""
    d = t.shuntd("-i", "eth0", "--mode", "copy")
    d.service(f"-t {VIP}:80", [f"{rip(n)}:80" for n in (1, 2)], sched="rr")
    t.notes.append(f"{(32 << 20) / upload(t.lab, ['big'], 32 << 20) / 1e6:.0f} MB/s")
    upload(t.lab, [f"part{i}" for i in range(10)], 1 << 20)


@vm(**TWO)
def test_two_queues(t):
    """Both queues of the NIC forward."""
    all_queues(t, 2, 64)


@vm(**TWO)
def test_kill_engine(t):
    """kill -9 of the engine under 40 connections: none broken, none moved, no frame missing."""
    kills(t, t.shuntd("-i", "eth0", "--mode", "copy"))


@vm(kernels=("6.1", "newest"), nics=(Nic("virtio", 2, spare=True),))
def test_queues_of_xdp(t):
    """Pairs to spare: with XDP the driver takes two more, which receive, too; they are served, and the cure helps."""
    d = t.shuntd()
    warned = [x for x in d.log_lines() if "more queues" in x]
    expect(len(warned) == 1 and "ethtool -L eth0 combined 3" in warned[0], f"{d.log_lines()}")
    d.service(f"-t {VIP}:80", [f"{rip(1)}:80"])
    expect(ask(t.lab, 60) == {"nginx1": 60}, "some requests failed")
    got = [p["rx"] for p in d.ports()]
    expect(len(got) == 4 and min(got) > 0, f"frames by queue: {got}")
    d.check_counters()
    d.stop()
    t.guest.run("ethtool -L eth0 combined 3")
    d = t.shuntd()
    expect(len(d.ports()) == 3 and "more queues" not in d.log_text(), f"{d.log_lines()}")
    d.service(f"-t {VIP}:80", [f"{rip(1)}:80"])
    expect(ask(t.lab, 60) == {"nginx1": 60}, "some requests failed")
    t.guest.run("ethtool -L eth0 combined 2", check=False)


def kills(t, d, servers=2):
    t.lab.echo_servers(servers, addresses=[f"{VIP}:7"])
    d.service(f"-t {VIP}:7", [f"{rip(n)}:7" for n in range(1, servers + 1)], sched="wrr")
    conns = Conns(t.lab, 40, interval=0.1)
    time.sleep(0.5)
    for kill in range(KILLS):
        old = d.engine()
        t.guest.run(f"kill -9 {old}")
        until(lambda: d.engine() not in (None, old), WALL, f"a new engine after kill {kill + 1}")
        until(lambda: frames_whole(d), WALL, f"all frames found after kill {kill + 1}")
    result = conns.finish()
    t.notes.append(f"longest stall {result['max_stall_ms']} ms")
    expect(result["broken"] == 0 and result["moved"] == 0, f"{result}")
    expect(len(result["servers"]) == servers, f"{result['servers']}")


def frames_whole(d):
    try:
        return not d.frames_missing()
    except Failed:
        return False  # the control socket may be away for a moment
