# SPDX-License-Identifier: BSD-2-Clause
"""Zero-copy on drivers that have it; where a kernel or driver hasn't, one clear line."""
import json
import re
import time

from bed import ROOT, WALL, Nic, ask, expect, say, until, upload, vm
from lab import DIRECTOR, VIP, Conns, ping, rip
from test_copy import kills
from test_queues import all_queues
from test_seed import SEED, seed_works

FOUR = dict(drivers=("virtio", "igb"), nics=(Nic(None, 4),), servers=2, cpus=4)
OLD = dict(kernels=("6.12",), nics=(Nic("virtio", 2),), servers=2)
ARMS = dict(servers=2, cpus=2, lab=(("two_arm", True),))
COUNTERS_MAX = 16 << 20  # bytes; the other shared memory that isn't a file


def modes(d):
    return [p["mode"] for p in d.ports()]


@vm(**FOUR)
def test_plan_and_seed(t):
    """--mode zerocopy: planned, had on all four queues by what the kernel says, and curl prints nginx1."""
    plan = json.loads(t.guest.run("shuntd -i eth0 --print-plan=json"))
    expect(plan["nics"][0]["mode"] == "zerocopy", f"the plan: {plan['nics']}")
    d = t.shuntd("-i", "eth0", "--mode", "zerocopy")
    expect(modes(d) == ["zerocopy"] * 4, f"{d.ports()}")
    for line in SEED:
        d.ctl(line)
    seed_works(t)
    expect(sum(w["tx"] for w in d.workers()) >= 20 * 5, "the workers saw next to nothing")


@vm(**FOUR)
def test_auto(t):
    """auto takes zero-copy without being told; all four queues forward."""
    all_queues(t, 4, 100)
    expect(modes(t.daemon) == ["zerocopy"] * 4, f"{t.daemon.ports()}")


@vm(**FOUR)
def test_upload(t):
    """16 MiB with the same sha256 on the server, then 10 uploads at once; every frame is accounted for."""
    d = t.shuntd("-i", "eth0", "--mode", "zerocopy")
    d.service(f"-t {VIP}:80", [f"{rip(n)}:80" for n in (1, 2)], sched="rr")
    t.notes.append(f"{(16 << 20) / upload(t.lab, ['big'], 16 << 20) / 1e6:.0f} MB/s")
    upload(t.lab, [f"part{i}" for i in range(10)], 1 << 20)


@vm(**FOUR)
def test_kill_engine(t):
    """kill -9 of the engine: the next one goes on with the same zero-copy sockets and frames."""
    d = t.shuntd("-i", "eth0", "--mode", "zerocopy")
    kills(t, d)
    expect(modes(d) == ["zerocopy"] * 4, f"{d.ports()}")


@vm(**FOUR)
def test_kill_all(t):
    """kill -9 of everything, and a restart two seconds later: no connection is reset or moved."""
    t.lab.echo_servers(2, addresses=[f"{VIP}:7"])
    d = t.shuntd()
    d.service(f"-t {VIP}:7", [f"{rip(n)}:7" for n in (1, 2)], sched="rr")
    conns = Conns(t.lab, 20, interval=0.2)
    time.sleep(0.5)
    d.kill_all()
    time.sleep(2)
    d = t.shuntd()
    expect(modes(d) == ["zerocopy"] * 4, f"{d.ports()}")
    time.sleep(4)  # what was sent meanwhile is sent again by TCP's own timers
    result = conns.finish()
    t.notes.append(f"longest stall {result['max_stall_ms']} ms")
    expect(result["broken"] == 0 and result["moved"] == 0, f"{result}")


@vm(**FOUR)
def test_link_flaps(t):
    """The link goes down and up three times: connections go on, every frame is there."""
    t.lab.echo_servers(2, addresses=[f"{VIP}:7"])
    d = t.shuntd()
    d.service(f"-t {VIP}:7", [f"{rip(n)}:7" for n in (1, 2)], sched="rr")
    conns = Conns(t.lab, 10, interval=0.2)
    for _ in range(3):
        t.guest.run("ip link set eth0 down; sleep 0.3; ip link set eth0 up")
        time.sleep(0.7)
    d.wait_usable(2)
    time.sleep(3)
    result = conns.finish()
    t.notes.append(f"longest stall {result['max_stall_ms']} ms")
    expect(result["broken"] == 0 and result["moved"] == 0, f"{result}")


@vm(**FOUR)
def test_host_traffic(t):
    """What isn't a service's reaches the director's kernel out of zero-copy queues, too, beside uploads."""
    t.guest.run(f"python3 {ROOT}/ci/e2e/echo_server.py director {DIRECTOR}:22 {VIP}:8080 >/run/echo.log & "
                "echo $! >/run/echo.pid")
    d = t.shuntd("-i", "eth0", "--mode", "zerocopy")
    d.service(f"-t {VIP}:80", [f"{rip(n)}:80" for n in (1, 2)], sched="rr")
    try:
        until(lambda: say(t.lab, host=DIRECTOR, port=22)[0], WALL, "the director's own server answers")
        conns = Conns(t.lab, 20, host=DIRECTOR, port=22, interval=0.1)
        upload(t.lab, [f"part{i}" for i in range(10)], 1 << 20)
        for host, port in ((DIRECTOR, 22), (VIP, 8080)):
            answers = {say(t.lab, host=host, port=port) for _ in range(10)}
            expect(answers == {("director", "")}, f"{host}:{port}: {answers}")
            expect(ping(t.lab, host) == 5, f"pings to {host} are lost")
        result = conns.finish()
        expect(result["broken"] == 0 and result["answers"] > 20, f"{result}")
    finally:
        t.guest.run("kill $(cat /run/echo.pid)")


@vm(**OLD)
def test_not_pretended(t):
    """A kernel without it: --mode zerocopy ends with status 1 and says so in one line."""
    d = t.shuntd("-i", "eth0", "--mode", "zerocopy", ready=False)
    until(lambda: d.child.poll() is not None, WALL, "shuntd ends")
    told = [x for x in d.log_lines() if "zero-copy" in x]
    expect(d.child.returncode == 1 and len(told) == 1, f"status {d.child.returncode}: {d.log_lines()}")
    t.checks_daemon = False


@vm(**OLD)
def test_fallback(t):
    """A kernel without it: auto copies, and forwards."""
    d = t.shuntd()
    d.service(f"-t {VIP}:80", [f"{rip(1)}:80"])
    expect(ask(t.lab, 20) == {"nginx1": 20} and modes(d) == ["copy"] * 2, f"{d.ports()}")
    told = [x for x in d.log_lines() if "no zero-copy" in x]
    expect(len(told) == 1, f"{d.log_lines()}")


def registrations(t):
    """By the kernel's own list: {interface: ids of the UMEM registrations that its sockets use}."""
    found, told = {}, t.guest.run("modprobe -q xsk_diag; ss --xdp -e -H")
    for name, umem in re.findall(r"(eth\d):q\d+.*?umem\(id:(\d+)", told, re.S):
        found.setdefault(name, set()).add(umem)
    return found


def two_arms(t, wanted, shared):
    """shared: a worker's sockets on both NICs belong to one registration of its memory; else to two of the same."""
    d = t.shuntd("-i", "eth0", "-i", "eth1")
    expect({p["interface"]: p["mode"] for p in d.ports()} == wanted, f"{d.ports()}")
    umems = registrations(t)
    expect(len(umems) == 2 and (umems["eth0"] == umems["eth1"]) == shared, f"UMEM registrations: {umems}")
    areas = [[int(y, 16) for y in x.split()[0].split("-")] for x in
             t.guest.run(f"grep /dev/zero /proc/{d.engine()}/maps").splitlines()]
    large = [end - first for first, end in areas if end - first > COUNTERS_MAX]
    expect(len(large) == 1, f"packet memory lies in several areas: {areas}")
    d.service(f"-t {VIP}:80", [f"{rip(n, '10.0.1')}:80" for n in (1, 2)], sched="rr")
    expect(ask(t.lab, 40) == {"nginx1": 20, "nginx2": 20}, "rr over two servers")
    upload(t.lab, ["big"], 8 << 20)
    sent = [p["sent"] for p in d.ports() if p["interface"] == "eth1"]
    expect(sum(sent) > 5000, f"eth1 sent {sent}")


@vm(nics=(Nic("igb", 2), Nic("virtio", 2)), **ARMS)
def test_two_arms(t):
    """From one NIC to another, both zero-copy, out of the same memory."""
    two_arms(t, {"eth0": "zerocopy", "eth1": "zerocopy"}, shared=True)


@vm(nics=(Nic("virtio", 2), Nic("vmxnet3", 2)), **ARMS)
def test_mixed(t):
    """From a zero-copy NIC to one whose driver copies."""
    two_arms(t, {"eth0": "zerocopy", "eth1": "copy"}, shared=False)
