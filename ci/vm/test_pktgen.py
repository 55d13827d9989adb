# SPDX-License-Identifier: BSD-2-Clause
"""bench/pktgen's scripts against a director on a NIC with several queues, in one guest; and shunt beside IPVS there."""
import json
import shutil
import statistics

from bed import GENERATOR_MAC, ROOT, Nic, expect, nic_mac, vm
from lab import VIP, rip

SCRIPTS = f"{ROOT}/bench/pktgen"
IGB = dict(nics=(Nic("igb", 4, hub=True),), cpus=4)
BOTH = dict(drivers=("igb", "virtio"), nics=(Nic(None, 1, hub=True),), cpus=2)
ROUNDS, SECONDS, FLOWS = 3, 2, 8000


def prepare(t):
    """The server's address is the generator's: what is forwarded comes back there, and is counted."""
    # What the NIC does happens on CPU 1, the worker's; the generator has CPU 0.
    t.guest.run("for f in $(grep eth0 /proc/interrupts | cut -d: -f1); do echo 1 >/proc/irq/$f/smp_affinity_list; done; "
                f"modprobe pktgen; ip neigh replace {rip(1)} lladdr {GENERATOR_MAC} dev eth0 nud permanent")


def start(t, *args):
    d = t.shuntd("-i", "eth0", *args)
    d.ctl(f"-A -u {VIP}:9 -s rr")
    d.ctl(f"-a -u {VIP}:9 -r {rip(1)}:9 -g -w 1")
    d.wait_usable(1)
    return d


def options(**more):
    return f"-i gen0 -m {nic_mac(0)} -d {VIP} " + " ".join(f"-{k} {v}" for k, v in more.items())


@vm(**IGB)
def test_scripts(t):
    """One flow goes by one queue, many by all four; the scripts end by themselves and the director counts every packet."""
    prepare(t)
    d = start(t)
    t.guest.run(f"{SCRIPTS}/one_flow.sh {options(n=1000, w=200000)}")
    used = [w["rx"] for w in d.workers()]
    expect(sorted(used)[:3] == [0, 0, 0] and max(used) == 1000, f"one flow: {used}")
    t.guest.run(f"FLOWS=200 {SCRIPTS}/flows.sh {options(n=2000, w=200000)}")
    many = [w["rx"] - before for w, before in zip(d.workers(), used)]
    expect(sum(many) == 2000 and min(many) > 100, f"200 flows: {many}")
    out = t.guest.run(f"FLOWS=200 THREADS=1 {SCRIPTS}/numa_queues.sh {options(n=1000, w=200000)}")
    expect("gen0@" in out and sum(w["rx"] for w in d.workers()) == 4000, f"{out}: {d.workers()}")


@vm(**IGB)
def test_search(t):
    """The search for NDR and PDR ends by itself, with a table, on one queue's flow and on four queues' flows."""
    prepare(t)
    start(t, "--cpus", "1-3,1")
    for script in ("one_flow.sh", "flows.sh"):
        out = t.guest.run(f"{SCRIPTS}/search --script {script} --seconds 0.5 --settle 0.3 --precision 20 "
                          f"--json /run/test/search.json -- {options()}", timeout=180)
        with open(f"{t.guest.share}/search.json") as f:
            result = json.load(f)
        shutil.copy(f"{t.guest.share}/search.json", f"{t.folder}/{script}.json")
        expect("NDR" in out and "PDR" in out, out)
        ndr, pdr = result["found"]["0.0"], result["found"]["0.5"]
        expect(pdr >= 0.8 * ndr and len(result["trials"]) < 40, f"NDR {ndr}, PDR {pdr}")
        t.notes.append(f"{script}: NDR {ndr / 1e3:.1f}, PDR {pdr / 1e3:.1f} kpps")


# --- beside IPVS ------------------------------------------------------------------------------

def came_back(t):
    return int(t.guest.run("cat /sys/class/net/gen0/statistics/rx_packets"))


def rate(t, flows):
    """Packets a second that come back of those sent flat out."""
    before = came_back(t)
    t.guest.run(f"FLOWS={flows} {SCRIPTS}/flows.sh -a {options(n=0)}; (sleep {SECONDS}; echo stop >/proc/net/pktgen/pgctrl) & "
                f"echo start >/proc/net/pktgen/pgctrl; sleep 0.3; echo reset >/proc/net/pktgen/pgctrl")
    return (came_back(t) - before) / SECONDS


def ipvs(t, flows):
    t.guest.run(f"modprobe -a ip_vs ip_vs_rr; ipvsadm -A -u {VIP}:9 -s rr; ipvsadm -a -u {VIP}:9 -r {rip(1)}:9 -g")
    try:
        return rate(t, flows)
    finally:
        t.guest.run("ipvsadm -C")


def shunt(mode):
    def run(t, flows):
        d = start(t, "--mode", mode, "--cpus", "1")
        got = rate(t, flows)
        d.stop()
        return got
    return run


@vm(**BOTH)
def test_beside_ipvs(t):
    """Packets a second of IPVS and of shunt, one flow and 8,000, interleaved: ratios of medians."""
    t.checks_daemon = False
    prepare(t)
    runs = {"ipvs": ipvs, "zerocopy": shunt("zerocopy"), "copy": shunt("copy")}
    for flows in (1, FLOWS):
        got = {name: [] for name in runs}
        for _ in range(ROUNDS):
            for name, run in runs.items():
                got[name].append(run(t, flows))
        median = {name: statistics.median(x) for name, x in got.items()}
        expect(median["ipvs"] > 0, f"IPVS forwarded nothing: {got}")
        ratio = {name: median[name] / median["ipvs"] for name in ("zerocopy", "copy")}
        with open(f"{t.folder}/pps-{flows}.json", "w") as f:
            json.dump({"flows": flows, "pps": got, "ratio_to_ipvs": ratio}, f, indent=1)
        t.notes.append(f"{flows} flow(s): IPVS {median['ipvs'] / 1e3:.1f} kpps, zero-copy {ratio['zerocopy']:.2f}, "
                       f"copy {ratio['copy']:.2f} of it")
        expect(ratio["zerocopy"] > 0.5, f"zero-copy is far below IPVS: {got}")
