# SPDX-License-Identifier: BSD-2-Clause
"""How the daemon gets and sends its frames: modes, polling, plan."""
import json
import time

from lab import VIP, ask, ask_udp, e2e, expect, rip


def forwards(t, *args, mode):
    d = t.shuntd("-i", "eth0", *args)
    d.service(f"-t {VIP}:80", [f"{rip(1)}:80"])
    expect(ask(t.lab, 20) == {"nginx1": 20}, f"{args}: requests failed")
    expect(f'"{mode}"' in json.dumps(d.show("ports")), f"show ports: {d.ctl('show ports')}")


@e2e(queues=2)
def test_auto_is_copy_on_veth(t):
    """veth has no zero-copy: auto reads back that it got native copy mode."""
    forwards(t, mode="copy")


@e2e(queues=2)
def test_skb(t):
    """Generic XDP."""
    forwards(t, "--mode", "skb", mode="skb")


@e2e()
def test_zerocopy_is_not_pretended(t):
    """--mode zerocopy fails where it isn't to be had."""
    d = t.shuntd("-i", "eth0", "--mode", "zerocopy", ready=False)
    status = d.child.wait(10)
    lines = d.log_text().splitlines()
    expect(status in (1, 75) and lines and "zerocopy" in lines[-1].replace("-", ""), f"status {status}: {lines}")
    t.checks_daemon = False


def answers_at_once(t, *args):
    """A lone datagram after a pause, ten times: none waits for others to fill a burst."""
    d = t.shuntd("-i", "eth0", *args)
    t.lab.echo_servers(1, port=53)
    d.service(f"-u {VIP}:53", [f"{rip(1)}:53"])
    took = []
    for _ in range(10):
        time.sleep(0.2)
        start = time.monotonic()
        names, lost = ask_udp(t.lab, [b"q"])
        took.append(round(1000 * (time.monotonic() - start), 1))
        expect(not lost, f"a lone datagram was lost after {took}")
    expect(sorted(took)[5] < (50 if t.san else 10), f"milliseconds: {took}")


@e2e()
def test_poll_adaptive(t):
    """Asleep when idle, and awake for one packet."""
    answers_at_once(t, "--poll", "adaptive")


@e2e()
def test_poll_busy(t):
    """Spinning."""
    answers_at_once(t, "--poll", "busy")


@e2e(queues=2)
def test_print_plan(t):
    """--print-plan tells queues and CPUs, as text and as JSON, and attaches nothing."""
    text = t.lab.run("director", f"{t.build}/shuntd", "-i", "eth0", "--print-plan")
    expect("eth0" in text, text)
    json.loads(t.lab.run("director", f"{t.build}/shuntd", "-i", "eth0", "--print-plan=json"))
    expect("xdp" not in t.lab.run("director", "ip link show eth0"), "it attached something")
