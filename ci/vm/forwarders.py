# SPDX-License-Identifier: BSD-2-Clause
"""What shunt is compared with in the guest's kernel and on its NIC: IPVS, XDP_TX and a bare AF_XDP forwarder.

Each is a context in which the generator's packets come back to it; the value is the ids of its own threads.
"""
import contextlib

from bed import WALL, until
from generator import start
from lab import VIP, rip

WORKER = {1: "0", 2: "1"}  # the CPU that forwards, by the number of them


@contextlib.contextmanager
def ipvs(t, nic):
    t.guest.run(f"modprobe -a ip_vs ip_vs_rr; ipvsadm -A -u {VIP}:9 -s rr; ipvsadm -a -u {VIP}:9 -r {rip(1)}:9 -g")
    try:
        yield []
    finally:
        t.guest.run("ipvsadm -C")


def shunt(mode):
    @contextlib.contextmanager
    def run(t, nic):
        d = start(t, "--mode", mode, "--cpus", WORKER[t.lab.config.cpus], nic=nic)
        try:
            yield [w["tid"] for w in d.workers()]
        finally:
            d.stop()
            t.guest.run("shuntd --cleanup", check=False)  # what is pinned by a daemon that died
    return run


def fwd(*args):
    """bench/wire/fwd, which swaps MAC addresses and sends back."""
    words = " ".join(args)

    @contextlib.contextmanager
    def run(t, nic):
        cpu = WORKER[t.lab.config.cpus]
        pid = t.guest.run(f"fwd -i {nic} -c {cpu} {words} >/run/fwd.log 2>&1 & echo $!").strip()
        try:
            until(lambda: "ready" in t.guest.run("cat /run/fwd.log"), WALL, f"fwd {words} is ready")
            yield [] if "-k" in args else [int(pid)]
        finally:
            t.guest.run(f"kill {pid}; wait {pid}", check=False)
    return run


ALL = {
    "IPVS": ipvs,
    "XDP_TX": fwd("-k", "tx"),
    "bare zero-copy": fwd("-z"),
    "shunt zero-copy": shunt("zerocopy"),
    "bare copy": fwd(),
    "shunt copy": shunt("copy"),
}
