# SPDX-License-Identifier: BSD-2-Clause
"""A flood of SYNs with false source addresses: it takes nothing from connections that stand, nor from another service."""
import json
import subprocess
import threading
import time

from lab import DIRECTOR_MAC, ROOT, VIP, Conns, Skipped, e2e, expect, must_fail, rip, say

OTHER = "192.168.1.223"
PORT = 7
SECONDS, RATE = 6, 70000  # more than the quota, but what one worker takes on a shared machine
QUOTA = 1 << 15           # half-open flows that a service may begin in a second, as src/path/lookup.h has it
STANDING = 200            # connections on each service
NEW_EVERY = 0.05          # seconds between new connections to the other service
RSS_MIB, RSS_MIB_SAN = 4, 64  # that shuntd may grow by; a sanitizer has its own memory
SPOOFED = "198.19.0.0/16"


def flood_services(t, **how):
    """The same servers at two addresses; the first will be flooded."""
    t.lab.run("director", f"ip addr add {OTHER}/32 dev eth0")
    for n in (1, 2):
        t.lab.run(f"server{n}", f"ip addr add {OTHER}/32 dev lo")
    t.lab.echo_servers(2, addresses=[f"{VIP}:{PORT}", f"{OTHER}:{PORT}"])
    d = t.shuntd(**how)
    for vip in (VIP, OTHER):
        d.service(f"-t {vip}:{PORT}", [f"{rip(n)}:{PORT}" for n in (1, 2)], sched="rr")
    return d


def rss(pid):
    with open(f"/proc/{pid}/status") as f:
        return next(int(line.split()[1]) for line in f if line.startswith("VmRSS"))


def half_open(d):
    """Flows of the flooded service that aren't established."""
    service, = json.loads(d.ctl(f"-L -t {VIP}:{PORT} -n --json"))["services"]
    return sum(s["inactive"] for s in service["servers"])


class Newcomers(threading.Thread):
    """New connections to the other service, one after another, until they are told to stop."""

    def __init__(self, lab):
        super().__init__()
        self.lab, self.served, self.refused, self.slowest = lab, 0, [], 0.0
        self.over = threading.Event()

    def run(self):
        while not self.over.wait(NEW_EVERY):
            start = time.monotonic()
            name, error = say(self.lab, host=OTHER, port=PORT)
            self.slowest = max(self.slowest, time.monotonic() - start)
            self.served += bool(name)
            if not name:
                self.refused.append(error)

    def finish(self):
        self.over.set()
        self.join()


def flood(t):
    """Sends the flood to its end: what the generator says of it."""
    sender = t.lab.spawn("client", [
        f"{ROOT}/build/flowgen", "send", "-i", "eth0", "-m", DIRECTOR_MAC, "-d", VIP, "-p", str(PORT), "--syn",
        "-s", SPOOFED, "-f", "16M", "-r", str(RATE), "-t", str(SECONDS), "-e", "afxdp", "-j"], "flowgen.log",
        stdout=subprocess.PIPE, text=True)
    out, _ = sender.communicate(timeout=SECONDS + 20)
    expect(sender.returncode == 0, f"flowgen: status {sender.returncode}: see flowgen.log")
    return json.loads(out)


def run_flood(t, **how):
    d = flood_services(t, **how)
    same, other = Conns(t.lab, STANDING, interval=0.2), Conns(t.lab, STANDING, interval=0.2, host=OTHER)
    before = rss(d.engine()), rss(d.child.pid), sum(w["rx"] for w in d.workers())
    newcomers = Newcomers(t.lab)
    newcomers.start()
    try:
        start = time.monotonic()
        flood(t)
        took = time.monotonic() - start
        left = half_open(d)
    finally:
        newcomers.finish()
    arrived = sum(w["rx"] for w in d.workers()) - before[2]
    grown = (rss(d.engine()) - before[0] + rss(d.child.pid) - before[1]) / 1024
    ends = same.finish(), other.finish()
    t.notes.append(f"{arrived / took / 1000:.0f} k frames/s, {left} half-open, {newcomers.served} newcomers, the slowest "
                   f"{newcomers.slowest * 1000:.0f} ms, RSS {grown:+.1f} MiB")
    for what, end in zip(("the flooded service", "the other service"), ends):
        expect(not end["broken"] and not end["moved"], f"connections of {what}: {end}")
    expect(not newcomers.refused and newcomers.served, f"newcomers: {newcomers.served} served, {newcomers.refused[:3]}")
    expect(grown < (RSS_MIB_SAN if t.san else RSS_MIB), f"shuntd has grown by {grown:.1f} MiB")
    most = QUOTA * (int(took) + 2)
    expect(left <= most, f"{left} half-open flows, with a quota of {QUOTA} a second for {took:.1f} s")
    if arrived <= most:
        raise Skipped(f"only {arrived} frames in {took:.1f} s: the machine is too slow to reach the quota; all else was as it should")


@e2e(servers=2, queues=1)
def test_flood(t):
    """A flood of SYNs breaks none of 400 connections, refuses no newcomer next door, keeps to its quota and costs no memory."""
    run_flood(t)


@e2e(servers=2, queues=1)
def control_flood_quota(t):
    """The test notices a director without a quota of half-open flows."""
    with must_fail("no quota", "half-open flows"):
        run_flood(t, mutant="no_syn_quota")
