# SPDX-License-Identifier: BSD-2-Clause
"""Much data towards the servers: the half of a connection that a director sees."""
from lab import VIP, e2e, expect, offloads_off, rip, upload


def uploads(t):
    """The sanitizer's build is about ten times slower, and gets a quarter of the bytes."""
    size = (64 if t.san else 256) << 20
    d = t.shuntd()
    d.service(f"-t {VIP}:80", [f"{rip(n)}:80" for n in (1, 2)], sched="rr")
    t.notes.append(f"{size / upload(t.lab, ['big'], size) / 1e6:.0f} MB/s")
    upload(t.lab, [f"part{i}" for i in range(50)], 1 << 20)
    done = sum(w["tx"] for w in d.workers())
    expect(done * 1500 > size, f"only {done} frames went through the workers")


@e2e(servers=2, queues=2)
def test_upload(t):
    """256 MiB with the same sha256 on the server, then 50 uploads at once; offloads at their defaults."""
    uploads(t)


@e2e(servers=2, queues=2)
def test_upload_offloads_off(t):
    """The same with every offload off."""
    offloads_off(t.lab)
    uploads(t)
