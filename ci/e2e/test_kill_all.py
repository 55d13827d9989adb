# SPDX-License-Identifier: BSD-2-Clause
"""kill -9 of all of shuntd, and a restart that resets nobody, with the VIP on the director."""
import subprocess
import time

from lab import VIP, Conns, e2e, expect, must_fail, rip, say

AWAY = 2


def start_service(t, servers, sched, **kw):
    d = t.shuntd(**kw)
    t.lab.echo_servers(servers)
    d.service(f"-t {VIP}:7", [f"{rip(n)}:7" for n in range(1, servers + 1)], sched=sched)
    return d


def go_on(t, conns, again=()):
    """Another daemon takes over what is pinned, services and flows; nobody was reset."""
    d = t.shuntd()
    for line in again:
        d.ctl(line)
    time.sleep(4)  # what was sent meanwhile is sent again by TCP's own timers
    result = conns.finish()
    t.notes.append(f"longest stall {result['max_stall_ms']} ms")
    expect(result["broken"] == 0 and result["moved"] == 0, f"{result}")
    expect(result["max_stall_ms"] > 1000 * AWAY * 0.9, f"shuntd was away, and nobody noticed: {result}")
    return d


def kill_and_restart(t, servers, sched, again=()):
    d = start_service(t, servers, sched)
    conns = Conns(t.lab, 50, interval=0.1)
    rules = d.ctl("-S -n")
    time.sleep(0.5)
    d.kill_all()
    time.sleep(AWAY)
    d = go_on(t, conns, again)
    expect(d.ctl("-S -n") == rules, f"before: {rules}\nafter: {d.ctl('-S -n')}")


@e2e(queues=2)
def test_kill_all(t):
    """Away for 2 s: no connection is reset, and after a restart all go on."""
    kill_and_restart(t, 1, "wrr")


@e2e(servers=3, queues=2)
def test_kill_all_three_servers(t):
    """Each finds its server again, though it was chosen by turns."""
    kill_and_restart(t, 3, "rr")


@e2e(queues=2)
def test_kill_all_script(t):
    """A script that adds the services after every start works after this one too."""
    kill_and_restart(t, 1, "wrr", [f"-A -t {VIP}:7 -s wrr", f"-a -t {VIP}:7 -r {rip(1)}:7 -g -w 1"])


@e2e()
def control_kill_all(t):
    """If the program passes a service's packets to the kernel instead, every connection is reset."""
    d = start_service(t, 1, "wrr", mutant="pass_all")
    conns = Conns(t.lab, 10, interval=0.1)
    d.kill_all()
    time.sleep(1)
    result = conns.finish()
    expect(result["broken"] == 10, f"{result}")
    t.checks_daemon = False
    cleanup(t, d)


def cleanup(t, d):
    done = subprocess.run(t.lab.argv("director", [f"{t.build}/shuntd", "--cleanup"]), capture_output=True, text=True,
                          env=d.env, timeout=20)
    expect(done.returncode == 0, f"--cleanup: status {done.returncode}: {done.stderr}")


@e2e()
def test_on_exit_drop(t):
    """SIGTERM with --on-exit drop: the program stays and drops, a restart resets nobody."""
    d = t.shuntd("-i", "eth0", "--on-exit", "drop")
    t.lab.echo_servers(1)
    d.service(f"-t {VIP}:7", [f"{rip(1)}:7"])
    conns = Conns(t.lab, 20, interval=0.1)
    expect(d.stop() == 0, f"status {d.child.returncode}")
    expect("xdp" in t.lab.run("director", "ip link show eth0"), "the program is gone")
    time.sleep(AWAY)
    go_on(t, conns)


@e2e()
def test_cleanup(t):
    """--cleanup removes what a crash left; before, the VIP's packets are dropped, after, the kernel's."""
    d = start_service(t, 1, "wrr")
    d.kill_all()
    error = say(t.lab, timeout=1)[1]
    expect("timed out" in error, f"with shuntd dead: {error!r}")
    expect(t.pins(), "nothing is pinned")
    cleanup(t, d)
    t.checks_daemon = False
    expect("xdp" not in t.lab.run("director", "ip link show eth0"), "the program is still attached")
    with must_fail("the VIP's packets are still dropped"):
        expect("refused" not in say(t.lab, timeout=1)[1], "refused")
