# SPDX-License-Identifier: BSD-2-Clause
"""shunt.conf: in force at the start, read again, planned, confirmed, taken back."""
import json
import signal

from lab import VIP, Conns, ask, e2e, expect, rip, until


def text(*servers, port=80, weight=1):
    blocks = "".join(f"    real_server {rip(n)} {port} {{ weight {weight} }}\n" for n in servers)
    return f"virtual_server {VIP} {port} {{\n    lb_algo wrr\n    lb_kind DR\n    protocol TCP\n{blocks}}}\n"


def started(t, content):
    path = f"{t.lab.state}/shunt.conf"
    write(path, content)
    return t.shuntd("-i", "eth0", "-f", path), path


def write(path, content):
    with open(path, "w") as f:
        f.write(content)


@e2e(servers=3)
def test_reload(t):
    """The file's services serve from the start; a reload changes what differs, a wrong one nothing."""
    d, path = started(t, text(1, 2))
    d.wait_usable(2)
    expect(set(ask(t.lab, 10)) == {"nginx1", "nginx2"}, "the file's servers answer")
    write(path, text(2, 3))
    expect("servers: 1 added, 1 removed, 0 changed" in d.ctl("reload --wait"), "the reload says what it did")
    d.wait_usable(2)
    until(lambda: set(ask(t.lab, 10)) == {"nginx2", "nginx3"}, 5, "the new servers answer")
    write(path, text(1) + "nonsense here\n")
    status, _, err = d.try_ctl("reload")
    expect(status == 255 and "shunt.conf:7:1" in err, f"a wrong file: status {status}: {err}")
    expect(set(ask(t.lab, 10)) == {"nginx2", "nginx3"}, "the old configuration stays")
    write(path, text(1))
    d.child.send_signal(signal.SIGHUP)
    until(lambda: set(ask(t.lab, 4)) == {"nginx1"}, 5, "SIGHUP reads the file again")
    d.ctl("undo")
    until(lambda: set(ask(t.lab, 10)) == {"nginx2", "nginx3"}, 5, "undo takes it back")


@e2e(servers=2)
def test_unconfirmed(t):
    """A reload that isn't confirmed in time is taken back; one that is stays."""
    d, path = started(t, text(1))
    d.wait_usable(1)
    write(path, text(2))
    d.ctl("reload --confirm-within 4s")
    until(lambda: set(ask(t.lab, 2)) == {"nginx2"}, 5, "the change is in force")
    until(lambda: set(ask(t.lab, 2)) == {"nginx1"}, 10, "and is taken back")
    d.ctl("reload --confirm-within 4s")
    d.ctl("confirm")
    expect(d.try_ctl("confirm")[0] == 255, "there is nothing to confirm any more")
    until(lambda: set(ask(t.lab, 2)) == {"nginx2"}, 5, "the change is in force")


@e2e(servers=2)
def test_plan(t):
    """plan tells of live connections that a removal would end, and changes nothing; --protect-live refuses."""
    t.lab.echo_servers(2)
    d, path = started(t, text(1, 2, port=7))
    d.wait_usable(2)
    conns = Conns(t.lab, 6)
    until(lambda: sum(s["active"] for s in servers(d)) == 6, 5, "six connections are known")
    write(path, text(2, port=7))
    plan = d.ctl(f"plan {path}")
    expect("servers: 0 added, 1 removed, 0 changed" in plan and "3 live connections" in plan, f"the plan:\n{plan}")
    expect(len(servers(d)) == 2, "the plan changed something")
    status, _, err = d.try_ctl("reload --protect-live")
    expect(status == 255 and "live connections" in err, f"not protected: status {status}: {err}")
    expect(len(servers(d)) == 2, "the refused reload changed something")
    result = conns.finish()
    expect(result["broken"] == 0, f"connections: {result}")


def servers(d):
    return json.loads(d.ctl("-L -n --json"))["services"][0]["servers"]


@e2e(servers=2)
def test_diff(t):
    """diff shows what was done by hand; a reload leaves that alone."""
    d, path = started(t, text(1))
    expect(d.ctl("diff") == "", "nothing differs at first")
    d.ctl(f"-a -t {VIP}:80 -r {rip(2)}:80 -g -w 5")
    expect(d.ctl("diff") == f"only in the table: tcp {VIP}:80 server {rip(2)}\n", "the server that was added")
    d.ctl("reload")
    expect("only in the table" in d.ctl("diff"), "the reload took it away")


@e2e()
def test_no_file(t):
    """Without -f there is nothing to reload, and that is said."""
    d = t.shuntd()
    status, _, err = d.try_ctl("reload")
    expect(status == 255 and "-f FILE" in err, f"status {status}: {err}")
