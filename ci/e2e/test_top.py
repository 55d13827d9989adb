# SPDX-License-Identifier: BSD-2-Clause
"""shuntctl top: plain lines in a pipe, a screen on a terminal."""
import fcntl
import json
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time

from lab import VIP, Conns, Failed, e2e, expect, rip, until

LEAVE = "\x1b[?1049l"  # the screen of before


def loaded(t):
    d = t.shuntd()
    t.lab.echo_servers(1)
    d.service(f"-t {VIP}:7", [f"{rip(1)}:7"])
    return d, Conns(t.lab, 20, interval=0.01)


@e2e(servers=1)
def test_plain(t):
    """In a pipe: as many tables as were asked for, with rates, then it ends; wrong words are refused."""
    d, conns = loaded(t)
    time.sleep(5)  # rates climb slowly
    start = time.monotonic()
    workers = d.ctl("top workers --interval 0.5 -n 3")
    expect(1.2 < time.monotonic() - start < 6, f"three times half a second took {time.monotonic() - start:.1f} s")
    tables = workers.strip().split("\n\n")
    expect(len(tables) == 3, f"{len(tables)} tables:\n{workers}")
    for table in tables:
        head, titles, row = table.splitlines()
        expect(re.fullmatch(r"\d\d:\d\d:\d\d workers", head) and titles.startswith("WORKER"), head)
        busy, rx = row.split()[2:4]
        expect(0 < float(busy[:-1]) <= 100, f"the worker isn't busy: {row}")
        expect("k" in rx or int(rx) > 100, f"20 connections, 100 a second each: {row}")
    services = d.ctl("top --interval=0.2 -n 1").splitlines()
    expect(services[2].startswith(f"tcp {VIP}:7 ") and services[2].split()[2:5] == ["1", "20", "0"], services[2])
    expect(services[2].split()[6] != "0", f"no packets: {services[2]}")
    servers = d.ctl("top servers --interval=0.2 -n 1").splitlines()
    expect(f" {rip(1)}:7 " in servers[2] and " ok " in servers[2], servers[2])
    answers = [json.loads(x) for x in d.ctl("top --json --interval=0.2 -n 2").splitlines()]
    expect(len(answers) == 2 and answers[0]["schema_version"], "JSON, one a line")
    for wrong in ("top nothing", "top -n 0", "top -n", "top --interval 0.01", "top --interval x", "top --intervals 1"):
        status, _, err = d.try_ctl(wrong)
        expect(status == 2 and "usage: shuntctl top" in err, f"{wrong}: {status}: {err}")
    result = conns.finish()
    expect(result["broken"] == 0, f"{result}")


@e2e(servers=1)
def test_no_daemon(t):
    """Without a daemon plain top says so and ends with status 1; one that goes away doesn't end a screen."""
    d = t.shuntd()
    with Screen(d, "--interval", "0.2") as screen:
        screen.expect("SERVICE")
        expect(d.stop() == 0, "a clean end")
        screen.expect("cannot reach shuntd")
        expect(screen.press("q", ends=True) == 0, "its status")
    status, _, err = d.try_ctl("top -n 1")
    expect(status == 1 and "cannot reach shuntd" in err, f"{status}: {err}")
    t.checks_daemon = False


class Screen:
    """shuntctl top on a terminal of 24 lines."""

    def __init__(self, d, *args):
        pid, self.fd = pty.fork()
        if not pid:
            os.environ["TERM"] = "xterm"
            os.execv(f"{d.build}/shuntctl", ["shuntctl", "--ctl", d.ctl_path, "top", *args])
        self.pid = pid
        self.text = ""
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 120, 0, 0))

    def read(self, seconds=0.05):
        if select.select([self.fd], [], [], seconds)[0]:
            try:
                self.text += os.read(self.fd, 65536).decode(errors="replace")
            except OSError:
                pass  # it ended
        return self.text

    def expect(self, words):
        until(lambda: words in self.read(), 10, f"{words!r} on the screen, but {self.text[-500:]!r}")

    def press(self, key, ends=False):
        if key:
            self.text = ""
        os.write(self.fd, key.encode())
        if not ends:
            return None
        end = time.monotonic() + 10
        while time.monotonic() < end:
            self.read()
            done, status = os.waitpid(self.pid, os.WNOHANG)
            if done:
                self.pid = None
                return os.waitstatus_to_exitcode(status)
        raise Failed(f"it doesn't end: {self.text[-200:]!r}")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.pid:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        os.close(self.fd)


@e2e(servers=1)
def test_screen(t):
    """On a terminal: keys switch views, q ends it and leaves the terminal as it was; -n ends it too."""
    d, conns = loaded(t)
    with Screen(d, "--interval", "0.3") as screen:
        for key, words in (("", f"tcp {VIP}:7"), ("w", "WORKER"), ("2", f"{rip(1)}:7"), ("\t", "WORKER")):
            screen.press(key)
            screen.expect(words)
        expect(screen.press("q", ends=True) == 0, "its status")
        expect(LEAVE in screen.text, f"the terminal isn't given back: {screen.text[-200:]!r}")
    with Screen(d, "workers", "-n", "2", "--interval", "0.3") as screen:
        expect(screen.press("", ends=True) == 0 and LEAVE in screen.text, f"-n: {screen.text[-200:]!r}")
    none = subprocess.run([f"{d.build}/shuntctl", "--ctl", d.ctl_path, "top", "-n", "1", "--interval", "0.1"],
                          capture_output=True, text=True, env=dict(d.env, TERM="nonsense"), timeout=20)
    expect(none.returncode == 0 and "SERVICE" in none.stdout, f"with a strange TERM: {none}")
    expect(conns.finish()["broken"] == 0, "a connection broke")
