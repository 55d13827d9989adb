# SPDX-License-Identifier: BSD-2-Clause
"""--dry-run: what a change would do is told, and it isn't done."""
import os

from lab import VIP, Conns, e2e, expect, rip

OTHER = "10.9.9.9:80"
CHANGES = (  # command, its standard input, what is counted: services and servers added, removed, changed
    (f"-A -t {OTHER} -s rr", None, "1 0 0", "0 0 0"),
    (f"-E -t {VIP}:7 -s rr", None, "0 0 1", "0 0 0"),
    (f"-D -t {VIP}:7", None, "0 1 0", "0 2 0"),
    (f"-a -t {VIP}:7 -r {rip(3)}:7 -g", None, "0 0 0", "1 0 0"),
    (f"-e -t {VIP}:7 -r {rip(1)}:7 -g -w 9", None, "0 0 0", "0 0 1"),
    (f"-d -t {VIP}:7 -r {rip(1)}:7", None, "0 0 0", "0 1 0"),
    ("-C", None, "0 1 0", "0 2 0"),
    ("-Z", None, "0 0 0", "0 0 0"),
    ("--set 1 2 3", None, None, None),
    ("-R", f"-C\n-A -t {OTHER} -s rr\n-a -t {OTHER} -r {rip(3)}:80 -g\n", "1 1 0", "1 2 0"),
)


def counts(out):
    """{'services': 'added removed changed', ...} of what was printed."""
    rows = [x.replace(",", "").split() for x in out.splitlines() if x.startswith(("services: ", "servers: "))]
    return {row[0].strip(":"): " ".join(row[1::2]) for row in rows}


@e2e(servers=2)
def test_commands(t):
    """Every command that changes something: its counts are right, and table, timeouts and traffic stay."""
    d = t.shuntd()
    t.lab.echo_servers(2)
    d.service(f"-t {VIP}:7", [f"{rip(n)}:7" for n in (1, 2)], sched="mh -b mh-port")
    conns = Conns(t.lab, 20, interval=0.05)
    before = d.ctl("-S -n") + d.ctl("-L --timeout")
    for command, stdin, services, servers in CHANGES:
        out = d.ctl(f"--dry-run {command}", stdin=stdin)
        got = counts(out)
        expect(got.get("services") == services and got.get("servers") == servers, f"{command}: {out}")
        expect(d.ctl("-S -n") + d.ctl("-L --timeout") == before, f"{command} was carried out")
    out = d.ctl(f"-d -t {VIP}:7 -r {rip(1)}:7 --dry-run")
    expect("of 65537 places of its hash table move" in out, out)
    expect("they go on there" in out, out)
    out = d.ctl(f"-D --dry-run -t {VIP}:7")
    expect(sum(int(x.split()[2]) for x in out.splitlines() if "go to the kernel" in x) == 20, out)
    status, _, err = d.try_ctl("--dry-run -L")
    expect(status == 2 and "change something" in err, f"-L --dry-run: {status} {err}")
    status, _, err = d.try_ctl(f"--dry-run -d -t {VIP}:7 -r {rip(3)}:7")
    expect(status == 255 and "No such destination" in err, f"a refusal: {status} {err}")
    result = conns.finish()
    expect(result["broken"] == 0 and result["moved"] == 0, f"{result}")
    d.ctl(f"-d -t {VIP}:7 -r {rip(1)}:7")  # and without --dry-run
    expect(d.ctl("-S -n") + d.ctl("-L --timeout") != before, "nothing is carried out at all")


@e2e(servers=2)
def test_reload(t):
    """reload and undo are tried likewise."""
    path = f"{t.lab.state}/shunt.conf"

    def write(n):
        with open(path, "w") as f:
            servers = "".join(f"real_server {rip(k)} 80 {{\nweight 1\n}}\n" for k in range(1, n + 1))
            f.write(f"virtual_server {VIP} 80 {{\nlb_algo rr\nlb_kind DR\nprotocol TCP\n{servers}}}\n")
    write(1)
    d = t.shuntd("-i", "eth0", "-f", path)
    before = d.ctl("-S -n")
    write(2)
    out = d.ctl("reload --dry-run")
    expect(counts(out) == {"services": "0 0 0", "servers": "1 0 0"}, out)
    expect(d.ctl("-S -n") == before, "it was carried out")
    d.ctl("reload")
    out = d.ctl("undo --dry-run")
    expect(counts(out) == {"services": "0 0 0", "servers": "0 1 0"}, out)
    expect(rip(2) in d.ctl("-S -n"), "it was undone")
    d.ctl("undo")
    expect(d.ctl("-S -n") == before, "it wasn't undone")
    os.unlink(path)
