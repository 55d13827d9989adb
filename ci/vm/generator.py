# SPDX-License-Identifier: BSD-2-Clause
"""The kernel's pktgen in the guest's namespace "gen", on the other end of the director's NIC."""
from bed import GENERATOR_MAC, ROOT, nic_mac
from lab import VIP, rip

SCRIPTS = f"{ROOT}/bench/pktgen"
GEN = "ip netns exec gen"


def prepare(t, nic="eth0"):
    """The server's address is the generator's: what is forwarded comes back there, and is counted."""
    # What the NIC does happens on the last CPU, the worker's; the generator has CPU 0.
    last = t.lab.config.cpus - 1
    t.guest.run(f"for f in $(grep {nic} /proc/interrupts | cut -d: -f1); do "
                f"echo {last} >/proc/irq/$f/smp_affinity_list; done; modprobe pktgen; "
                f"ip neigh replace {rip(1)} lladdr {GENERATOR_MAC} dev {nic} nud permanent")


def start(t, *args, nic="eth0"):
    """shuntd with the one service that the generator's packets are for."""
    d = t.shuntd("-i", nic, *args)
    d.ctl(f"-A -u {VIP}:9 -s rr")
    d.ctl(f"-a -u {VIP}:9 -r {rip(1)}:9 -g -w 1")
    d.wait_usable(1)
    return d


def options(dev="gen0", mac=nic_mac(0), **more):
    """The arguments of bench/pktgen's scripts."""
    return f"-i {dev} -m {mac} -d {VIP} " + " ".join(f"-{k} {v}" for k, v in more.items())


def came_back(t, dev="gen0"):
    return int(t.guest.run(f"{GEN} cat /sys/class/net/{dev}/statistics/rx_packets"))
