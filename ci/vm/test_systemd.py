# SPDX-License-Identifier: BSD-2-Clause
"""The unit under a systemd of its own in the guest: what it is allowed suffices, and what it promises is kept."""
import os
import re
import subprocess
import time

from bed import WALL, GuestShuntd, Nic, expect, until, vm
from lab import ROOT, VIP, Conns, Skipped, rip

SYSTEMD = "/lib/systemd/systemd"
UNITS = "/run/units"  # all that this systemd knows
TARGETS = ("sysinit", "basic", "shutdown", "network-online", "multi-user", "umount")


class Unit(GuestShuntd):
    """shuntd.service, and shuntctl for it."""

    def __init__(self, lab, manager):
        self.lab, self.guest, self.manager = lab, lab.guest, manager

    def inside(self, command, check=True):
        """Runs it among the processes that systemd sees, and whose numbers it tells."""
        return self.guest.run(f"nsenter -t {self.manager} -p -m -- {command}", check, timeout=4 * WALL)

    def systemctl(self, words, check=True):
        return self.inside(f"systemctl {words}", check)

    def get(self, name):
        return self.systemctl(f"show --value -p {name} shuntd").strip()

    def main_pid(self):
        return int(self.get("MainPID"))

    def engine(self):
        pid = self.main_pid()
        out = self.inside(f"cat /proc/{pid}/task/{pid}/children", check=False)[1].split()
        return int(out[0]) if out else None


def write_conf(t, servers):
    check = "  MISC_CHECK {\n   delay_loop 1\n   alpha\n   misc_path \"sh -c 'test $(id -un) = nobody'\"\n   user nobody nogroup\n  }\n"
    blocks = "".join(f" real_server {rip(n)} 7 {{\n weight 1\n{check if n == 1 else ''} }}\n" for n in servers)
    with open(f"{t.guest.share}/shunt.conf", "w") as f:
        f.write(f"interface eth0 {{\n}}\nglobal {{\n mode copy\n}}\nvirtual_server {VIP} 7 {{\n lb_algo rr\n lb_kind DR\n"
                f" protocol TCP\n{blocks}}}\n")
    t.guest.run("mkdir -p /etc/shunt; cp /run/test/shunt.conf /etc/shunt/shunt.conf")


def install(t):
    subprocess.run(["make", "-s", "--no-print-directory", "-C", ROOT, "install", f"DESTDIR={t.guest.share}/root"], check=True,
                   capture_output=True)
    t.guest.run("cp -r /run/test/root/. / && systemd-sysusers shunt.conf && rm -rf /run/shunt && systemd-tmpfiles --create shunt.conf")


def boot(t):
    """A systemd as the first process of a namespace of processes: its number outside. What it says
    goes to the kernel's log, and what shuntd says to the test's."""
    lines = [f"mkdir -p {UNITS}/shuntd.service.d", f"cp /usr/lib/systemd/system/shuntd.service {UNITS}"]
    lines += [f"printf '[Unit]\\nDefaultDependencies=no\\n' >{UNITS}/{x}.target" for x in TARGETS]
    lines += [f"printf '[Service]\\nStandardOutput=append:/run/test/shuntd.log\\nStandardError=inherit\\n' >{UNITS}/shuntd.service.d/log.conf",
              f"SYSTEMD_UNIT_PATH={UNITS} container=test unshare --pid --fork --mount --mount-proc "
              f"{SYSTEMD} --system --unit=basic.target --log-target=kmsg </dev/null >/run/test/systemd.log 2>&1 & echo $!"]
    outer = int(t.guest.run("\n".join(lines)))
    pid = int(until(lambda: t.guest.run(f"cat /proc/{outer}/task/{outer}/children").strip(), WALL, "systemd is begun"))
    unit = Unit(t.lab, pid)
    until(lambda: unit.systemctl("is-active basic.target", check=False)[0] == 0, 2 * WALL, "systemd is up")
    return unit


def server(unit):
    return unit.show("health")["health"][0]["servers"][0]


def takes_over(t, unit, what, action):
    """That action under connections: none is broken or moved."""
    conns = Conns(t.lab, 20, interval=0.1)
    time.sleep(1)
    action()
    until(lambda: unit.get("ActiveState") == "active", 4 * WALL, f"active after {what}")
    result = conns.finish()
    t.notes.append(f"{what}: longest stall {result['max_stall_ms']} ms")
    expect(result["broken"] == 0 and result["moved"] == 0, f"{what}: {result}")


def watchdog(t, unit):
    """Stops the engine: within WatchdogSec= and a little another shuntd runs."""
    before, restarts = unit.main_pid(), int(unit.get("NRestarts"))
    unit.inside(f"kill -STOP {unit.engine()}")
    until(lambda: unit.main_pid() not in (0, before), 4 * WALL, "the watchdog's restart")
    expect(int(unit.get("NRestarts")) == restarts + 1, "systemd didn't restart it")


@vm(kernels=("6.1",), nics=(Nic("virtio", 2),), servers=2)
def test_unit(t):
    """start, reload, restart under traffic, watchdog, stop; with the unit's rights only."""
    if not os.path.exists(SYSTEMD):
        raise Skipped("no systemd here: ci/deps vm")
    t.lab.echo_servers(2, addresses=[f"{VIP}:7"])
    install(t)
    write_conf(t, (1,))
    unit = boot(t)
    try:
        unit.systemctl("start shuntd")
        unit.wait_usable(1)
        until(lambda: server(unit)["up"], WALL, "a check that runs as somebody else is good")
        expect(server(unit)["checks"][0]["failures"] == 0, f"{server(unit)}")
        status = unit.inside(f"cat /proc/{unit.main_pid()}/status")
        effective = int(re.search(r"^CapEff:\s*(\S+)", status, re.M)[1], 16)
        expect(bin(effective).count("1") == 7 and "NoNewPrivs:\t1" in status and "Seccomp:\t2" in status, status)
        expect(t.guest.run("stat -c '%G %a' /run/shunt/ctl.sock").split() == ["shunt", "660"], "the control socket's group")
        write_conf(t, (1, 2))
        unit.systemctl("reload shuntd")
        unit.wait_usable(2)
        t.guest.run("echo nonsense >>/etc/shunt/shunt.conf")
        expect(unit.systemctl("reload shuntd", check=False)[0] != 0, "a reload of a bad file succeeds")
        write_conf(t, (1, 2))
        takes_over(t, unit, "restart", lambda: unit.systemctl("restart shuntd"))
        takes_over(t, unit, "watchdog", lambda: watchdog(t, unit))
        unit.check_counters()
        unit.systemctl("stop shuntd")
        expect(unit.get("Result") == "success" and unit.get("ExecMainStatus") == "0", f"its end: {unit.systemctl('show shuntd')}")
    finally:
        t.guest.run(f"dmesg >/run/test/systemd.log; kill -9 {unit.manager}; sleep 1; shuntd --cleanup", check=False)
