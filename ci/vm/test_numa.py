# SPDX-License-Identifier: BSD-2-Clause
"""Two NUMA nodes with a NIC on each: eth0 is on node 1, so that the default node is the wrong one."""
import json
import re

from bed import Nic, expect, until, vm
from test_seed import SEED, seed_works

NODES = dict(nics=(Nic("virtio", 2, node=1), Nic("virtio", 2, node=0)), cpus=4, memory="2048M", nodes=2,
             lab=(("two_arm", True),))


def pages(t, pid, least):
    """Pages of the mappings of at least so many, as /proc/PID/numa_maps places them: {node: pages}."""
    found = {}
    for line in t.guest.run(f"cat /proc/{pid}/numa_maps").splitlines():
        on = {int(n): int(p) for n, p in re.findall(r"\bN(\d+)=(\d+)", line)}
        size = int((re.search(r"kernelpagesize_kB=(\d+)", line) or [0, "4"])[1]) // 4
        if "zero" in line and sum(on.values()) * size >= least or "huge" in line:
            for n, p in on.items():
                found[n] = found.get(n, 0) + p * size
    return found


def flow_tables(t):
    """Pages of large BPF arrays by node, of /proc/vmallocinfo: the flow tables."""
    found = {}
    for line in t.guest.run("grep bpf_map_area_alloc /proc/vmallocinfo; true").splitlines():
        if int(re.search(r"pages=(\d+)", line)[1]) > 1000:
            for n, p in re.findall(r"\bN(\d+)=(\d+)", line):
                found[int(n)] = found.get(int(n), 0) + int(p)
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
    on = pages(t, d.engine(), 2 * 8192 // 2)
    expect(set(on) == {1} and on[1] >= 8192, f"UMEM of 8192 pages lies on {on}")
    tables = flow_tables(t)
    expect(tables and set(tables) == {1}, f"flow tables lie on {tables}")
    t.notes.append(f"{on[1]} pages of UMEM, {tables[1]} of flow tables on node 1")
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
    until(lambda: [x for x in d.log_lines() if "NUMA node" in x], 1, "a warning")
