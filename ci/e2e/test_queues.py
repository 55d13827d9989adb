# SPDX-License-Identifier: BSD-2-Clause
"""Every queue of a NIC forwards."""
from lab import VIP, ask, e2e, expect, rip


def all_queues(t, count, answers):
    d = t.shuntd()
    d.service(f"-t {VIP}:80", [f"{rip(1)}:80"])
    expect(ask(t.lab, answers) == {"nginx1": answers}, "some requests failed")
    workers = d.workers()
    expect(len(workers) == count, f"{len(workers)} workers for {count} queues")
    for w in workers:
        expect(w["rx"] > 0 and w["tx"] > 0, f"worker {w['worker']} had nothing: rx {w['rx']}, tx {w['tx']}")


@e2e(queues=2)
def test_two_queues(t):
    """Both queues forward: counters of both workers from 64 connections."""
    all_queues(t, 2, 64)


@e2e(queues=5)
def test_five_queues(t):
    """So do five, on however many CPUs there are."""
    all_queues(t, 5, 200)


@e2e(queues=1)
def test_one_queue(t):
    """And a single one."""
    all_queues(t, 1, 20)
