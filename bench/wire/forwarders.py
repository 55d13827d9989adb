# SPDX-License-Identifier: BSD-2-Clause
"""What forwards: shunt, and what it is measured against. Each has a link of its own and stays there for the
whole benchmark; those that spin are stopped while it is another's turn."""
import glob
import os
import re
import select
import signal
import subprocess
import time

from bed import PORT, PRIO_WORK, SERVERS, VIP, WORK_CPU, build, ordinary, run, schedstat


class Forwarder:
    """In the kernel: nothing to stop, and its CPU time is its NAPI thread's."""

    spins = False
    returns = True  # what comes in

    queues = 1

    def __init__(self, bed):
        self.bed, self.link = bed, bed.link(self.queues)
        self.children, self.tids = [], []
        self.start()
        self.pause()

    def start(self):
        raise NotImplementedError

    def pids(self):
        return [c.pid for c in self.children]

    def pause(self):
        for tid in self.tids:
            ordinary(tid)
        for pid in self.pids() if self.spins else []:
            os.kill(pid, signal.SIGSTOP)

    def resume(self):
        for tid in self.tids:
            self.bed.place(tid, PRIO_WORK, WORK_CPU)
        for pid in self.pids() if self.spins else []:
            os.kill(pid, signal.SIGCONT)

    def cpu(self):
        """Seconds on a CPU and seconds waiting for one, of the threads that forward."""
        stats = [schedstat(tid) for tid in self.tids]
        return sum(s[0] for s in stats), sum(s[1] for s in stats)

    def stop(self):
        for child in self.children:
            child.send_signal(signal.SIGCONT)
            child.terminate()
            child.wait(10)

    def program(self, args, ready):
        """Starts a program in the director's namespace and waits until it says so."""
        child = self.link.spawn(self.link.director, args, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT)
        self.children.append(child)
        said, end = "", time.monotonic() + 20
        while not re.search(ready, said, re.M):
            waited = select.select([child.stdout], [], [], max(0, end - time.monotonic()))[0]
            more = os.read(child.stdout.fileno(), 4096).decode() if waited else ""
            if not more:
                raise RuntimeError(f"{args[0]} isn't ready: {said}")
            said += more
        return child


class Fwd(Forwarder):
    """bench/wire/fwd.c."""

    args = []

    def start(self):
        child = self.program([build("bench/wire/fwd"), "-i", self.link.d, "-c", str(WORK_CPU), *self.args], "^ready")
        self.tids = [child.pid]


class Best(Fwd):
    name = "best"
    text = "plain AF_XDP forwarder, as good as can be"


class Sample(Fwd):
    name = "sample"
    text = "AF_XDP forwarder as the samples are: batch 64, one kick a batch"
    args = ["-s"]
    spins = True


class Shunt(Forwarder):
    name = "shunt"
    text = "shuntd, one service, four servers"
    args = []

    def start(self):
        self.ctl_path = f"/run/{self.bed.name}-{self.link.d}.sock"
        began = time.monotonic()
        self.program([build("shuntd"), "-i", self.link.d, "--cpus", str(WORK_CPU), "--main-cpu", "0",
                      "--ctl", self.ctl_path, *self.args], "ready$")
        self.ready_s = time.monotonic() - began
        self.tids = [t for t in self.threads() if re.match(r"shunt/\d+$", self.comm(t))]
        for proto in "tu":
            self.ctl("-A", f"-{proto}", f"{VIP}:{PORT}", "-s", "rr")
            for i in range(1, SERVERS + 1):
                self.ctl("-a", f"-{proto}", f"{VIP}:{PORT}", "-r", f"198.18.1.{i}", "-g", "-w", "1")

    def ctl(self, *args, **kw):
        return run(build("shuntctl"), "--ctl", self.ctl_path, *args, **kw)

    def pids(self):
        holder = self.children[0].pid
        return [holder, *map(int, run("pgrep", "-P", str(holder), check=False).split())]

    def threads(self):
        return [int(os.path.basename(t)) for pid in self.pids() for t in glob.glob(f"/proc/{pid}/task/*")]

    def cpu_all(self):
        """Seconds on a CPU of all threads of both processes."""
        return sum(schedstat(t)[0] for t in self.threads())

    @staticmethod
    def comm(tid):
        with open(f"/proc/{tid}/comm", encoding="utf-8") as f:
            return f.read()

    def stop(self):
        for pid in self.pids():
            os.kill(pid, signal.SIGCONT)
        super().stop()


class ShuntQueues(Shunt):
    name = "shunt, 2 queues"
    text = "one worker of shuntd, two queues"
    queues = 2


class ShuntBusy(Shunt):
    name = "shunt, busy"
    text = "shuntd --poll busy"
    args = ["--poll", "busy"]
    spins = True


class XdpTx(Forwarder):
    name = "xdp tx"
    text = "in the kernel: an XDP program that swaps MAC addresses and sends back"

    def start(self):
        self.program([build("bench/wire/fwd"), "-i", self.link.d, "-k", self.name.split()[1]], "^ready")
        self.tids = [self.link.napi_thread()]


class XdpDrop(XdpTx):
    name = "xdp drop"
    text = "in the kernel: an XDP program that drops; what arrives at most"
    returns = False


class XdpBench(Forwarder):
    name = "xdp-bench tx"
    text = "in the kernel: xdp-tools' benchmark of the same name, swapping MAC addresses"

    def start(self):
        self.program(["xdp-bench", "tx", "-p", "swap-macs", "-i", "3600", self.link.d], "^Hairpin")
        self.tids = [self.link.napi_thread()]


class Tc(Forwarder):
    name = "tc mirred"
    text = "in the kernel: tc, new MAC address, mirred redirect"

    def start(self):
        d = self.link.d
        self.link.in_director("ethtool", "-K", d, "gro", "on")
        self.link.in_director("tc", "qdisc", "add", "dev", d, "clsact")
        self.link.in_director("tc", "filter", "add", "dev", d, "ingress", "protocol", "all", "u32", "match", "u32", "0", "0",
                              "action", "skbmod", "set", "dmac", "02:00:00:00:01:01", "pipe",
                              "action", "mirred", "egress", "redirect", "dev", d)
        self.tids = [self.link.napi_thread()]


class Nft(Forwarder):
    name = "nft fwd"
    text = "in the kernel: nftables, netdev ingress, new MAC address, fwd"

    def start(self):
        d = self.link.d
        self.link.in_director("ethtool", "-K", d, "gro", "on")
        self.link.in_director("nft", f'''table netdev t {{
            chain c {{
                type filter hook ingress device "{d}" priority 0
                ether daddr set 02:00:00:00:01:01 fwd to "{d}"
            }}
        }}''')
        self.tids = [self.link.napi_thread()]
