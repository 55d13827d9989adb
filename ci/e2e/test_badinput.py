# SPDX-License-Identifier: BSD-2-Clause
"""What cannot work: one line that names the thing, the right status, and nothing left attached."""
import os
import subprocess

from lab import VIP, Failed, Shuntd, Skipped, e2e, expect, rip

UNPRIVILEGED = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--inh-caps=-all", "--bounding-set=-all"]
NO_MEMLOCK = ["prlimit", "--memlock=65536", "setpriv", "--bounding-set=-ipc_lock"]
ONE_CPU = ["taskset", "-c", "0"]

# What stands before the command, arguments, statuses that are right, words that the line must have.
SHUNTD = [
    ([], "-i nosuch0", {2}, "nosuch0"),
    ([], "-i eth0 -i nosuch1", {2}, "nosuch1"),
    ([], "-i eth0 --queue eth0:7@0", {2}, "eth0 7"),
    ([], "-i eth0 --queue eth9:0@0", {2}, "eth9"),
    ([], "-i eth0 --cpus 999", {2}, "999"),
    ([], "-i eth0 --cpus 1-", {2}, "1-"),
    ([], "-i eth0 --main-cpu 999", {2}, "999"),
    (ONE_CPU, "-i eth0 --cpus 1", {2}, "1"),
    ([], "-i eth0 --mode fast", {2}, "fast"),
    ([], "-i eth0 --poll often", {2}, "often"),
    ([], "-i eth0 --numa maybe", {2}, "maybe"),
    ([], "-i eth0 --on-exit explode", {2}, "explode"),
    ([], "-i eth0 --bogus", {2}, "bogus"),
    ([], "-f /nonexistent/shunt.conf", {2, 6}, "/nonexistent/shunt.conf"),
    ([], "-i lo", {1, 2}, "lo"),
    (UNPRIVILEGED, "-i eth0", {4}, "CAP_NET_ADMIN"),
    (NO_MEMLOCK, "-i eth0", {1, 4}, "memlock"),
]

SHUNTCTL = [
    ("-A -t 300.1.2.3:80 -s rr", {2}, "300.1.2.3"),
    ("-A -t no.such.name.invalid:80 -s rr", {2}, "no.such.name.invalid"),
    (f"-A -t {VIP}:0 -s rr", {2}, "port"),
    (f"-A -t {VIP}:70000 -s rr", {2}, "70000"),
    (f"-A -t {VIP}:81 -s nosuch", {2, 255}, "nosuch"),
    (f"-A -t {VIP}:80 -s wrr", {255}, "exists"),
    (f"-a -t {VIP}:80 -r {rip(1)}:80 -g -w 1", {255}, "exists"),
    (f"-a -t {VIP}:99 -r {rip(1)}:99 -g", {255}, "service"),
    (f"-d -t {VIP}:80 -r 192.168.1.77:80", {255}, "destination"),
    (f"-a -t {VIP}:80 -r {rip(2)}:80 -g -w 70000", {2}, "70000"),
    (f"-a -t {VIP}:80 -r {rip(2)}:80 -g -w -1", {2}, "-1"),
    (f"-a -t {VIP}:80 -r fd00:1::54 -g", {2, 255}, "family"),
    ("show nonsense", {2}, "nonsense"),
]


def problems_of(what, status, lines, statuses, words):
    found = []
    if status not in statuses:
        found.append(f"status {status}, not {sorted(statuses)}")
    if len(lines) != 1:
        found.append(f"{len(lines)} lines")
    for word in words.split():
        if not any(word.lower() in line.lower() for line in lines):
            found.append(f"{word!r} isn't named")
    return [f"{what}: {', '.join(found)}: {lines}"] if found else []


def try_shuntd(t, before, args, ctl=None, seconds=5):
    """Status and words of a shuntd that should not start; it must leave nothing attached."""
    command = t.lab.argv("director", [*before, f"{t.build}/shuntd", *args, "--ctl", ctl or f"{t.lab.state}/ctl.sock"])
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=seconds,
                              env=dict(os.environ, ASAN_OPTIONS="detect_leaks=0"))
    except subprocess.TimeoutExpired:
        return None, ["it runs"]
    lines = done.stderr.splitlines()
    if "xdp" in t.lab.run("director", "ip link") or t.pins():
        lines.append("(and something is left attached)")
    return done.returncode, lines


@e2e()
def test_shuntd(t):
    """Every row of the table SHUNTD."""
    failed = []
    for before, args, statuses, words in SHUNTD:
        if before is ONE_CPU and (os.cpu_count() or 1) < 2:
            continue
        status, lines = try_shuntd(t, before, args.split())
        failed += problems_of(f"{' '.join(before[:1])} shuntd {args}".strip(), status, lines, statuses, words)
    expect(not failed, "\n    ".join([f"{len(failed)} rows:"] + failed))


@e2e()
def test_not_configured(t):
    """No interface and no configuration: 6."""
    status, lines = try_shuntd(t, [], [])
    expect(status == 6 and len(lines) == 1, f"status {status}: {lines}")


@e2e()
def test_socket_in_use(t):
    """A control socket that another daemon answers on, and a path that is no socket at all."""
    d = t.shuntd()
    status, lines = try_shuntd_beside(t, d.ctl_path, "client")
    failed = problems_of("a live daemon's socket", status, lines, {1, 75}, d.ctl_path)
    expect("xdp" not in t.lab.run("client", "ip link"), "the second daemon left something attached")
    expect(d.try_ctl("-L -n")[0] == 0, "the first daemon lost its socket")
    d.check_counters()
    expect(d.stop() == 0, "the first daemon's end")
    path = f"{t.lab.state}/file"
    with open(path, "w") as f:
        f.write("precious")
    status, lines = try_shuntd(t, [], ["-i", "eth0"], ctl=path)
    failed += problems_of("a file that is no socket", status, lines, {1, 2}, path)
    with open(path) as f:
        expect(f.read() == "precious", "it removed somebody's file")
    t.checks_daemon = False
    expect(not failed, "; ".join(failed))


def try_shuntd_beside(t, ctl, where="director"):
    """A second daemon beside a running one: whatever is attached is the first one's."""
    done = subprocess.run(t.lab.argv(where, [f"{t.build}/shuntd", "-i", "eth0", "--ctl", ctl]),
                          capture_output=True, text=True, timeout=10)
    return done.returncode, done.stderr.splitlines()


@e2e()
def test_interface_in_use(t):
    """The interface is another shuntd's: try again later, and the first one is unharmed."""
    d = t.shuntd()
    status, lines = try_shuntd_beside(t, f"{t.lab.state}/other.sock")
    failed = problems_of("a second daemon on eth0", status, lines, {75}, "eth0")
    expect(not failed, "; ".join(failed))
    d.check_counters()


@e2e()
def test_foreign_program(t):
    """An XDP program that isn't ours stays where it is."""
    source, binary = f"{t.lab.state}/pass.c", f"{t.lab.state}/pass.o"
    with open(source, "w") as f:
        f.write('__attribute__((section("xdp"), used)) int pass_all(void *c) { return 2; }\n')
    subprocess.run(["clang", "-target", "bpf", "-O2", "-c", source, "-o", binary], check=True)
    try:
        t.lab.run("director", "ip", "link", "set", "dev", "eth0", "xdp", "obj", binary, "sec", "xdp")
    except Failed as error:
        raise Skipped(f"ip cannot attach a program: {error}")
    number = foreign_id(t)
    status, lines = try_shuntd_beside(t, f"{t.lab.state}/ctl.sock")
    failed = problems_of("a foreign program on eth0", status, lines, {75}, "eth0")
    expect(foreign_id(t) == number, "the foreign program is gone")
    t.lab.run("director", "ip link set dev eth0 xdp off")
    expect(not failed, "; ".join(failed))


def foreign_id(t):
    out = t.lab.run("director", "ip link show eth0")
    return out.partition("prog/xdp id ")[2].split()[:1]


@e2e()
def test_shuntctl(t):
    """Every row of the table SHUNTCTL, and nothing has changed by them."""
    d = t.shuntd()
    d.service(f"-t {VIP}:80", [f"{rip(1)}:80"])
    before, failed = d.ctl("-S -n"), []
    for args, statuses, words in SHUNTCTL:
        status, _, err = d.try_ctl(args)
        failed += problems_of(f"shuntctl {args}", status, err.splitlines(), statuses, words)
    expect(d.ctl("-S -n") == before, f"the services changed: {d.ctl('-S -n')}")
    expect(not failed, "\n    ".join([f"{len(failed)} rows:"] + failed))


@e2e()
def test_shuntctl_without_daemon(t):
    """No daemon: the line names the socket."""
    d = Shuntd.__new__(Shuntd)
    d.lab, d.build, d.ctl_path, d.env = t.lab, t.build, f"{t.lab.state}/nobody.sock", dict(os.environ)
    status, _, err = d.try_ctl("-L -n")
    failed = problems_of("shuntctl -L", status, err.splitlines(), {1, 255}, "nobody.sock")
    expect(not failed, "; ".join(failed))
