# SPDX-License-Identifier: BSD-2-Clause
"""shuntctl drain and undrain: a server is taken out of use without a connection being broken."""
import json
import os
import subprocess

from lab import HERE, VIP, Conns, ask, e2e, expect, rip, until

SERVICE = f"-t {VIP}:80"
SIZE, RATE = 12 << 20, 3 << 20  # four seconds


def servers(d, service=SERVICE):
    return {s["address"]: s for s in json.loads(d.ctl(f"-L {service} -n --json"))["services"][0]["servers"]}


def start_drain(t, d, words):
    """drain as one waits for it; ended with the test."""
    return t.lab.spawn("director", [f"{t.build}/shuntctl", "--ctl", d.ctl_path, "drain", *words.split()],
                       "drain.log", stdout=subprocess.PIPE, text=True)


@e2e(servers=2, queues=2)
def test_drain(t):
    """A long download goes on to its end while new connections go elsewhere; drain --wait ends when it has."""
    with open(f"{t.lab.state}/server1/upload/big", "wb") as f:
        f.write(os.urandom(SIZE))
    d = t.shuntd()
    d.service(SERVICE, [f"{rip(1)}:80"], weights=[7])
    d.ctl("--set 0 2 0")  # seconds that a connection is remembered after its FIN
    got = f"{t.lab.state}/big"
    download = t.lab.spawn("client", ["/usr/bin/python3", f"{HERE}/slow_get.py", VIP, "/upload/big", got, str(RATE)], "get.log")
    until(lambda: os.path.exists(got) and os.path.getsize(got), 5, "the download has begun")
    d.ctl(f"-a {SERVICE} -r {rip(2)}:80 -g")
    d.wait_usable(2)
    waiting = start_drain(t, d, f"{SERVICE} -r {rip(1)}:80 --wait")
    until(lambda: servers(d)[rip(1)]["weight"] == 0, 5, "the weight is 0")
    expect(ask(t.lab, 20) == {"nginx2": 20}, "new connections go to the other server")
    expect(download.poll() is None and waiting.poll() is None, "the download is over too soon, or nobody waits")
    expect(download.wait(45) == 0 and os.path.getsize(got) == SIZE, "the download was broken")
    t.lab.run("client", f"cmp {got} {t.lab.state}/server1/upload/big")
    out, _ = waiting.communicate(timeout=20)
    expect(waiting.returncode == 0 and "flows left: 0" in out, f"drain --wait: {waiting.returncode}: {out}")
    expect("flows left: 1 (1 active)" in out and "-w 7" in out, f"drain tells too little: {out}")
    d.ctl(f"undrain {SERVICE} -r {rip(1)}:80 -w 7")
    expect(servers(d)[rip(1)]["weight"] == 7, "undrain gives the weight back")
    expect("nginx1" in ask(t.lab, 20), "undrain brings connections back")


@e2e(servers=2)
def test_drain_words(t):
    """What isn't waited for, what doesn't end in time, a dry run, a server that isn't there; nothing else changes."""
    t.lab.echo_servers(1)
    d = t.shuntd()
    service = f"-t {VIP}:7"
    d.ctl(f"-A {service} -s wlc")
    d.ctl(f"-a {service} -r {rip(1)}:7 -g -w 5 -x 100 -y 50")
    d.wait_usable(1)
    conns = Conns(t.lab, 20)
    until(lambda: servers(d, service)[rip(1)]["active"] == 20, 5, "20 connections")
    before = servers(d, service)[rip(1)]
    d.ctl(f"drain {service} -r {rip(1)}:7 --dry-run")
    expect(servers(d, service)[rip(1)]["weight"] == 5, "a dry run changes nothing")
    told = json.loads(d.ctl(f"drain {service} -r {rip(1)}:7 --json"))
    expect((told["weight_before"], told["active"], told["gone_in"]) == (5, 20, None), f"drain --json: {told}")
    after = servers(d, service)[rip(1)]
    same = ("forward", "upper", "lower", "id")
    expect(after["weight"] == 0 and [after[k] for k in same] == [before[k] for k in same], f"drained: {after}")
    status, out, err = d.try_ctl(f"drain {service} -r {rip(1)}:7 --wait=1")
    expect(status == 1 and "flows left: 20 (20 active), none ended lately" in out, f"--wait=1: {status}: {out}{err}")
    for words in (f"{service} -r {rip(2)}:7", f"-t {VIP}:8 -r {rip(1)}:7"):
        status, _, err = d.try_ctl(f"drain {words}")
        expect(status == 255 and "No such" in err, f"drain {words}: {status}: {err}")
    for words in (service, f"{service} -r {rip(1)}:7 -w 3", f"{service} -r {rip(1)}:7 --wait=soon"):
        expect(d.try_ctl(f"drain {words}")[0] not in (0, 1), f"drain {words} is accepted")
    result = conns.finish()
    expect(not result["broken"], f"connections broken: {result}")
