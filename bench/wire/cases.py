# SPDX-License-Identifier: BSD-2-Clause
"""What is measured. Each case goes through its forwarders in turn, run by run: what else happens on the
machine meets all of them alike, and a ratio is of two values of the same run."""
import statistics
import time

from bed import GEN_CPU, PORT, PRIO_AIDE, SERVERS, VIP, ordinary
from search import Search
from trial import DRAIN_S, send, sent_by, sink_close, sink_open

STEPS = (0.5, 0.7, 0.8, 0.9, 1.0, 1.2, 1.5, 2.0, 3.0, 5.0)  # of what goes flat out
PAIRS, PAIRS_SMOKE, PAIR_S = 7, 3, 0.15  # short trials to a run of pairs()
EDIT_PAUSE_S = 0.01
FLOWS = {"1 flow": 1, "10k flows": 10000, "1M flows": 1000000}


class Bench:
    """What all cases share. up: name -> forwarder that is there; pdr, peak: of each, what earlier cases found."""

    def __init__(self, bed, record, trials, up, seconds, runs):
        self.bed = bed
        self.record, self.trial, self.up, self.seconds, self.runs = record, trials, up, seconds, runs
        self.pairs = PAIRS if runs > 1 else PAIRS_SMOKE
        self.pdr, self.peak = {}, {}

    def some(self, *names):
        return [self.up[n] for n in names if n in self.up]


AFXDP = ("shunt", "best", "sample")


def warm(b, f, flows):
    """Every flow is known, as far as one can in a moment."""
    if flows > 100000:
        b.trial(f, 2.0 if b.seconds >= 0.3 else 0.5, flows=flows)


def flat(b):
    """As many as go, of 1, 10k and 1M flows."""
    for text, flows in FLOWS.items():
        some = [f for f in b.up.values() if f.returns and (flows == 10000 or f.name in AFXDP)]
        for f in some:
            warm(b, f, flows)
        for _ in range(b.runs):
            for f in some:
                t = b.trial(f, b.seconds, flows=flows)
                b.record.add(f"flat out, {text}: {f.name}", t.pps, "pps", flows=flows, forwarder=f.name)
                b.record.add(f"flat out, {text}: offered to {f.name}", t.offered, "pps", flows=flows)
                b.record.add(f"flat out, {text}: CPU time, {f.name}", t.cpu_ns, "ns/packet", flows=flows)
        for other in AFXDP[1:] if flows != 10000 else ():
            b.record.ratio(f"flat out, {text}: shunt / {other}", f"flat out, {text}: shunt", f"flat out, {text}: {other}")


def pairs(b):
    """The ratios that matter most. This machine's clock rate changes by a third within seconds, so trials are short and
    in turn; a run's value is the median of the ratios of neighbours."""
    some = b.some(*AFXDP)
    for _ in range(b.runs):
        pps = {f.name: [] for f in some}
        for _ in range(b.pairs):
            for f in some:
                pps[f.name].append(b.trial(f, PAIR_S).pps)
        for other in AFXDP[1:]:
            b.record.add(f"flat out, 10k flows: shunt / {other}",
                         statistics.median(x / y for x, y in zip(pps["shunt"], pps[other]) if y), "ratio")
    b.record.target("flat out, 10k flows: shunt / best", 0.98, 0.93, more=True)
    b.record.target("flat out, 10k flows: shunt / sample", 1.10, 1.00, more=True)


def ceiling(b):
    """What the generator can do here, in front of who drops all."""
    for f in b.some("xdp drop"):
        b.trial(f, b.seconds)  # the first finds everything cold
        for _ in range(b.runs):
            b.record.add("generator's ceiling", b.trial(f, b.seconds).offered, "pps")


def search(b, flows=10000):
    """NDR (no loss) and PDR (0.5 %), by bisection; all forwarders' searches side by side, trial by trial."""
    text = next(k for k, v in FLOWS.items() if v == flows)
    for r in range(max(1, b.runs // 2)):
        todo = []
        for f in b.some(*(AFXDP if flows > 10000 else AFXDP + ("nft fwd", "xdp tx"))):
            peak = b.record.series.get(f"flat out, {text}: {f.name}")
            todo.append((f, Search(1.15 * peak.median if peak else 1e6)))
        while any(s.rate for _, s in todo):
            for f, s in todo:
                if s.rate:
                    t = b.trial(f, b.seconds, rate=s.rate, flows=flows)
                    s.tell(t.offered, t.loss)
        for f, s in todo:
            for what, value in (("NDR", s.ndr), ("PDR", s.pdr)):
                b.record.add(f"{what}, {text}: {f.name}", value, "pps", flows=flows, forwarder=f.name,
                             loss=0 if what == "NDR" else 0.005)
    for f in b.some(*AFXDP):
        b.pdr[f.name] = b.record.series[f"PDR, {text}: {f.name}"].median
    b.record.ratio(f"PDR, {text}: shunt / best", f"PDR, {text}: shunt", f"PDR, {text}: best")


def curve(b):
    """Loss and what is forwarded against what is offered, up to five times the peak, or what the generator can."""
    some = b.some(*AFXDP)
    at = {(f.name, x): [] for f in some for x in STEPS}
    for _ in range((b.runs + 1) // 2):
        for x in STEPS:
            for f in some:
                peak = b.record.series[f"flat out, 10k flows: {f.name}"].median
                t = b.trial(f, b.seconds, rate=x * peak, flood=x > 1)
                at[f.name, x].append((t.offered, t.pps, t.loss))
    middle = {k: [statistics.median(v[i] for v in values) for i in range(3)] for k, values in at.items()}
    b.record.notes["loss curve"] = {f.name: [middle[f.name, x] for x in STEPS] for f in some}
    for f in some:
        b.peak[f.name] = max((middle[f.name, x] for x in STEPS if x <= 2), key=lambda m: m[1])[0]


def overload(b):
    """What is forwarded in a flood, against what is forwarded at the rate that the curve shows to be best: pairs of
    short trials, as in pairs()."""
    for _ in range(b.runs):
        for f in b.some(*AFXDP):
            peak = b.peak[f.name]
            both = [(b.trial(f, PAIR_S, rate=peak, flood=True), b.trial(f, PAIR_S, rate=5 * peak, flood=True))
                    for _ in range(b.pairs)]
            for what, value in ((f"overload: {f.name} / own peak", lambda p, q: q.pps / p.pps),
                                (f"overload: offered to {f.name} / own peak", lambda p, q: q.offered / p.pps)):
                b.record.add(what, statistics.median(value(p, q) for p, q in both if p.pps), "ratio", forwarder=f.name)
    b.record.target("overload: shunt / own peak", 0.9, 0.7, more=True)


def latency(b):
    """At 10, 50 and 90 % of one's own PDR."""
    cdf = b.record.notes.setdefault("latency histograms", {})
    for share in (10, 50, 90):
        for _ in range(b.runs):
            for f in b.some("shunt", "best"):
                t = b.trial(f, b.seconds, rate=b.pdr[f.name] * share / 100)
                where = f"latency at {share} % of PDR: {f.name}"
                for p in ("p50", "p99", "p999", "max"):
                    b.record.add(f"{where}, {p}", t.latency[p] / 1e3, "us", forwarder=f.name, share=share)
                merged = cdf.setdefault(where, {})
                for low, width, n in t.latency["histogram"]:
                    key = str(low + width // 2)
                    merged[key] = merged.get(key, 0) + n


def idle(b):
    """A packet a millisecond: what the first one waits that wakes a sleeping worker. And no packet at all."""
    for _ in range(b.runs):
        for f in b.some("shunt", "shunt, busy", "best"):
            t = b.trial(f, max(b.seconds, 0.5), rate=1000)
            for p in ("p50", "p99", "max"):
                b.record.add(f"one packet, idle: {f.name}, {p}", t.latency[p] / 1e3, "us", forwarder=f.name)
        for f in b.some("shunt"):
            before, start = f.cpu_all(), time.monotonic()
            time.sleep(5 * b.seconds)
            b.record.add("no traffic: shunt's CPU use, all threads",
                         100 * (f.cpu_all() - before) / (time.monotonic() - start), "%")
    adaptive, busy = (b.record.series.get(f"one packet, idle: {n}, p50") for n in ("shunt", "shunt, busy"))
    for x, y in zip(adaptive.values, busy.values) if adaptive and busy else ():
        b.record.add("one packet, idle: added by sleeping", x - y, "us")
    b.record.target("one packet, idle: added by sleeping", 60, 150, more=False)
    b.record.target("no traffic: shunt's CPU use, all threads", 1, 2, more=False)


def queues(b):
    """A second queue for the same worker, at a rate that both manage; two generators, frames in bursts."""
    for _ in range(b.runs):
        for f in b.some("shunt", "shunt, 2 queues"):
            n = f.queues
            link, sink = f.link, sink_open(f.link)
            before = f.cpu()[0]
            f.resume()
            sent = [send(link, b.seconds, 200000 / n, 10000,
                         ["-e", "afxdp", "-q", str(q), "--stream", str(q), "-b", "32", "--lag", "10"]) for q in range(n)]
            frames = sum(sent_by(g)["frames"] for g in sent)
            time.sleep(DRAIN_S)
            f.pause()
            got = sink_close(sink)
            if not frames:
                continue  # generators that came up too late
            b.record.add(f"200k pps: {f.name}", 1e9 * (f.cpu()[0] - before) / max(1, got["frames"]), "ns/packet")
            b.record.add(f"200k pps: {f.name}, loss", 1 - got["frames"] / frames, "ratio")
    b.record.ratio("2 queues / 1 queue, CPU time", "200k pps: shunt, 2 queues", "200k pps: shunt")


def reload(b):
    """Servers change weight, one every 10 ms, while packets flow at half the PDR."""
    for f in b.some("shunt"):
        aides = set(f.threads()) - set(f.tids)
        for tid in aides:
            b.bed.place(tid, PRIO_AIDE, GEN_CPU)
        for _ in range(b.runs):
            reload_once(b, f, b.pdr.get("shunt", 400000) / 2)
        for tid in aides:
            ordinary(tid)


def reload_once(b, f, rate):
    sink = sink_open(f.link)
    f.resume()
    generator = send(f.link, 1.0, rate, 10000)
    took = []
    while generator.poll() is None:
        began, n = time.monotonic(), len(took)
        f.ctl("-e", "-u", f"{VIP}:{PORT}", "-r", f"198.18.1.{n % SERVERS + 1}", "-w", str(n % 5 + 1))
        took.append(time.monotonic() - began)
        time.sleep(EDIT_PAUSE_S)  # all of this is on the generator's CPU
    sent = sent_by(generator)
    time.sleep(DRAIN_S)
    f.pause()
    got = sink_close(sink)
    if not sent["frames"]:
        return  # the generator came up too late
    b.record.add("reload under load: changes", len(took), "changes")
    b.record.add("reload under load: a change, with starting shuntctl", 1e3 * statistics.median(took), "ms")
    b.record.add("reload under load: loss", 1 - got["frames"] / sent["frames"], "ratio")
    b.record.add("reload under load: reordered", got["reordered"], "frames")
    b.record.add("reload under load: latency, p99", got["latency_ns"]["p99"] / 1e3, "us")


def start(b):
    """From exec to 'ready', and a table of 1,000 services with 4 servers each."""
    lines = [f"-A -t 198.18.2.{s // 250}:{1000 + s % 250} -s rr\n" + "".join(
        f"-a -t 198.18.2.{s // 250}:{1000 + s % 250} -r 198.18.1.{i} -g -w 1\n" for i in range(1, SERVERS + 1))
        for s in range(1000)]
    for f in b.some("shunt"):
        for _ in range(min(b.runs, 5)):
            f.stop()
            f.children.clear()
            f.start()
            b.record.add("start: until ready", 1e3 * f.ready_s, "ms")
            began = time.monotonic()
            f.ctl("-R", input="".join(lines))
            b.record.add("start: restore of 1,000 services, 4,000 servers", 1e3 * (time.monotonic() - began), "ms")


CASES = {"ceiling": ceiling, "pairs": pairs, "flat": flat, "search": search, "search 1M": lambda b: search(b, 1000000),
         "curve": curve, "overload": overload, "latency": latency, "idle": idle, "queues": queues, "reload": reload, "start": start}
