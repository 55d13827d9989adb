# SPDX-License-Identifier: BSD-2-Clause
"""What a tab offers in bash."""
import os
import subprocess

from lab import ROOT, VIP, e2e, expect, rip

SCRIPT = """
source "$1"
complete -p shuntctl >/dev/null || exit 3
COMP_LINE=$2 COMP_POINT=${#2}
_shuntctl
[ ${#COMPREPLY[@]} = 0 ] || printf '%s\\n' "${COMPREPLY[@]}"
"""
SERVICE6, SERVER6 = "[fd00:1::222]:80", "[fd00:1::54]:80"
LINES = (  # what was typed, and what is offered: exactly that, or at least that (True)
    ("shuntctl sh", {"show"}, False),
    ("shuntctl ", {"show", "reload", "-A", "-e", "-L", "--set"}, True),
    ("shuntctl --add", {"--add-service", "--add-server"}, False),
    ("shuntctl show n", {"neighbours"}, False),
    ("shuntctl --dry-run reload --w", {"--wait"}, False),
    ("shuntctl import k", {"keepalived"}, False),
    ("shuntctl -A -s w", {"wrr", "wlc"}, False),
    ("shuntctl -a -t X -r Y --tun-t", {"--tun-type"}, False),
    ("shuntctl -D -", {"-t", "-u", "--sctp-service"}, False),
    ("shuntctl -D -t ", {f"{VIP}:80", f"{VIP}:81", SERVICE6}, False),
    (f"shuntctl -D -t {VIP}", {f"{VIP}:80", f"{VIP}:81"}, False),
    (f"shuntctl -D -t {VIP}:8", {"80", "81"}, False),  # bash breaks words at colons
    ("shuntctl -D -t [fd00:1:", {":222]:80"}, False),
    ("shuntctl -D -u ", {f"{VIP}:53"}, False),
    (f"shuntctl -d -t {VIP}:80 -r ", {f"{rip(1)}:80", f"{rip(2)}:80"}, False),
    (f"shuntctl -e -t {VIP}:81 -r ", {f"{rip(2)}:81"}, False),
    (f"shuntctl -a -t {VIP}:81 -r [", {SERVER6}, False),
    (f"shuntctl drain -t {VIP}:80 -r ", {f"{rip(1)}:80", f"{rip(2)}:80"}, False),
    ("shuntctl drain --w", {"--wait"}, False),
    ("shuntctl undrain -u ", {f"{VIP}:53"}, False),
    ("shuntctl -L --st", {"--stats"}, False),
    ("shuntctl plan ", set(), False),
)


@e2e(servers=1)
def test_bash(t):
    """Verbs, commands and options by the tables; services and servers that live; colons; no daemon."""
    d = t.shuntd()
    servers = {f"-t {VIP}:80": [f"{rip(1)}:80", f"{rip(2)}:80"], f"-t {VIP}:81": [f"{rip(2)}:81"], f"-u {VIP}:53": [],
               f"-t {SERVICE6}": [SERVER6]}
    for service, its in servers.items():
        d.ctl(f"-A {service} -s rr")
        for server in its:
            d.ctl(f"-a {service} -r {server}")
    env = dict(d.env, PATH=f"{t.build}:{os.environ['PATH']}", SHUNT_CTL=d.ctl_path)

    def offered(line, env=env):
        done = subprocess.run(["bash", "--norc", "-c", SCRIPT, "bash", f"{ROOT}/dist/completion/shuntctl", line],
                              capture_output=True, text=True, timeout=20, env=env)
        expect(done.returncode == 0 and not done.stderr, f"{line}: {done}")
        return set(done.stdout.split("\n")) - {""}
    for line, want, more in LINES:
        got = offered(line)
        expect(got >= want if more else got == want, f"{line!r} offers {sorted(got)}, not {sorted(want)}")
    gone = dict(env, SHUNT_CTL="/nowhere/ctl.sock")
    expect(offered("shuntctl -D -t ", gone) == set(), "something is offered without a daemon")
