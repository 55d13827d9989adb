# SPDX-License-Identifier: BSD-2-Clause
"""What a service manager hears: READY, and WATCHDOG only while every worker moves."""
import os
import signal
import socket
import time

from lab import e2e, expect


def heard(sock, seconds):
    """The messages of that time."""
    got, end = [], time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        sock.settimeout(left)
        try:
            got.append(sock.recv(4096).decode())
        except TimeoutError:
            break
    return got


@e2e(queues=2)
def test_watchdog(t):
    """READY=1 once, WATCHDOG=1 every second; none while the engine is stopped."""
    path = f"{t.lab.state}/notify.sock"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(path)
        d = t.shuntd("-i", "eth0", env={"NOTIFY_SOCKET": path})
        first = heard(manager, 3.5)
        expect(sum("READY=1" in m for m in first) == 1, f"heard {first}")
        expect(sum("WATCHDOG=1" in m for m in first) >= 2, f"heard {first}")
        engine = d.engine()
        os.kill(engine, signal.SIGSTOP)
        heard(manager, 0.5)
        still = heard(manager, 3)
        os.kill(engine, signal.SIGCONT)
        expect(still == [], f"of a stopped engine: {still}")
        expect("WATCHDOG=1" in "".join(heard(manager, 5)), "nothing of an engine that goes on")
