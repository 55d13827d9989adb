# SPDX-License-Identifier: BSD-2-Clause
"""A guest under QEMU's software emulation: booted, told what to do line by line, always taken away.

guest.run("command") is a shell's line in the guest; guest.log is its kernel's console.
"""
import lzma
import os
import re
import shutil
import socket
import subprocess
import tempfile
import time

import packages

HERE = os.path.dirname(os.path.abspath(__file__))
BOOT_TRIES = 3
BOOT_SECONDS, BOOT_CPU_SECONDS = 600, 60  # a busy machine gives the guest little: its own CPU time counts
CONSOLE_MODULES = ("virtio_pci", "virtio_console", "9pnet_virtio", "9p", "overlay")
# Emulated CPUs on a busy machine stall for longer than the kernel's watchdogs like.
CMDLINE = ("console=ttyS0 quiet loglevel=5 panic=-1 oops=panic nowatchdog rcupdate.rcu_cpu_stall_suppress=1 "
           "tsc=nowatchdog mitigations=off net.ifnames=0 ")
TROUBLE = re.compile(r"WARNING: |BUG:|Oops|general protection|Kernel panic|refcount_t|hung task|unable to handle")


class GuestDied(Exception):
    """The guest ended, or doesn't answer."""


def compressed(path):
    with (lzma.open(path) if path.endswith(".xz") else open(path, "rb")) as f:
        return f.read()


def module_files(kernel):
    """Modules that the console and the root need, in the order of loading."""
    files = []
    for module in CONSOLE_MODULES:
        out = packages.run("modprobe", "-d", kernel, "-S", packages.release_of(kernel), "--show-depends", module)
        files += [f for f in re.findall(r"^insmod (\S+)", out, re.M) if f not in files]
    return files


def initramfs(kernel):
    """Makes it if it's missing or older than init; returns its path."""
    path = f"{kernel}/initramfs"
    if os.path.exists(path) and os.path.getmtime(path) > os.path.getmtime(f"{HERE}/init"):
        return path
    with tempfile.TemporaryDirectory() as root:
        os.makedirs(f"{root}/bin")
        os.makedirs(f"{root}/modules")
        os.makedirs(f"{root}/dev")
        shutil.copy(shutil.which("busybox"), f"{root}/bin/busybox")
        shutil.copy(f"{HERE}/init", f"{root}/init")
        names = []
        for file in module_files(kernel):
            names.append(os.path.basename(file).removesuffix(".xz"))
            with open(f"{root}/modules/{names[-1]}", "wb") as f:
                f.write(compressed(file))
        with open(f"{root}/modules/order", "w") as f:
            f.write("\n".join(names) + "\n")
        packages.run("sh", "-c", "find . | cpio -o -H newc --quiet | gzip -1 >archive", cwd=root)
        os.unlink(path) if os.path.exists(path) else None
        shutil.move(f"{root}/archive", path)
        return path


class Guest:
    """kernel, qemu: folders from packages.py. netns: where its taps are. devices: more of QEMU's arguments.
    Everything about the guest is in folder: serial.log of each boot, out and err of the command that ran last."""

    def __init__(self, kernel, qemu, folder, netns=None, devices=(), cpus=2, memory="1024M", cmdline="", smp=None,
                 icount=False):
        self.kernel, self.qemu, self.folder, self.netns = kernel, qemu, folder, netns
        self.devices, self.cpus, self.memory, self.cmdline = list(devices), cpus, memory, cmdline
        self.smp = smp or str(cpus)
        # The guest's clock counts instructions, one a nanosecond, so that CPU time is a count of them.
        self.accel = (["-accel", "tcg,thread=single", "-icount", "shift=0,sleep=off"] if icount
                      else ["-accel", "tcg,thread=multi"])
        self.share = f"{folder}/share"
        self.process = self.console = None
        self.boots = self.count = 0
        os.makedirs(self.share, exist_ok=True)

    # --- life ---------------------------------------------------------------------------------

    def argv(self):
        share = f"{self.qemu}/usr/share"
        nine = "security_model=none,multidevs=remap"
        modules = f"{self.kernel}/lib/modules"
        return [
            f"{self.qemu}/usr/bin/qemu-system-x86_64", "-L", f"{share}/qemu", "-L", f"{share}/seabios",
            "-L", f"{share}/qemu-efi-x86_64", "-L", "/usr/lib/ipxe/qemu", "-L", f"{self.qemu}/usr/lib/ipxe/qemu",
            "-nodefaults", "-no-user-config", "-no-reboot", "-display", "none", "-M", "q35",
            *self.accel, "-cpu", "max", "-smp", self.smp, "-m", self.memory,
            "-kernel", packages.vmlinuz(self.kernel), "-initrd", initramfs(self.kernel),
            "-append", f"{CMDLINE}project={packages.ROOT} {self.cmdline}", "-serial", f"file:{self.log}",
            "-virtfs", f"local,path=/,mount_tag=host,readonly=on,{nine}",
            "-virtfs", f"local,path={self.share},mount_tag=share,{nine}",
            "-virtfs", f"local,path={modules},mount_tag=modules,readonly=on,{nine}",
            "-device", "virtio-serial-pci", "-chardev", f"socket,id=c1,path={self.socket_path},server=on,wait=off",
            "-device", "virtconsole,chardev=c1", "-device", "virtio-rng-pci", *self.devices]

    def boot(self):
        """Until BOOTED and a shell that answers; up to three times."""
        for _ in range(BOOT_TRIES):
            try:
                self.start()
                return self
            except GuestDied as error:
                why = error
                self.stop()
        raise why

    def start(self):
        self.boots += 1
        self.log = f"{self.folder}/serial{self.boots}.log"
        if os.path.exists(self.log):
            os.unlink(self.log)
        self.home = tempfile.mkdtemp(prefix="shunt-vm-")  # a socket's path must be short
        self.socket_path = f"{self.home}/console"
        libs = f"{self.qemu}/usr/lib/x86_64-linux-gnu:{self.qemu}/lib/x86_64-linux-gnu"
        inside = ["nsenter", f"--net=/run/netns/{self.netns}", "--"] if self.netns else []
        with open(f"{self.folder}/qemu.log", "ab") as out:
            self.process = subprocess.Popen([*inside, "nice", "-n", "10", *self.argv()], stdin=subprocess.DEVNULL,
                                            stdout=out, stderr=out, env=dict(os.environ, LD_LIBRARY_PATH=libs))
        end = time.monotonic() + BOOT_SECONDS
        while "BOOTED" not in self.log_text():
            if self.process.poll() is not None:
                raise GuestDied(f"QEMU ended with status {self.process.returncode} while booting: see {self.folder}")
            if time.monotonic() > end or self.cpu_seconds() > BOOT_CPU_SECONDS * self.cpus:
                raise GuestDied(f"not booted after {self.cpu_seconds():.0f} s of CPU time: see {self.log}")
            time.sleep(0.05)
        self.console = socket.socket(socket.AF_UNIX)
        self.console.connect(self.socket_path)
        self.run("true", timeout=20)

    def stop(self):
        if self.console:
            self.console.close()
            self.console = None
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait(10)
        if self.process:
            shutil.rmtree(self.home, ignore_errors=True)
        self.process = None

    def cpu_seconds(self):
        with open(f"/proc/{self.process.pid}/stat") as f:
            fields = f.read().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def alive(self):
        return self.process is not None and self.process.poll() is None

    # --- what it says -------------------------------------------------------------------------

    def log_text(self):
        if not os.path.exists(self.log):
            return ""
        with open(self.log, errors="replace") as f:
            return f.read()

    def trouble(self):
        """The kernel's complaints after BOOTED."""
        return [line.strip() for line in self.log_text().partition("BOOTED")[2].splitlines() if TROUBLE.search(line)]

    def run(self, command, check=True, timeout=60):
        """A shell's line in the guest, to its end: its output; with check=False (status, output, errors)."""
        self.count += 1
        mark = f"@{self.count}@"
        text = f"{{ {command}\n}} </dev/null >/run/test/out 2>/run/test/err; echo \"{mark}$?@\"\n"
        self.console.sendall(text.encode())
        status = self.answer(mark, timeout, command)
        out, err = (self.read(f"{self.share}/{x}") for x in ("out", "err"))
        if not check:
            return status, out, err
        if status:
            raise RuntimeError(f"guest: {command}: status {status}: {err.strip()[-500:]}")
        return out

    def answer(self, mark, timeout, command):
        got = ""
        end = time.monotonic() + timeout
        while not (done := re.search(rf"{mark}(\d+)@", got)):
            left = end - time.monotonic()
            if left <= 0:
                raise GuestDied(f"no answer after {timeout} s: {command}")
            self.console.settimeout(left)
            try:
                data = self.console.recv(65536)
            except TimeoutError:
                continue
            if not data:
                raise GuestDied(f"the guest ended: {(self.trouble() or ['no word'])[0]}")
            got += data.decode(errors="replace")
        return int(done.group(1))

    @staticmethod
    def read(path):
        with open(path, errors="replace") as f:
            return f.read()
