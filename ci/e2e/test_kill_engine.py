# SPDX-License-Identifier: BSD-2-Clause
"""kill -9 of the engine: the holder starts another on the same sockets, rings and tables."""
import os
import signal
import time

from lab import VIP, Conns, Failed, e2e, expect, rip, until

KILLS, EVERY, STALL_MS = 20, 0.25, 50


def frames_whole(d):
    """No frame is missing; the control socket may be away for a moment, a frame under way."""
    def whole():
        try:
            return not d.frames_missing()
        except Failed:
            return False
    return whole


@e2e(servers=3, queues=2)
def test_kill_engine(t):
    """20 times, 250 ms apart, under 100 connections: none broken, none moved, stall at most 50 ms."""
    d = t.shuntd()
    t.lab.echo_servers(3)
    d.service(f"-t {VIP}:7", [f"{rip(n)}:7" for n in (1, 2, 3)], sched="wrr")
    conns = Conns(t.lab, 100, interval=0.05)
    time.sleep(0.5)
    for kill in range(KILLS):
        start, old = time.monotonic(), d.engine()
        os.kill(old, signal.SIGKILL)
        until(lambda: d.engine() not in (None, old), 2, f"a new engine after kill {kill + 1}")
        until(frames_whole(d), 2, f"all frames found after kill {kill + 1}")
        time.sleep(max(0, start + EVERY - time.monotonic()))
    result = conns.finish()
    expect(result["broken"] == 0 and result["moved"] == 0, f"{result}")
    expect(len(result["servers"]) == 3, f"{result['servers']}")
    limit = STALL_MS * (10 if t.san else 1)  # an instrumented process takes long to fork and to die
    expect(result["max_stall_ms"] <= limit, f"stall {result['max_stall_ms']} ms, not {limit}: {result}")
    expect(d.child.poll() is None, "the holder is gone")
    lines = d.ctl("-S -n").splitlines()
    expect(len(lines) == 4, f"the new engine's services: {lines}")
