# SPDX-License-Identifier: BSD-2-Clause
"""make install and what it installs: the files, the man pages, and a unit that gives shuntd no more than it needs."""
import os
import re
import shutil
import subprocess

from lab import ROOT, VIP, Conns, Skipped, ask, e2e, expect, rip, until

UNIT = "usr/lib/systemd/system/shuntd.service"
FILES = {
    "usr/sbin/shuntd": 0o755, "usr/sbin/flowgen": 0o755, "usr/bin/shuntctl": 0o755,
    "usr/share/man/man8/shuntd.8": 0o644, "usr/share/man/man8/shuntctl.8": 0o644, "usr/share/man/man8/flowgen.8": 0o644,
    "usr/share/man/man5/shunt.conf.5": 0o644,
    "usr/share/bash-completion/completions/shuntctl": 0o644,
    UNIT: 0o644, "usr/lib/sysusers.d/shunt.conf": 0o644, "usr/lib/tmpfiles.d/shunt.conf": 0o644,
}


def make(target, dest, *more):
    done = subprocess.run(["make", "--no-print-directory", "-C", ROOT, target, f"DESTDIR={dest}", *more],
                          capture_output=True, text=True, timeout=300)
    expect(done.returncode == 0, f"make {target}: {done.stderr.strip()[-500:]}")


def files_below(folder):
    return {os.path.relpath(f"{at}/{name}", folder): os.stat(f"{at}/{name}").st_mode & 0o7777
            for at, _, names in os.walk(folder) for name in names}


def installed(t, *more):
    dest = f"{t.lab.state}/root"
    make("install", dest, *more)
    return dest


@e2e()
def test_files(t):
    """DESTDIR and PREFIX are honoured; the files are those of the list, with their modes; uninstall takes all away."""
    dest = installed(t)
    found = files_below(dest)
    expect(found == FILES, f"installed and listed differ in {sorted(set(found.items()) ^ set(FILES.items()))}")
    expect(os.path.isdir(f"{dest}/etc/shunt"), "no folder for shunt.conf")
    with open(f"{dest}/etc/shunt/shunt.conf", "w") as f:
        f.write("# mine\n")
    make("uninstall", dest)
    expect(set(files_below(dest)) == {"etc/shunt/shunt.conf"}, f"left: {sorted(files_below(dest))}")
    shutil.rmtree(dest)
    dest = installed(t, "PREFIX=/opt/x")
    expect(set(files_below(dest)) == {x.replace("usr/", "opt/x/", 1) for x in FILES}, f"{sorted(files_below(dest))}")
    with open(f"{dest}/{UNIT.replace('usr/', 'opt/x/', 1)}") as f:
        text = f.read()
    expect("ExecStart=/opt/x/sbin/shuntd " in text and "/opt/x/bin/shuntctl reload" in text and "/usr/" not in text,
           f"the unit's paths:\n{text}")
    expect("@" not in re.sub(r"(?m)^#.*|@system-service", "", text), "a word wasn't put in")


@e2e()
def test_unit(t):
    """systemd-analyze finds no fault with the unit, and an exposure of 3.3 at most; sysusers and tmpfiles are taken."""
    if not shutil.which("systemd-analyze"):
        raise Skipped("no systemd-analyze here")
    dest = installed(t)
    done = subprocess.run(["systemd-analyze", "verify", "--man=no", f"--root={dest}", "shuntd.service"],
                          capture_output=True, text=True, timeout=60)
    # mkdir and the targets are the system's
    words = [x for x in done.stderr.splitlines() if "shuntd.service" in x and not re.search("sysinit.target|/bin/mkdir", x)]
    expect(not words, f"verify: {words}")
    done = subprocess.run(["systemd-analyze", "security", "--offline=true", f"{dest}/{UNIT}"],
                          capture_output=True, text=True, timeout=60)
    level = re.search(r"exposure level for shuntd.service: ([\d.]+)", done.stdout)
    expect(level and float(level[1]) <= 3.3, f"exposure: {level and level[1]} {done.stderr}")
    t.notes.append(f"exposure {level[1]}")
    subprocess.run(["systemd-sysusers", f"--root={dest}", "shunt.conf"], check=True, capture_output=True)
    with open(f"{dest}/etc/group") as f:
        expect(re.search(r"^shunt:", f.read(), re.M), "no group shunt")
    subprocess.run(["systemd-tmpfiles", f"--root={dest}", "--create", "shunt.conf"], check=True, capture_output=True)
    expect(os.stat(f"{dest}/run/shunt").st_mode & 0o7777 == 0o2755, "the socket's folder")


@e2e(servers=2)
def test_capabilities(t):
    """With the unit's capabilities alone: traffic, another engine, and a start that takes over, with no connection broken."""
    with open(f"{installed(t)}/{UNIT}") as f:
        caps = re.search(r"^CapabilityBoundingSet=(.*)$", f.read(), re.M)[1].split()
    limits = ["prlimit", "--memlock=unlimited", "--"]
    if subprocess.run([*limits, "true"], capture_output=True).returncode:
        limits, caps = [], [*caps, "CAP_IPC_LOCK"]  # of the same use; the unit's limit can't be had here
    bounds = ",".join(["-all", *("+" + c.removeprefix("CAP_").lower() for c in caps)])
    limited = [*limits, "setpriv", f"--bounding-set={bounds}", "--inh-caps=-all", "--no-new-privs", "--"]
    t.lab.echo_servers(2)
    plain = t.lab.argv
    t.lab.argv = lambda where, args: plain(where, [*limited, *args] if args[0].endswith("/shuntd") else args)
    d = t.shuntd("-i", "eth0", "--on-exit", "drop")
    with open(f"/proc/{d.child.pid}/status") as f:
        had = re.search(r"^CapEff:\s*(\S+)", f.read(), re.M)[1]
    expect(bin(int(had, 16)).count("1") == len(caps), f"it runs with {had}")
    d.service(f"-t {VIP}:7", [f"{rip(n)}:7" for n in (1, 2)], sched="rr")
    conns = Conns(t.lab, 20)
    old = d.engine()
    os.kill(old, 9)
    until(lambda: d.engine() not in (None, old), 10, "another engine")
    expect(d.stop() == 0, "a clean end")
    d = t.shuntd("-i", "eth0")
    d.wait_usable(2)
    result = conns.finish()
    expect(result["broken"] == 0 and result["moved"] == 0, f"{result}")


@e2e()
def test_man_pages(t):
    """Every option that shuntd --help shows and every verb and view of shuntctl help has its entry in the man page."""
    def said(program, word):
        return subprocess.run([f"{ROOT}/build/{program}", word], capture_output=True, text=True, check=True).stdout

    def page(path):
        with open(f"{ROOT}/{path}") as f:
            return f.read()
    entries = re.findall(r"^\.It (?:Fl \w , )?(?:Fl )?-([\w-]+)", page("src/shuntd.8"), re.M)
    options = re.findall(r"^  (?:-\w, |    )--([\w-]+)", said("shuntd", "--help"), re.M)
    expect(len(options) > 15, f"only {options}")
    missing = [x for x in options if x not in entries]
    expect(not missing, f"not in shuntd.8: {missing}")
    text, entries = said("shuntctl", "help"), page("tools/shuntctl/shuntctl.8")
    verbs = re.findall(r"^  shuntctl ([a-z]+)", text, re.M)
    views = re.findall(r"^      ([a-z]+)  ", text, re.M)
    expect(len(verbs) > 8 and len(views) > 5, f"only {verbs} {views}")
    missing = [x for x in [v for v in verbs if v != "show"] + [f"show {v}" for v in views]
               if not re.search(rf"^\.It Cm {x}\b", entries, re.M)]
    expect(not missing, f"not in shuntctl.8: {missing}")
