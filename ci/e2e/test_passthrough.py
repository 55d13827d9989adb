# SPDX-License-Identifier: BSD-2-Clause
"""Whatever isn't a service's stays untouched, under load too: the director is still a host."""
import contextlib
import os
import signal
import socket
import struct
import time

from lab import (CLIENT, CLIENT_MAC, DIRECTOR, DIRECTOR_MAC, VIP, Conns, Failed, Skipped, capture, e2e, expect, mac_bytes,
                 mac_text, must_fail, ping, rip, say)


def ping_answers(t):
    for host in (DIRECTOR, VIP) * 10:
        expect(ping(t.lab, host, 1) == 1, f"a ping to {host} is lost")


def ssh_answers(t):
    for port in (22, 80):
        for _ in range(10):
            name, error = say(t.lab, host=DIRECTOR, port=port, timeout=1)
            expect(name == "director", f"{DIRECTOR}:{port}: {error}")


def other_port_answers(t):
    name, error = say(t.lab, host=VIP, port=8080, timeout=1)
    expect(name == "director", f"{VIP}:8080: {error}")


def arp_answers(t):
    wire = t.lab.packet_socket("client")
    for host in (DIRECTOR, VIP):
        wire.send(b"\xff" * 6 + mac_bytes(CLIENT_MAC) + b"\x08\x06" + struct.pack(">HHBBH", 1, 0x0800, 6, 4, 1)
                  + mac_bytes(CLIENT_MAC) + socket.inet_aton(CLIENT) + bytes(6) + socket.inet_aton(host))
        replies = capture(wire, 1, lambda f: f[12:14] == b"\x08\x06" and f[20:22] == b"\0\2"
                          and f[28:32] == socket.inet_aton(host), 1)
        expect(replies, f"no ARP reply for {host}")
        expect(mac_text(replies[0][22:28]) == DIRECTOR_MAC, f"ARP: {host} is at {mac_text(replies[0][22:28])}")


def closed_udp_port_refuses(t):
    with t.lab.inside("client"):
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    with sock:
        sock.settimeout(1)
        sock.connect((VIP, 80))
        try:
            sock.send(b"x")
            sock.recv(1)
        except ConnectionRefusedError:
            return
        except TimeoutError:
            pass
    expect(False, "UDP to a port that is a TCP service's: no ICMP from the director's kernel")


def health_check_answers(t):
    for _ in range(5):
        name, error = say(t.lab, host=rip(1), port=7, timeout=1, where="director")
        expect(name == "server1", f"the director reaches its server: {error}")


CHECKS = (ping_answers, ssh_answers, other_port_answers, arp_answers, closed_udp_port_refuses, health_check_answers)


def host_and_servers(t):
    t.lab.run("director", "sysctl -q net.ipv4.icmp_ratelimit=0")  # else one refusal a second
    t.lab.python("director", "echo_server.py", "director", f"{DIRECTOR}:22", f"{DIRECTOR}:80", f"{VIP}:8080",
                 log="host.log")
    t.lab.echo_servers(1, addresses=[f"{VIP}:7", f"{rip(1)}:7"])
    d = t.shuntd()
    d.service(f"-t {VIP}:80", [f"{rip(1)}:80"])
    d.service(f"-t {VIP}:7", [f"{rip(1)}:7"])
    return d


@e2e(queues=2)
def test_under_load(t):
    """Ping, SSH-like TCP, ARP, other ports of the VIP, health checks, for 3 s beside a flood of uploads."""
    d = host_and_servers(t)
    with open(f"{t.lab.state}/load", "wb") as f:
        f.truncate(64 << 20)
    load = t.lab.spawn("client", ["sh", "-c", f"while :; do curl -s -T {t.lab.state}/load http://{VIP}/upload/load; done"],
                       "load.log")
    conns = Conns(t.lab, 20, host=DIRECTOR, port=22, interval=0.05)
    before = sum(w["tx"] for w in d.workers())
    end = time.monotonic() + 3
    while time.monotonic() < end:
        for check in CHECKS:
            check(t)
    result = conns.finish()
    expect(result["broken"] == 0 and result["answers"] > 500, f"connections to the director itself: {result}")
    expect(sum(w["tx"] for w in d.workers()) - before > 3000, "there was no load")
    load.terminate()
    for pid in t.lab.pids("client"):  # the shell's last upload
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)


@e2e()
def control_swallowed(t):
    """Every one of these checks notices when the director gets only what its services are sent."""
    host_and_servers(t)
    for check in CHECKS:
        check(t)
    try:
        t.lab.run("director", "nft", "add table netdev t")
        t.lab.run("director", "nft", "add chain netdev t c { type filter hook ingress device eth0 priority 0; policy drop; }")
    except Failed as error:
        raise Skipped(f"nft ingress filters: {error}")
    for check in CHECKS:
        with must_fail(check.__name__):
            check(t)
