# SPDX-License-Identifier: BSD-2-Clause
"""The control socket and clients that are slow, greedy, deaf, hostile, or killed."""
import array
import json
import os
import random
import signal
import socket
import subprocess
import time

from lab import VIP, e2e, expect, rip, until

CLIENTS, ADMIN_MS = 32, 100
NOBODY = 65534
DIAL = """
import socket, sys
s = socket.socket(socket.AF_UNIX)
s.settimeout(10)
s.connect(sys.argv[1])
s.sendall(sys.argv[2].encode() + b"\\n")
sys.stdout.write(s.makefile().readline())
"""


def stats_path(d):
    return d.ctl_path.replace("ctl.sock", "stats.sock")


def dial(path):
    sock = socket.socket(socket.AF_UNIX)
    sock.settimeout(10)
    sock.connect(path)
    return sock


def answer(sock):
    with sock.makefile() as lines:
        return json.loads(lines.readline())


def ask(sock, **fields):
    sock.sendall(json.dumps(fields).encode() + b"\n")
    return answer(sock)


def as_nobody(*argv):
    return subprocess.run(argv, user=NOBODY, group=NOBODY, extra_groups=[], capture_output=True, text=True, timeout=20)


def ask_as_nobody(path, **fields):
    return as_nobody("/usr/bin/python3", "-c", DIAL, path, json.dumps(fields))


def rss(pid):
    with open(f"/proc/{pid}/smaps_rollup") as f:
        return next(int(x.split()[1]) for x in f if x.startswith("Rss:"))


def fds(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))


def hung_up(sock):
    """Reads to the end."""
    try:
        while sock.recv(1 << 20):
            pass
    except ConnectionError:
        pass
    return True


@e2e(servers=1)
def test_rights(t):
    """Other users read at stats.sock only; no socket's mode alone lets them change anything."""
    d = t.shuntd()
    d.service(f"-t {VIP}:80", [f"{rip(1)}:80"])
    change = {"cmd": "clear"}
    done = ask_as_nobody(d.ctl_path, **change)
    expect("PermissionError" in done.stderr, f"nobody was let in: {done.stdout}{done.stderr}")
    os.chmod(d.ctl_path, 0o666)
    for path in (d.ctl_path, stats_path(d)):
        done = json.loads(ask_as_nobody(path, **change).stdout)
        expect(done["code"] == "denied" and "Operation not permitted" in done["error"], f"{path}: {done}")
        expect(json.loads(ask_as_nobody(path, cmd="list").stdout)["services"], f"{path}: no list")
    os.chmod(d.ctl_path, 0o660)
    with dial(stats_path(d)) as root:
        expect(ask(root, **change)["code"] == "denied", "root may change things at stats.sock")
    program = f"{t.lab.state}/shuntctl"  # nobody needn't see the build's folder
    subprocess.run(["install", "-m", "0755", f"{t.build}/shuntctl", program], check=True)
    read = as_nobody(program, "--ctl", d.ctl_path, "-L", "-n")
    write = as_nobody(program, "--ctl", d.ctl_path, "-C")
    os.unlink(program)
    expect(read.returncode == 0 and f"{VIP}:80" in read.stdout, f"shuntctl -L as nobody: {read}")
    expect(write.returncode == 1 and "it takes root, or the socket's group" in write.stderr, f"-C as nobody: {write}")
    expect(f"{VIP}:80" in d.ctl("-L -n"), "the table was changed")


@e2e(servers=1)
def test_slow_loris(t):
    """32 clients of a byte a second: the next is told 'busy', an administrator is answered in 100 ms."""
    d = t.shuntd()
    wall = ADMIN_MS * (10 if t.san else 1)
    slow = [dial(stats_path(d)) for _ in range(CLIENTS)]
    took = []
    for second in range(3):
        for sock in slow:
            sock.sendall(b"{")
        with dial(stats_path(d)) as late:
            expect(answer(late)["code"] == "busy", "the 33rd isn't told 'busy'")
        start = time.monotonic()
        with dial(d.ctl_path) as admin:
            expect(ask(admin, cmd="timeouts")["ok"], "the administrator is refused")
        took.append(1000 * (time.monotonic() - start))
        time.sleep(1)
    t.notes.append(f"administrator answered in {max(took):.1f} ms")
    expect(max(took) < wall, f"{took} ms")
    until(lambda: all(hung_up(sock) for sock in slow), 15, "the slow ones are hung up on")
    with dial(stats_path(d)) as late:
        expect(ask(late, cmd="timeouts")["ok"], "there is no room after them")
    for sock in slow:
        sock.close()


def pour(path, total):
    """Sends bytes without a newline; returns how many were taken before the other end hung up."""
    sent, chunk = 0, b"x" * (1 << 16)
    with dial(path) as sock:
        try:
            while sent < total:
                sent += sock.send(chunk)
        except ConnectionError:
            pass
    return sent


@e2e(servers=1)
def test_greedy(t):
    """A GiB without a newline is cut off early, answers that nobody reads too; memory stays."""
    d = t.shuntd()
    rules = "".join(f"-A -t 10.9.{n // 250}.{n % 250 + 1}:80 -s rr\n" for n in range(3000))
    d.ctl("-R", stdin=rules)
    d.ctl("-L -n")
    pour(stats_path(d), 1 << 30)
    before = rss(d.engine())
    taken = max(pour(stats_path(d), 1 << 30) for _ in range(20))
    after = rss(d.engine())
    expect(taken < 1 << 20, f"{taken} bytes were taken")
    expect(t.san or after - before <= 512, f"resident memory grew from {before} to {after} kB")
    deaf = [dial(stats_path(d)) for _ in range(4)]
    for sock in deaf:
        sock.sendall(b'{"cmd":"list"}\n' * 100)
    time.sleep(7)
    with dial(d.ctl_path) as admin:
        start = time.monotonic()
        expect(ask(admin, cmd="timeouts")["ok"], "no answer")
        waited = 1000 * (time.monotonic() - start)
    for sock in deaf:
        sock.setblocking(True)
        sock.settimeout(10)
        expect(hung_up(sock), "it still writes")
        sock.close()
    t.notes.append(f"{taken} bytes taken, memory {after - before:+} kB, answered in {waited:.1f} ms beside deaf ones")


@e2e(servers=1)
def test_descriptors(t):
    """Descriptors that a client passes are closed, and so are its connections."""
    d = t.shuntd()
    engine = d.engine()
    before = fds(engine)
    for path in (d.ctl_path, stats_path(d)):
        for _ in range(50):
            with dial(path) as sock, open("/dev/null") as null:
                passed = array.array("i", [null.fileno()] * 200)
                sock.sendmsg([b'{"cmd":"timeouts"}\n'], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, passed)])
                expect(answer(sock)["ok"], "the request isn't answered")
                expect(fds(engine) <= before + 2, f"{fds(engine)} descriptors, were {before}")
    until(lambda: fds(engine) == before, 5, f"{before} descriptors as before")


@e2e(servers=1)
def test_place(t):
    """What stands in a socket's place and is none is never removed: a file, a link; shuntd says so."""
    t.checks_daemon = False
    for name in ("ctl.sock", "stats.sock"):
        for make in (lambda path: open(path, "w").close(), lambda path: os.symlink("/etc/hostname", path)):
            path = f"{t.lab.state}/{name}"
            make(path)
            was = os.lstat(path).st_ino
            d = t.shuntd(ready=False)
            expect(d.child.wait(20) != 0, "it started")
            expect("something else has this name" in d.log_text(), d.log_text())
            expect(os.lstat(path).st_ino == was, f"{path} was replaced")
            os.unlink(path)
    d = t.shuntd()
    expect(d.stop() == 0, "it doesn't end in order")
    expect(not os.path.exists(stats_path(d)), "stats.sock is left behind")


def tables():
    """Two that have nothing in common, as batches that put one in place of the other, and their lists."""
    made = []
    for net in (1, 2):
        requests = []
        for n in range(400):
            service = {"proto": "tcp", "address": f"10.{net}.{n // 200}.{n % 200 + 1}", "port": 80}
            requests.append({"cmd": "service-add", "service": service, "scheduler": "rr"})
            requests += [{"cmd": "server-add", "service": service, "server": {"address": f"10.8.{net}.{k}"}}
                         for k in range(1, 4)]
        batch = json.dumps({"cmd": "batch", "replace": True, "requests": requests}).encode() + b"\n"
        made.append((batch, {r["service"]["address"] for r in requests}))
    return made


def whole(d, sets):
    listed = d.request(cmd="list")["services"]
    got = {s["address"] for s in listed}
    expect(got in sets and all(len(s["servers"]) == 3 for s in listed), f"a table in between: {len(got)} services")


@e2e(servers=1)
def test_killed(t):
    """Clients and engines killed in the middle of a batch: all of it is in force, or nothing."""
    d = t.shuntd()
    made = tables()
    sets = [s for _, s in made]
    with dial(d.ctl_path) as sock:
        sock.sendall(made[0][0])
        expect(answer(sock)["ok"], "the first table is refused")
    seed = random.randrange(1 << 32)
    dice = random.Random(seed)
    for _ in range(10):  # the client goes
        batch = made[1][0]
        with dial(d.ctl_path) as sock:
            sock.sendall(batch[:dice.randrange(1, len(batch) - 1)])
    whole(d, sets[:1])
    for turn in range(8):  # the engine goes
        with dial(d.ctl_path) as sock:
            engine = d.engine()
            sock.sendall(made[1 - turn % 2][0])
            time.sleep(dice.random() * 0.02)
            os.kill(engine, signal.SIGKILL)
        until(lambda: d.engine() not in (None, engine), 10, "another engine")

        def listens():
            try:
                dial(d.ctl_path).close()
                return True
            except OSError:
                return False
        until(listens, 10, "it listens again")
        whole(d, sets)
