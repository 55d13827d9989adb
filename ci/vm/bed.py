# SPDX-License-Identifier: BSD-2-Clause
"""The test bed: ci/e2e's lab with a guest in the director's place. Client, switch and servers are namespaces
of this machine, and the guest's NICs are taps on the switch's bridges.

What ci/e2e/lab.py offers works here, too, with lab.run("director", ...) and the daemon inside the guest.
"""
import collections
import functools
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys

import guest as guests
import packages

ROOT = packages.ROOT
sys.path.append(f"{ROOT}/ci/e2e")
import lab as e2e_lab  # noqa: E402
from lab import VIP, VIP6, Failed, Lab, Shuntd, expect, until  # noqa: E402

# Walls for what happens at once on an idle machine; a test says when its goal is missed.
WALL = 30
ask = functools.partial(e2e_lab.ask, timeout=WALL)
say = functools.partial(e2e_lab.say, timeout=WALL)
ask_udp = functools.partial(e2e_lab.ask_udp, timeout=WALL)
upload = functools.partial(e2e_lab.upload, timeout=180)

BIN = "/run/bin"  # the programs' copies in the guest: a build meanwhile doesn't matter
CTL = "/run/shunt/ctl.sock"

# A NIC on a tap of the lab; with hub=True instead on a hub in QEMU, together with a second one that makes traffic:
# gen0 in the guest's namespace "gen", so that what comes back to it isn't the director's again.
# spare: more queue pairs than are in use. rss: with a table that says which queue gets what (igb always has one).
Nic = collections.namedtuple("Nic", "driver queues node spare hub rss",
                             defaults=("virtio", 1, None, False, False, False))
GENERATOR_MAC = "02:00:00:00:09:01"

# What a test wants. Tests that want the same follow one another in one guest.
Config = collections.namedtuple("Config", "kernel nics servers cpus memory cmdline nodes lab icount",
                                defaults=("newest", (Nic(),), 1, 2, "1024M", "", 1, (), False))


def nic_mac(i):
    return ("02:00:00:00:01:81", "02:00:00:00:02:01")[i]


def nic_devices(i, nic, cpus):
    """QEMU's arguments for a NIC on tap i. XDP on virtio wants queue pairs of its own beside those in use."""
    pairs = nic.queues + (cpus if nic.spare else 0) if nic.driver == "virtio" else 1
    port = i if nic.node is None else nic.node
    bus = [] if nic.node is not None else ["-device", f"pcie-root-port,id=rp{i},chassis={i + 1},slot={i + 1}"]
    tap = f"tap,id=n{i},ifname=tap{i},script=no,downscript=no" + (f",queues={pairs}" if pairs > 1 else "")
    if nic.hub:
        pairs = 1
        tap = f"hubport,id=n{i},hubid=0"
        bus += ["-netdev", "hubport,id=g0,hubid=0", "-device", f"virtio-net-pci,netdev=g0,romfile=,mac={GENERATOR_MAC}"]
    model = {
        "virtio": f"virtio-net-pci,mq=on,vectors={2 * pairs + 2},iommu_platform=on,disable-legacy=on",
        "igb": "igb",
        "vmxnet3": "vmxnet3",
        "e1000e": "e1000e",
    }[nic.driver]
    if nic.rss and nic.driver == "virtio":
        model += ",rss=on"
    return [*bus, "-netdev", tap, "-device", f"{model},bus=rp{port},netdev=n{i},romfile=,mac={nic_mac(i)}"]


def node_devices(config):
    """Memory of its own and a PCI bridge with a root port for each of the nodes."""
    if config.nodes == 1:
        return []
    each, per_node = int(config.memory.rstrip("M")) // config.nodes, config.cpus // config.nodes
    out = []
    for n in range(config.nodes):
        cpus = f"{n * per_node}-{(n + 1) * per_node - 1}"
        out += ["-object", f"memory-backend-ram,id=m{n},size={each}M",
                "-numa", f"node,nodeid={n},cpus={cpus},memdev=m{n}",
                "-device", f"pxb-pcie,id=px{n},bus=pcie.0,bus_nr={64 * (n + 1)},numa_node={n}",
                "-device", f"pcie-root-port,id=rp{n},bus=px{n},chassis={n + 1},slot={n + 1}"]
    return out + ["-numa", "dist,src=0,dst=1,val=20"]


class GuestLab(Lab):
    """The lab, whose director is a guest. Config.lab holds more arguments of Lab.up."""

    patience = 40  # a guest on a busy machine stands still for seconds, and TCP then waits twice as long

    def __init__(self, name, folder, config, store):
        super().__init__(name, folder)
        self.config = config
        self.bed_folder = folder
        devices = node_devices(config)
        for i, nic in enumerate(config.nics):
            devices += nic_devices(i, nic, config.cpus)
        smp = f"{config.cpus},sockets={config.nodes},cores={config.cpus // config.nodes},threads=1"
        self.guest = guests.Guest(store.kernel(config.kernel), store.qemu(), f"{folder}/guest", f"{name}-switch",
                                  devices, config.cpus, config.memory, config.cmdline, smp, config.icount)

    def start(self):
        self.up(servers=self.config.servers, **dict(self.config.lab))
        for i, nic in enumerate(self.config.nics):
            nic.hub or self.make_tap(i)
        self.guest.boot()
        self.install()
        self.set_up_nics()

    def make_tap(self, i):
        switch = ["ip", "-n", f"{self.name}-switch"]
        port = ("director", "director-b")[i]
        queues = ["multi_queue"] if self.config.nics[i].driver == "virtio" else []
        for words in (["link", "del", port], ["tuntap", "add", f"tap{i}", "mode", "tap", *queues],
                      ["link", "set", f"tap{i}", "master", f"br{i}", "up"]):
            subprocess.run([*switch, *words], check=True, capture_output=True)

    def install(self):
        os.makedirs(f"{self.guest.share}/bin", exist_ok=True)
        for program in ("shuntd", "shuntctl", "flowgen", "bench/wire/fwd"):
            shutil.copy(f"{ROOT}/build/{program}", f"{self.guest.share}/bin")
        self.guest.run(f"cp -r /run/test/bin {BIN}; export PATH={BIN}:$PATH SHUNT_CTL={CTL}; mkdir -p /run/shunt")

    def set_up_nics(self):
        """eth0, eth1 by their MAC addresses, with the lab's addresses; the queues that the test wants."""
        lines = ["modprobe -a virtio_net igb e1000e vmxnet3",
                 "for f in /sys/class/net/eth*; do ip link set ${f##*/} name was${f##*/eth}; done"]
        addresses = [["192.168.1.129/24", f"{VIP}/32"], ["10.0.1.1/24"]]
        if dict(self.config.lab).get("ipv6"):
            lines.append("for n in all default; do echo 0 >/proc/sys/net/ipv6/conf/$n/accept_dad; done")
            addresses[0] += ["fd00:1::129/64", f"{VIP6}/128"]
        for i, nic in enumerate(self.config.nics):
            lines.append(rename(nic_mac(i), f"eth{i}"))
            if nic.hub:
                lines += [rename(GENERATOR_MAC, "gen0"), "ip netns add gen", "ip link set gen0 netns gen",
                          "ip -n gen link set gen0 up"]
            if nic.driver == "igb" or nic.driver == "virtio" and not nic.hub:
                lines.append(f"ethtool -L eth{i} combined {nic.queues}")
            lines += [f"ip addr add {a} dev eth{i}" for a in addresses[i]] + [f"ip link set eth{i} up"]
        lines.append("for f in /proc/sys/net/ipv4/conf/*/rp_filter; do echo 0 >$f; done")
        self.guest.run("( set -e\n" + "\n".join(lines) + " )")
        if self.config.nics[0].hub:
            return
        # A NIC may take seconds until its link is up.
        until(lambda: self.guest.run("busybox ping -c 1 -W 1 192.168.1.10", check=False)[0] == 0, WALL,
              "the guest reaches the client")

    def run(self, where, *args, check=True, timeout=60, **kw):
        if where != "director":
            return super().run(where, *args, check=check, timeout=timeout, **kw)
        command = args[0] if len(args) == 1 else shlex.join(str(a) for a in args)
        status, out, err = self.guest.run(command, False, timeout)
        if check and status:
            raise Failed(f"director: {command}: status {status}: {err.strip()[-500:]}")
        return out

    def stop(self):
        self.guest.stop()
        self.down()

    def usable(self):
        return self.guest.alive() and not self.guest.trouble()


def rename(mac, name):
    return f"ip link set $(basename $(grep -l {mac} /sys/class/net/was*/address | xargs dirname)) name {name}"


class Pid:
    """A process in the guest, with what the tests use of subprocess.Popen."""

    def __init__(self, guest, pid):
        self.guest, self.pid, self.returncode = guest, pid, None

    def poll(self):
        if self.returncode is None:
            out = self.guest.run(f"kill -0 {self.pid} 2>/dev/null && echo runs || {{ wait {self.pid}; echo $?; }}").strip()
            self.returncode = None if out == "runs" else int(out)
        return self.returncode

    def kill(self, sig=signal.SIGKILL):
        self.guest.run(f"kill -{int(sig)} {self.pid}", check=False)


class GuestShuntd(Shuntd):
    """The daemon in the guest, and shuntctl for it."""

    wall = WALL

    def __init__(self, lab, args, ready=True, log="shuntd.log", env=""):
        self.lab, self.guest = lab, lab.guest
        self.inside_log = f"/run/test/{log}"
        self.log = f"{self.guest.share}/{log}"
        self.seen = os.path.getsize(self.log) if os.path.exists(self.log) else 0
        self.args = ["shuntd", *args]
        pid = self.guest.run(f"{env} {shlex.join(self.args)} >>{self.inside_log} 2>&1 & echo $!")
        self.child = Pid(self.guest, int(pid))
        if ready:
            self.wait_ready(2 * WALL)

    def try_ctl(self, line, stdin=None):
        with open(f"{self.guest.share}/stdin", "w") as f:
            f.write(stdin or "")
        answer = self.guest.run(f"shuntctl {line} </run/test/stdin", check=False, timeout=2 * WALL)
        with open(f"{self.lab.logdir}/shuntctl.log", "a") as f:
            f.write(f"$ shuntctl {line}\n{answer[1]}{answer[2]}= {answer[0]}\n")
        return answer

    def engine(self):
        status, out, _ = self.guest.run(f"cat /proc/{self.child.pid}/task/{self.child.pid}/children", check=False)
        return int(out.split()[0]) if status == 0 and out.split() else None

    def stop(self, seconds=WALL):
        if self.child.poll() is None:
            self.child.kill(signal.SIGTERM)
            until(lambda: self.child.poll() is not None, seconds, "shuntd ends after SIGTERM")
        return self.child.returncode

    def kill_all(self):
        engine = self.engine()
        self.guest.run(f"kill -9 {self.child.pid} {engine or ''}")
        until(lambda: self.child.poll() is not None, WALL, "the holder is gone")
        until(lambda: not engine or self.guest.run(f"[ -e /proc/{engine}/ns/net ]", check=False)[0], WALL,
              "the engine is gone")

    def ports(self):
        return self.show("ports")["ports"]

    def log_lines(self):
        return self.log_text().splitlines()


class Test:
    """What a test function gets."""

    def __init__(self, name, function, lab, folder):
        self.name, self.function, self.lab, self.folder = name, function, lab, folder
        self.guest = lab.guest
        self.san = False
        self.checks_daemon = True
        self.daemon = None
        self.notes = []

    def shuntd(self, *args, **kw):
        """Starts the daemon; by default on eth0."""
        self.daemon = GuestShuntd(self.lab, args or ("-i", "eth0"), **kw)
        return self.daemon

    def run(self):
        self.lab.logdir = self.folder
        self.function(self)
        if self.daemon and self.checks_daemon:
            self.daemon.check_counters()
            status = self.daemon.stop()
            expect(status == 0, f"shuntd ended with status {status} after SIGTERM")

    def clean_up(self):
        """Ends what the test started; returns what it shouldn't have left behind."""
        problems = []
        for child in self.lab.children:
            child.poll() is None and child.kill()
            child.wait(10)
        self.lab.children.clear()
        if self.guest.alive():
            problems += self.left_in_guest()
        self.keep_logs()
        return problems + [f"kernel: {x}" for x in self.guest.trouble()]

    def left_in_guest(self):
        problems = []
        if self.daemon and self.daemon.child.poll() is None:
            self.daemon.kill_all()
            problems.append("shuntd was left running")
        if self.daemon:
            self.guest.run("shuntd --cleanup" if problems or not self.checks_daemon else "true", check=False)
        pins = self.guest.run("find /sys/fs/bpf -type f").split()
        xdp = re.findall(r"\bxdp\w*", self.guest.run("ip link"))
        return problems + ([f"pins left: {pins}"] if pins else []) + (["an XDP program is left attached"] if xdp else [])

    def keep_logs(self):
        """The guest's logs so far, beside the test's own."""
        for path in (self.guest.log, f"{self.guest.share}/shuntd.log"):
            if os.path.exists(path):
                shutil.copy(path, self.folder)


def vm(kernels=("newest",), drivers=(None,), nics=(Nic(),), **config):
    """Marks a test; it is made once for each kernel and driver (of the NICs that name none)."""
    def mark(function):
        function.configs = [
            Config(kernel=k, nics=tuple(n if n.driver else n._replace(driver=d) for n in nics), **config)
            for k in kernels for d in drivers]
        return function
    return mark
