# SPDX-License-Identifier: BSD-2-Clause
"""What a trial runs on: a veth pair in two namespaces of its own, and who runs on which CPU, how urgently.

    world (generator, sink)  w <---- veth ----> d  director (whatever forwards)

    CPU 0: generator; director's receive side in the kernel (veth runs it where the sender is); this script
    CPU 1: who forwards; its transmit side in the kernel, and with it the sink (an XDP program on w)

What spins is stopped between trials, which are short. A trial in which the forwarder or the generator had to
wait for its CPU is repeated (trial.py). On a machine of one's own, --realtime gives generator, forwarder and
this script real-time priority during trials; where others work it starves them, and is not for that."""
import atexit
import fcntl
import glob
import os
import signal
import subprocess
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
GEN_CPU, WORK_CPU = 0, 1
PRIO_SELF, PRIO_AIDE, PRIO_GEN, PRIO_WORK = 4, 3, 2, 1  # aide: flowgen's main thread, and the sink
VIP, PORT, DIRECTOR_MAC = "198.18.0.42", 80, "02:00:00:00:00:01"
SERVERS = 4


def build(name):
    return os.path.join(os.environ.get("BENCH_BUILD", f"{ROOT}/build"), name)


def run(*args, check=True, **kw):
    done = subprocess.run(args, capture_output=True, text=True, **kw)
    if check and done.returncode:
        raise RuntimeError(f"{' '.join(args)}: {done.stderr.strip() or done.stdout.strip()}")
    return done.stdout


def ordinary(pid):
    os.sched_setscheduler(pid, os.SCHED_OTHER, os.sched_param(0))


def schedstat(tid):
    """Seconds on a CPU, and seconds waiting for one."""
    with open(f"/proc/{tid}/schedstat", encoding="ascii") as f:
        on, waiting, _ = f.read().split()
    return int(on) / 1e9, int(waiting) / 1e9


def server_mac(i):
    return f"02:00:00:00:01:{i:02x}"


class Bed:
    """All links of a benchmark; takes them away at its end, however it ends."""

    def __init__(self, realtime=False):
        self.realtime = realtime
        if os.geteuid():
            sys.exit("bench/wire: needs root, for network namespaces")
        if os.cpu_count() < 2:
            sys.exit("bench/wire: needs two CPUs: generator and forwarder must not share one")
        self.lock = open("/run/shunt-bench.lock", "w", encoding="ascii")
        fcntl.flock(self.lock, fcntl.LOCK_EX)  # of two at once both would measure nonsense
        self.name = f"bw{os.getpid()}"
        self.links, self.children = [], []
        self.mounted = not os.path.ismount("/sys/fs/bpf")
        if self.mounted:
            run("mount", "-t", "bpf", "bpf", "/sys/fs/bpf")
        atexit.register(self.close)
        for sig in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(sig, self.on_signal)
        self.place(0, PRIO_SELF, GEN_CPU)

    @staticmethod
    def on_signal(*_):
        for sig in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(sig, signal.SIG_IGN)  # once: what follows is cleaning up
        sys.exit(1)

    def close(self):
        for child in self.children:
            if child.poll() is None:
                child.send_signal(signal.SIGCONT)
                child.terminate()
        for child in self.children:
            try:
                child.wait(5)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()
        for link in self.links:
            link.close()
        self.links = []
        if self.mounted and not [x for x in os.listdir("/sys/fs/bpf") if not x.endswith(".debug")]:
            run("umount", "/sys/fs/bpf", check=False)

    def place(self, pid, prio, cpu):
        """Onto that CPU; and if it is to be, in real time."""
        os.sched_setaffinity(pid, {cpu})
        if self.realtime:
            os.sched_setscheduler(pid, os.SCHED_FIFO, os.sched_param(prio))

    def link(self, queues=1):
        return Link(self, len(self.links), queues)


class Link:
    def __init__(self, bed, number, queues):
        self.bed = bed
        self.world, self.director = f"{bed.name}-w{number}", f"{bed.name}-d{number}"
        self.w, self.d = f"w{number}p{os.getpid() % 10000}", f"d{number}p{os.getpid() % 10000}"
        bed.links.append(self)
        for ns in (self.world, self.director):
            run("ip", "netns", "add", ns)
            self.write(ns, "/proc/sys/net/ipv6/conf/all/disable_ipv6", 1)
            self.write(ns, "/proc/sys/net/ipv6/conf/default/disable_ipv6", 1)
        n = str(queues)
        run("ip", "link", "add", self.d, "address", DIRECTOR_MAC, "numtxqueues", n, "numrxqueues", n, "netns",
            self.director, "type", "veth", "peer", "name", self.w, "numtxqueues", n, "numrxqueues", n, "netns",
            self.world)
        run("ip", "-n", self.world, "link", "set", self.w, "up")
        run("ip", "-n", self.director, "link", "set", self.d, "up")
        run("ip", "-n", self.director, "addr", "add", "198.18.0.1/16", "dev", self.d)
        for i in range(1, SERVERS + 1):
            run("ip", "-n", self.director, "neigh", "add", f"198.18.1.{i}", "lladdr", server_mac(i), "dev", self.d,
                "nud", "permanent")

    def close(self):
        for ns in (self.world, self.director):
            run("ip", "netns", "del", ns, check=False)

    def write(self, ns, path, value):
        run("ip", "netns", "exec", ns, "sh", "-c", f"echo {value} >{path}")

    def in_director(self, *args):
        return run("ip", "netns", "exec", self.director, *args)

    def spawn(self, ns, args, prio=None, cpu=GEN_CPU, **kw):
        """Starts a process there; on that CPU if a priority is given."""
        def prepare():
            ordinary(0)
            os.sched_setaffinity(0, range(os.cpu_count()))
            if prio:
                self.bed.place(0, prio, cpu)
        child = subprocess.Popen(["nsenter", f"--net=/run/netns/{ns}", "--", *args], preexec_fn=prepare, text=True,
                                 **kw)
        self.bed.children.append(child)
        return child

    def napi_thread(self):
        """Moves the director's receive side to a thread of its own, and that to the forwarder's CPU."""
        self.write(self.director, f"/sys/class/net/{self.d}/threaded", 1)
        end = time.monotonic() + 2
        while time.monotonic() < end:
            for comm in glob.glob("/proc/[0-9]*/comm"):
                try:
                    with open(comm, encoding="utf-8") as f:
                        if f.read().startswith(f"napi/{self.d}-"):
                            tid = int(comm.split("/")[2])
                            os.sched_setaffinity(tid, {WORK_CPU})
                            return tid
                except OSError:
                    continue
        raise RuntimeError("no NAPI thread")
