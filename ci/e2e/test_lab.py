# SPDX-License-Identifier: BSD-2-Clause
"""The lab and the tools of the tests, without shunt: if one of these fails, look here first."""
import os
import signal
import subprocess
import time

from lab import (VIP, Conns, ask, ask_udp, curl, e2e, expect, offloads_off, ping, rip, say, upload)


@e2e(servers=2, ipv6=True)
def test_servers_answer(t):
    """Client and servers see each other; nobody but the director answers ARP for the VIP."""
    expect(ask(t.lab, 2, host=rip(1)) == {"nginx1": 2}, "server1 doesn't answer")
    expect(ask(t.lab, 2, host=rip(2, six=True)) == {"nginx2": 2}, "server2 doesn't answer over IPv6")
    expect(curl(t.lab, f"http://{rip(1)}") == "nginx1\n", "curl says something else")
    answers = ask(t.lab, 1, host=VIP)
    expect("error" in next(iter(answers)), f"without shunt the VIP answers {answers}")


@e2e(two_arm=True)
def test_two_arms(t):
    """The director reaches a server by its second NIC."""
    out = t.lab.run("director", "curl", "-s", "--max-time", "2", f"http://{rip(1, '10.0.1')}")
    expect(out == "nginx1\n", f"server1 answered {out!r}")


@e2e()
def test_tools(t):
    """Ping, echo over TCP and UDP, uploads with and without offloads."""
    t.lab.echo_servers(1, addresses=[f"{rip(1)}:7"])
    expect(ping(t.lab, rip(1)) == 5, "ping")
    expect(say(t.lab, host=rip(1)) == ("server1", ""), "echo over TCP")
    expect(ask_udp(t.lab, [b"a", b"", b"x" * 1400], host=rip(1), port=7) == ({"server1": 3}, 0), "echo over UDP")
    upload(t.lab, ["a", "b"], 1 << 20, host=rip(1))
    offloads_off(t.lab)
    upload(t.lab, ["c"], 1 << 20, host=rip(1))


@e2e()
def test_long_connections(t):
    """The connection client counts answers and finds nothing wrong where nothing is."""
    t.lab.echo_servers(1, addresses=[f"{rip(1)}:7"])
    conns = Conns(t.lab, 50, host=rip(1), interval=0.05)
    time.sleep(1)
    result = conns.finish()
    expect(result["broken"] == 0 and result["moved"] == 0 and result["answers"] > 500, f"{result}")


@e2e()
def control_long_connections(t):
    """It notices a server that is another, a server that stalls, and a server that is gone."""
    server = t.lab.python("server1", "echo_server.py", "server1", f"{rip(1)}:7", log="echo.log")
    conns = Conns(t.lab, 10, host=rip(1), interval=0.05)
    time.sleep(0.3)
    server.send_signal(signal.SIGHUP)
    time.sleep(0.3)
    server.send_signal(signal.SIGSTOP)
    time.sleep(0.2)
    server.send_signal(signal.SIGCONT)
    time.sleep(0.3)
    server.kill()
    time.sleep(0.3)
    result = conns.finish()
    expect(result["broken"] == 10 and result["moved"] == 10 and result["max_stall_ms"] > 150, f"{result}")


@e2e()
def control_checks_after_tests(t):
    """A sanitizer's line in a log, a pin and a BPF map that stay behind are noticed."""
    t.lab.run("director", "true")
    log, pin = f"{t.logdir}/x.log", f"/sys/fs/bpf/shunt/{t.netns}"
    with open(log, "w") as f:
        f.write("rx.c:12:3: runtime error: index 64 out of bounds\n")
    expect(len(t.trouble_in_logs()) == 1, "the sanitizer's line")
    os.unlink(log)
    os.makedirs(pin)
    subprocess.run(["bpftool", "map", "create", f"{pin}/m", "type", "array", "key", "4", "value", "4", "entries", "1",
                    "name", "left"], check=True)
    try:
        left = t.leftovers(t.netns)
        expect(f"{pin}/m" in t.pins() and "left" in left.values(), f"the pin and its map: {left}")
    finally:
        os.unlink(f"{pin}/m")
        os.rmdir(pin)
