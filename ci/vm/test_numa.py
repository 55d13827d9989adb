# SPDX-License-Identifier: BSD-2-Clause
"""Two NUMA nodes with a NIC on each: eth0 is on node 1, so that the default node is the wrong one."""
import json
import re

from bed import ROOT, WALL, Nic, expect, until, vm
from test_seed import SEED, seed_works

NODES = dict(nics=(Nic("virtio", 2, node=1), Nic("virtio", 2, node=0)), cpus=4, memory="2048M", nodes=2,
             lab=(("two_arm", True),))


def pages(t, pid, file):
    """Where /proc/PID/numa_maps says that mappings of this file lie: {node: pages of 4 KiB}."""
    found = {}
    for line in t.guest.run(f"cat /proc/{pid}/numa_maps").splitlines():
        if file not in line:
            continue
        size = int((re.search(r"kernelpagesize_kB=(\d+)", line) or [0, "4"])[1]) // 4
        for node, n in re.findall(r"\bN(\d+)=(\d+)", line):
            found[int(node)] = found.get(int(node), 0) + int(n) * size
    return found


@vm(**NODES)
def test_local(t):
    """The NIC's node has the workers, the packets' memory and the flow tables, after traffic, too."""
    plan = json.loads(t.guest.run("shuntd -i eth0 --print-plan=json"))
    expect(all(w["cpu"] in (2, 3) and w["memory_node"] == 1 for w in plan["workers"]), f"{plan['workers']}")
    d = t.shuntd("-i", "eth0", "--numa", "strict")
    for line in SEED:
        d.ctl(line)
    seed_works(t)
    for file, what, least in (("/dev/zero", "packets' memory", 2 * 8192 // 2), ("bpf-map", "flow tables", 4096),
                              ("socket:", "rings", 50)):
        on = pages(t, d.engine(), file)
        expect(set(on) == {1} and on[1] >= least, f"{what}: pages by node: {on}, wanted {least} on node 1")
        t.notes.append(f"{what} {on[1]} pages")
    for file in ("/dev/zero", "bpf-map"):
        asked = json.loads(t.guest.run(f"{ROOT}/ci/vm/pages.py {d.engine()} {file}"))
        there = {node: n for node, n in asked.items() if node not in ("untouched", "unknown")}
        expect(set(there) == {"1"} and there["1"] >= 4096, f"{file} by move_pages: {asked}")
    for w in d.workers():
        mask = t.guest.run(f"taskset -pc {w['tid']}").split()[-1]
        expect(mask == str(w["cpu"]) and w["cpu"] in (2, 3), f"worker {w['worker']}: CPU {w['cpu']}, mask {mask}")


@vm(**NODES)
def test_hugepages(t):
    """Hugepages of the NIC's node are used, and those of the other aren't."""
    t.guest.run("for n in 0 1; do echo 40 >/sys/devices/system/node/node$n/hugepages/hugepages-2048kB/nr_hugepages; done")
    d = t.shuntd("-i", "eth0")
    free = [int(t.guest.run(f"cat /sys/devices/system/node/node{n}/hugepages/hugepages-2048kB/free_hugepages"))
            for n in (0, 1)]
    expect(free == [40, 24], f"free hugepages of nodes 0 and 1: {free}")
    expect("4 KiB pages" not in d.log_text(), d.log_text())
    for line in SEED:
        d.ctl(line)
    seed_works(t)
    d.stop()
    t.guest.run("sysctl -q vm.nr_hugepages=0")
    t.checks_daemon = False


@vm(**NODES)
def test_strict_and_prefer(t):
    """Workers on the other node: strict refuses, prefer warns and forwards."""
    status, out, err = t.guest.run("shuntd -i eth0 --cpus 0,1 --numa strict -t", check=False)
    expect(status == 2 and "node" in err, f"strict: status {status}: {out}{err}")
    d = t.shuntd("-i", "eth0", "--cpus", "0,1", "--numa", "prefer")
    warned = [x for x in d.log_lines() if "NUMA node" in x]
    expect(len(warned) == 1, f"{d.log_lines()}")
    for line in SEED:
        d.ctl(line)
    seed_works(t)


@vm(**NODES)
def test_a_nic_on_each(t):
    """One worker set for NICs of both nodes: strict refuses, prefer says what is remote."""
    status, out, err = t.guest.run("shuntd -i eth0 -i eth1 --numa strict -t", check=False)
    expect(status == 2 and "node" in err, f"strict: status {status}: {out}{err}")
    d = t.shuntd("-i", "eth0", "-i", "eth1")
    until(lambda: [x for x in d.log_lines() if "NUMA node" in x], WALL, "a warning")
