# SPDX-License-Identifier: BSD-2-Clause
"""Instructions per forwarded packet, in kernel and program, beside IPVS and XDP_TX: what carries over to hardware.

The guest's clock counts instructions (guest.py), so that a thread's CPU time is the number that it executed. NAPI runs
in threads of its own, and the generator before all others: a burst is in the NIC's ring before anybody forwards.
"""
import json

from bed import Nic, expect, vm
from forwarders import ALL, fwd
from generator import GEN, SCRIPTS, came_back, options, prepare

ONE_CPU = dict(drivers=("igb", "virtio"), nics=(Nic(None, 1, hub=True),), cpus=1, icount=True)
SIZES, BURSTS, FLOWS = (32, 128), 15, 100
RUNS = {"XDP_DROP": fwd("-k", "drop"), **ALL}


def executed(t, tids):
    """Instructions of these threads so far."""
    files = " ".join(f"/proc/{i}/schedstat" for i in tids)
    return sum(int(x.split()[0]) for x in t.guest.run(f"cat {files}").splitlines())


def napi_threads(t):
    t.guest.run(f"echo 1 >/sys/class/net/eth0/threaded; {GEN} sh -c 'echo 1 >/sys/class/net/gen0/threaded'; "
                "for p in $(pgrep napi/gen0-); do chrt -f -p 60 $p; done")  # what waits for it is at 50
    return [int(x) for x in t.guest.run("pgrep napi/eth0-").split()]


def send(t, bursts):
    t.guest.run(f"for i in $(seq {bursts}); do {GEN} sh -c 'echo start >/proc/net/pktgen/pgctrl'; sleep 0.02; done")


def burst_cost(t, napi, own, size):
    """Instructions for a burst of so many packets: (of NAPI, of the program, packets that came back)."""
    t.guest.run(f"FLOWS={FLOWS} {GEN} {SCRIPTS}/flows.sh {options(n=size)} -a; for p in $(pgrep kpktgend); "
                "do chrt -f -p 50 $p; done")
    send(t, 2)
    counts = [(executed(t, napi), executed(t, own) if own else 0, came_back(t))]
    send(t, BURSTS)
    counts.append((executed(t, napi), executed(t, own) if own else 0, came_back(t)))
    t.guest.run(f"{GEN} sh -c 'echo reset >/proc/net/pktgen/pgctrl'")
    return [(after - before) / BURSTS for before, after in zip(*counts)]


def measure(t, run):
    """(instructions a packet: of NAPI, of the program; the share of packets that came back). What doesn't depend on
    a burst's size, interrupts, waking up, looking for more before the nap, isn't in it."""
    with run(t, "eth0") as own:
        napi = napi_threads(t)
        small, large = (burst_cost(t, napi, own, size) for size in SIZES)
    return tuple((y - x) / (SIZES[1] - SIZES[0]) for x, y in zip(small, large))


@vm(**ONE_CPU)
def test_per_packet(t):
    """IPVS, XDP_TX, a bare AF_XDP forwarder and shunt."""
    t.checks_daemon = False
    prepare(t)
    got = {name: measure(t, run) for name, run in RUNS.items()}
    with open(f"{t.folder}/instructions.json", "w") as f:
        json.dump({name: dict(zip(("napi", "program", "came_back"), x)) for name, x in got.items()}, f, indent=1)
    for name, (napi, own, back) in got.items():
        t.notes.append(f"{name} {napi:.0f}+{own:.0f}")
        expect(name == "XDP_DROP" or back > 0.9, f"{name}: only {back:.2f} of the packets came back: {got}")
        expect(napi > 100, f"{name}: no instructions counted: {got}")
