# SPDX-License-Identifier: BSD-2-Clause
"""One trial: the generator sends for some time at some rate, the sink counts what comes back."""
import json
import os
import select
import signal
import subprocess
import time

from bed import DIRECTOR_MAC, GEN_CPU, PORT, PRIO_AIDE, PRIO_GEN, VIP, build

WAITED_MAX = 0.01  # of a trial: who waited longer than this for its CPU was disturbed
MISSED_MAX = 0.01  # of what a paced generator should have sent
SENDS_MIN = 0.7    # of a trial: a generator that sent for less time came up late
ATTEMPTS = 5
DRAIN_S = 0.03     # for what is still in rings


class Trial:
    """What came of it. loss: of what was sent. pps: that arrived, by the sink's clock."""

    def __init__(self, sent, got, cpu_s, waited_s, seconds):
        self.sent, self.got = sent["frames"], got["frames"]
        self.offered = sent["pps"]
        self.pps = got["frames"] / got["seconds"] if got["seconds"] else 0.0
        self.loss = max(0.0, 1 - self.got / self.sent) if self.sent else 0.0
        self.latency = got["latency_ns"]
        self.reordered, self.duplicates = got["reordered"], got["duplicates"]
        self.servers = len(got["servers"])
        self.cpu_ns = 1e9 * cpu_s / self.got if self.got else 0.0
        self.waited = waited_s / seconds
        paced = sent["rate_asked"] * seconds
        self.missed = sent["missed"] / paced if paced else 0.0
        self.late = sent["seconds"] < SENDS_MIN * seconds

    def disturbed(self, flood):
        return self.waited > WAITED_MAX or (self.missed > MISSED_MAX and not flood) or self.late


class Trials:
    """Runs them; counts how many had to be repeated. repeats: no more than these, all trials together, so that a
    benchmark ends in time on a machine that others use."""

    def __init__(self, repeats):
        self.repeats = repeats
        self.run, self.repeated, self.disturbed = 0, 0, 0

    def __call__(self, forwarder, seconds, rate=None, flows=10000, flood=False):
        """flood: the generator may fall behind its rate."""
        for attempt in range(ATTEMPTS):
            t = once(forwarder, seconds, rate, flows)
            self.run += 1
            if not t.disturbed(flood):
                return t
            if self.repeated >= self.repeats:
                break
            self.repeated += attempt + 1 < ATTEMPTS
        self.disturbed += 1
        return t

    def notes(self):
        return {"trials": self.run, "repeated because somebody else had the CPU": self.repeated,
                "disturbed all the same": self.disturbed}


def sink_open(link):
    sink = link.spawn(link.world, [build("flowgen"), "sink", "-i", link.w, "-j", "--streams", "2"], prio=PRIO_AIDE,
                      stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    if not select.select([sink.stderr], [], [], 10)[0] or sink.stderr.readline().strip() != "ready":
        sink.terminate()
        raise RuntimeError(f"flowgen sink isn't ready: {sink.stderr.read()} status {sink.wait()}")
    return sink


def sink_close(sink):
    sink.send_signal(signal.SIGINT)
    out, err = sink.communicate(timeout=20)
    if sink.returncode:
        raise RuntimeError(f"flowgen sink: {err}")
    return json.loads(out.splitlines()[-1])


def send(link, seconds, rate, flows, extra=()):
    """Starts a generator."""
    args = [build("flowgen"), "send", "-i", link.w, "-c", str(GEN_CPU), "-m", DIRECTOR_MAC, "-d", VIP, "-p", str(PORT),
            "-t", str(seconds), "-f", str(flows), "--pick", "random", "-j"]
    generator = link.spawn(link.world, [*args, *(["-r", str(int(rate))] if rate else []), *extra], prio=PRIO_AIDE,
                           stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    if link.bed.realtime:
        hurry(link.bed, generator, 5)
    return generator


def hurry(bed, generator, seconds):
    """In real time the thread that sends comes below flowgen's main thread, which ends it."""
    end = time.monotonic() + seconds
    while generator.poll() is None and time.monotonic() < end:
        tids = [int(t) for t in os.listdir(f"/proc/{generator.pid}/task")]
        if len(tids) > 1:
            for tid in set(tids) - {generator.pid}:
                bed.place(tid, PRIO_GEN, GEN_CPU)
            return
        time.sleep(0.001)


def sent_by(generator):
    out, err = generator.communicate(timeout=60)
    if generator.returncode:
        raise RuntimeError(f"flowgen send: {err}")
    return json.loads(out)


def once(forwarder, seconds, rate, flows):
    link = forwarder.link
    sink = sink_open(link)
    forwarder.resume()
    try:
        before = forwarder.cpu()
        sent = sent_by(send(link, seconds, rate, flows))
        time.sleep(DRAIN_S)
        after = forwarder.cpu()
    finally:
        forwarder.pause()
    got = sink_close(sink)
    link.bed.children = [c for c in link.bed.children if c.poll() is None]
    return Trial(sent, got, after[0] - before[0], after[1] - before[1], seconds)
