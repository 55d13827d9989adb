# SPDX-License-Identifier: BSD-2-Clause
"""shuntctl by the name of ipvsadm."""
import os
import shutil
import subprocess

from lab import ROOT, VIP, e2e, expect, rip


def as_ipvsadm(t, d, *args, stdin=None):
    link = f"{t.lab.state}/ipvsadm"
    if not os.path.islink(link):
        os.symlink(f"{t.build}/shuntctl", link)
    done = subprocess.run([link, *args], capture_output=True, text=True, timeout=20, input=stdin,
                          env=dict(d.env, SHUNT_CTL=d.ctl_path))
    return done.returncode, done.stdout, done.stderr


@e2e(servers=1)
def test_name(t):
    """The link speaks ipvsadm's grammar and no other, under its name, version and exit codes."""
    d = t.shuntd()
    expect(as_ipvsadm(t, d, "-A", "-t", f"{VIP}:80", "-s", "rr") == (0, "", ""), "-A")
    expect(as_ipvsadm(t, d, "-a", "-t", f"{VIP}:80", "-r", rip(1)) == (0, "", ""), "-a")
    expect(as_ipvsadm(t, d) == (0, d.ctl("-L"), ""), "without a word it doesn't list")
    expect(as_ipvsadm(t, d, "-Ln") == (0, d.ctl("-L -n"), ""), "-Ln")
    saved = as_ipvsadm(t, d, "-S", "-n")[1]
    expect(as_ipvsadm(t, d, "-R", stdin=f"-C\n{saved}") == (0, "", "") and d.ctl("-S -n") == saved, "-S and -R")
    version = "ipvsadm v1.31 2019/12/24 (compiled with popt and IPVS v1.2.1)\n"
    expect(as_ipvsadm(t, d, "-v") == (0, version, ""), "-v")
    status, out, _ = as_ipvsadm(t, d, "-h")
    expect(status == 0 and out.startswith(version) and "  ipvsadm -A|--add-service " in out and "  shuntctl" not in out,
           out)
    for words in (["show", "workers"], ["--json", "-L"], ["--dry-run", "-C"], ["--ctl", d.ctl_path, "-L"], ["help"]):
        status, _, err = as_ipvsadm(t, d, *words)
        expect(status == 255 and "ipvsadm -h'" in err, f"{words}: {status} {err}")
    status, _, err = as_ipvsadm(t, d, "-C", "--dry-run")
    expect(status == 255 and "unknown option" in err, f"-C --dry-run: {status} {err}")
    status, _, err = as_ipvsadm(t, d, "-R", stdin="-A -t 1.2.3.4\n")
    expect(status == 2 and err.startswith("ipvsadm: standard input:1: "), err)
    expect(VIP in d.ctl("-S -n"), "something was cleared")
    os.unlink(f"{t.lab.state}/ipvsadm")


@e2e(servers=1)
def test_install(t):
    """make install-ipvsadm makes the link, twice too, and leaves another ipvsadm alone."""
    root = f"{t.lab.state}/root"

    def make():
        return subprocess.run(["make", "-s", "-C", ROOT, "install-ipvsadm", f"DESTDIR={root}", "PREFIX=/usr"],
                              capture_output=True, text=True, timeout=120)
    for _ in range(2):
        done = make()
        expect(done.returncode == 0, done.stderr)
        expect(os.readlink(f"{root}/usr/sbin/ipvsadm") == "/usr/bin/shuntctl", "it isn't a link to shuntctl")
        expect(os.access(f"{root}/usr/bin/shuntctl", os.X_OK), "there is no shuntctl")
        expect(os.path.exists(f"{root}/usr/share/bash-completion/completions/shuntctl"), "there is no completion")
    os.unlink(f"{root}/usr/sbin/ipvsadm")
    with open(f"{root}/usr/sbin/ipvsadm", "w") as f:
        f.write("another")
    done = make()
    expect(done.returncode != 0 and "is something else" in done.stderr, f"{done}")
    with open(f"{root}/usr/sbin/ipvsadm") as f:
        expect(f.read() == "another", "another ipvsadm was replaced")
    shutil.rmtree(root)
