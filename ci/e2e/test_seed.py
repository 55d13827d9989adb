# SPDX-License-Identifier: BSD-2-Clause
"""The experiment that shunt grew from, with its very addresses and lines, and its shares by weight."""
from lab import VIP, ask, curl, e2e, expect, must_fail, rip

SEED = ("-A -t 192.168.1.222:80 -s wrr", "-a -t 192.168.1.222:80 -r 192.168.1.54:80 -g -w 1")


def seed_works(t):
    for _ in range(20):
        out = curl(t.lab, f"http://{VIP}", timeout=5)
        expect(out == "nginx1\n", f"curl {VIP} printed {out!r}")


@e2e()
def test_curl_prints_nginx1(t):
    """One server, the two lines, and curl 192.168.1.222 prints nginx1; before them it doesn't."""
    d = t.shuntd()
    with must_fail("curl works without a service"):
        seed_works(t)
    for line in SEED:
        d.ctl(line)
    seed_works(t)
    expect(sum(w["tx"] for w in d.workers()) >= 20 * 5, "the workers saw next to nothing")


@e2e()
def control_no_kick(t):
    """Frames that are queued but never kicked do not arrive."""
    d = t.shuntd("-i", "eth0", "--poll", "busy", mutant="no_kick")  # a nap kicks, too
    for line in SEED:
        d.ctl(line)
    with must_fail("no_kick"):
        seed_works(t)
    t.checks_daemon = False


@e2e()
def control_no_csum(t):
    """A checksum that the client left to its NIC, if not completed, makes the server drop the segment."""
    d = t.shuntd(mutant="no_csum")
    for line in SEED:
        d.ctl(line)
    with must_fail("no_csum"):
        seed_works(t)


@e2e()
def control_no_recycle(t):
    """Frames that don't come back from the completion ring are noticed as missing."""
    d = t.shuntd(mutant="no_recycle")
    for line in SEED:
        d.ctl(line)
    ask(t.lab, 20)
    with must_fail("no_recycle"):
        d.check_counters()
    t.checks_daemon = False


def shares(t, sched, weights, queues_note):
    d = t.shuntd()
    d.service(f"-t {VIP}:80", [f"{rip(n)}:80" for n in (1, 2, 3)], sched=sched, weights=weights)
    answers = ask(t.lab, 600)
    expect(set(answers) == {"nginx1", "nginx2", "nginx3"}, f"{sched} {queues_note}: {answers}")
    return [answers[f"nginx{n}"] for n in (1, 2, 3)]


def near(got, wanted, points):
    return all(abs(g - w) <= 6 * points for g, w in zip(got, wanted))


@e2e(servers=3, queues=2)
def test_wrr_shares(t):
    """wrr with weights 1:2:3 gives 600 connections out within 3 points."""
    got = shares(t, "wrr", [1, 2, 3], "2 queues")
    expect(near(got, [100, 200, 300], 3), f"{got}")


@e2e(servers=3, queues=2)
def test_rr_shares(t):
    """rr gives 600 connections out exactly, whichever queues they come by."""
    got = shares(t, "rr", None, "2 queues")
    expect(got == [200, 200, 200], f"{got}")


@e2e(servers=3, queues=2)
def test_mh_shares(t):
    """mh over addresses and ports, weights 1:2:3, does so up to chance (4 sigma of 600 draws)."""
    got = shares(t, "mh -b mh-port", [1, 2, 3], "2 queues")
    expect(near(got, [100, 200, 300], 8), f"{got}")
