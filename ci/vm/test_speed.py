# SPDX-License-Identifier: BSD-2-Clause
"""Packets a second of shunt, IPVS, XDP_TX and a bare AF_XDP forwarder, taking turns: only ratios mean anything."""
import json
import statistics

from bed import GENERATOR_MAC, Nic, expect, nic_mac, vm
from forwarders import ALL
from generator import GEN, SCRIPTS, came_back, options, prepare
from lab import rip

BOTH = dict(drivers=("igb", "virtio"), nics=(Nic(None, 1, hub=True),), cpus=2)
ROUNDS, SECONDS, FLOWS = 3, 1, 8000
# XDP_TX on veth wants a peer with NAPI, and came back from none here.
VETH = {name: f for name, f in ALL.items() if "zero-copy" not in name and name != "XDP_TX"}
# What shunt's zero-copy mode should reach of another's rate, and what it must, on whatever machine.
GOALS = (("bare zero-copy", 0.95), ("IPVS", 1.0))
FLOOR = 0.4


def rate(t, flows, dev, mac):
    """Packets a second that come back of those sent flat out."""
    t.guest.run(f"FLOWS={flows} {GEN} {SCRIPTS}/flows.sh -a {options(dev, mac, n=0)}")
    before = came_back(t, dev)
    t.guest.run(f"{GEN} sh -c '(sleep {SECONDS}; echo stop >/proc/net/pktgen/pgctrl) & "
                "echo start >/proc/net/pktgen/pgctrl; sleep 0.3; echo reset >/proc/net/pktgen/pgctrl'")
    return (came_back(t, dev) - before) / SECONDS


def take_turns(t, runs, flows, nic="eth0", dev="gen0", mac=nic_mac(0)):
    """{name: packets a second in each round}, a note of ratios to IPVS, and all of it in pps-FLOWS.json."""
    got = {name: [] for name in runs}
    for _ in range(ROUNDS):
        for name, run in runs.items():
            with run(t, nic):
                got[name].append(rate(t, flows, dev, mac))
    expect(min(map(min, got.values())) > 0, f"somebody forwarded nothing: {got}")
    ratio = {name: statistics.median(a / b for a, b in zip(x, got["IPVS"])) for name, x in got.items()}
    with open(f"{t.folder}/pps-{flows}.json", "w") as f:
        json.dump({"flows": flows, "pps": got, "ratio_to_ipvs": ratio}, f, indent=1)
    t.notes.append(f"{flows} flow(s): IPVS {statistics.median(got['IPVS']) / 1e3:.1f} kpps, of it "
                   + ", ".join(f"{name} {r:.2f}" for name, r in ratio.items() if name != "IPVS"))
    return got


@vm(**BOTH)
def test_nic(t):
    """On a NIC, one flow and 8,000; a missed goal is told, far less than it fails."""
    t.checks_daemon = False
    prepare(t)
    for flows in (1, FLOWS):
        got = take_turns(t, ALL, flows)
        for other, goal in GOALS:
            r = statistics.median(a / b for a, b in zip(got["shunt zero-copy"], got[other]))
            if r < goal:
                t.notes.append(f"goal missed: {r:.2f} of {other}, not {goal}")
            expect(r > FLOOR, f"zero-copy is far below {other}: {got}")


@vm(**BOTH | {"drivers": ("igb",)})
def test_veth(t):
    """On a veth pair inside the guest."""
    t.checks_daemon = False
    mac = "02:00:00:00:0a:01"
    t.guest.run(f"ip link add veth0 address {mac} type veth peer name veth1 address {GENERATOR_MAC} netns gen; "
                "ip link set veth0 up; ip -n gen link set veth1 up; ip netns exec gen ethtool -K veth1 gro on; "
                f"ip route add {rip(1)} dev veth0; sysctl -q net.ipv4.conf.veth0.rp_filter=0")
    prepare(t, "veth0")
    try:
        for flows in (1, FLOWS):
            take_turns(t, VETH, flows, "veth0", "veth1", mac)
    finally:
        t.guest.run("ip link del veth0")
