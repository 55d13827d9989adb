# SPDX-License-Identifier: BSD-2-Clause
"""source etcd: services from a real etcd; two directors; etcd away, wrong or empty; what was good last."""
import json
import os
import subprocess
import time

from lab import DIRECTOR, VIP, ask, e2e, expect, rip, until

URL = "http://127.0.0.1:2379"


class Etcd:
    """A real etcd in the director's namespace."""

    def __init__(self, t, url=URL, more=(), ctl=()):
        self.t, self.url, self.more, self.ctl = t, url, more, ctl
        self.dir = f"{t.lab.state}/etcd"
        self.start()

    def start(self):
        self.child = self.t.lab.spawn("director", ["etcd", "--data-dir", self.dir, "--listen-client-urls", self.url.replace("127.0.0.1", "0.0.0.0"), "--advertise-client-urls", self.url,
                                                   "--listen-peer-urls", "http://127.0.0.1:2380", *self.more], "etcd.log", stdin=subprocess.DEVNULL)
        until(lambda: self.try_ctl("endpoint", "health").returncode == 0, 15, "etcd answers")

    def try_ctl(self, *args, **kw):
        return subprocess.run(self.t.lab.argv("director", ["etcdctl", "--endpoints", self.url, *self.ctl, *args]), capture_output=True, text=True,
                              env=dict(os.environ, ETCDCTL_API="3"), **kw)

    def put(self, key, text):
        done = self.try_ctl("put", key, input=text)
        expect(done.returncode == 0, f"etcdctl put: {done.stderr}")

    def delete(self, *args):
        self.try_ctl("del", *args)

    def end(self):
        self.child.kill()
        self.child.wait()


def service(*servers, port=80):
    blocks = "".join(real(n, port) for n in servers)
    return f"virtual_server {VIP} {port} {{\n lb_algo rr\n lb_kind DR\n protocol TCP\n{blocks}}}\n"


def real(n, port=80):
    return f" real_server {rip(n)} {port} {{ weight 1 }}\n"


def write(path, text):
    with open(path, "w") as f:
        f.write(text)


def conf(t, name="shunt.conf", more="", fallback=""):
    path = f"{t.lab.state}/{name}"
    with open(path, "w") as f:
        f.write(f"source etcd {{\n endpoint http://127.0.0.1:1,{URL}\n cache {t.lab.state}/{name}.cache/etcd.conf\n {more}\n}}\n{fallback}")
    return path


def servers(d):
    return {(s["port"], x["address"]) for s in json.loads(d.ctl("-L -n --json"))["services"] for x in s["servers"]}


def want(d, *pairs, seconds=5):
    until(lambda: servers(d) == {(port, rip(n)) for port, n in pairs}, seconds, f"the table has {pairs}: {servers(d)}")


@e2e(servers=3)
def test_follow(t):
    """Services and servers come, change and go with etcd's keys, within a second; the file is what serves before etcd says anything."""
    d = t.shuntd("-i", "eth0", "-f", conf(t, fallback=service(3)))
    want(d, (80, 3))
    until(lambda: "source etcd: http://127.0.0.1:1: " in d.log_text(), 5, "it is told that etcd isn't there")
    etcd = Etcd(t)
    time.sleep(1)
    expect(servers(d) == {(80, rip(3))}, "an empty etcd took the file's services away")
    etcd.put("/shunt/services/web", service(1))
    want(d, (80, 1), seconds=12)
    until(lambda: "all is well again" in d.log_text(), 2, "it is told that etcd is there")
    begun = time.monotonic()
    etcd.put("/shunt/servers/web/two", real(2))
    want(d, (80, 1), (80, 2), seconds=2)
    t.notes.append(f"a change is there after {time.monotonic() - begun:.2f} s")
    d.wait_usable(2)
    until(lambda: set(ask(t.lab, 6)) == {"nginx1", "nginx2"}, 3, "both serve")
    etcd.put("/shunt/services/echo", service(3, port=7))
    want(d, (80, 1), (80, 2), (7, 3), seconds=2)
    etcd.delete("/shunt/servers/web/two")
    etcd.delete("/shunt/services/echo")
    want(d, (80, 1), seconds=2)


@e2e(servers=3)
def test_wrong(t):
    """Nothing wrong that etcd says changes anything: bad text, unknown keys, commands, nothing at all; each is an alarm."""
    etcd = Etcd(t)
    etcd.put("/shunt/services/web", service(1))
    d = t.shuntd("-i", "eth0", "--metrics", "127.0.0.1:9105", "-f", conf(t))
    want(d, (80, 1))
    good = lambda: "shunt_config_source_good 1" in t.lab.run("director", "curl -sS http://127.0.0.1:9105/metrics")
    expect(good(), "the metric says that all is well")
    wrong = (("/shunt/services/x", "virtual_server 10.0.0.1 80 {\n lb_kind NAT\n protocol TCP\n}\n", "NAT"),
             ("/shunt/services/x", "nonsense", "doesn't end with }"),
             ("/shunt/service/x", service(2, port=7), "neither services/NAME"),
             ("/shunt/services/x", "include /etc/passwd\n}\n", "include:"),
             ("/shunt/services/x", "global {\n mode copy\n}\n", "blocks that aren't services"),
             ("/shunt/services/x", service(2, port=7).replace("{ weight 1 }", '{ notify_up "/bin/true" }'), "allow_commands"))
    for key, text, reason in wrong:
        seen = len(d.log_text())
        etcd.put(key, text)
        until(lambda: reason in d.log_text()[seen:], 3, f"{text!r} is told as {reason}: {d.log_text()[seen:]}")
        expect(servers(d) == {(80, rip(1))}, f"{text!r} changed the table")
        expect(not good(), f"the metric says nothing of {text!r}")
        etcd.delete(key)
        until(good, 3, "all is well again")
    etcd.delete("--prefix", "/shunt/")
    until(lambda: "there are no services" in d.log_text(), 3, "an empty etcd is told")
    expect(servers(d) == {(80, rip(1))}, "an empty etcd emptied the table")


@e2e(servers=2)
def test_away(t):
    """etcd gone changes nothing; shuntd started without it has what was good last; reloads too; etcd back, it is followed again."""
    etcd = Etcd(t)
    etcd.put("/shunt/services/web", service(1))
    path = conf(t, fallback=service(2, port=7))
    d = t.shuntd("-i", "eth0", "-f", path)
    want(d, (80, 1))
    etcd.end()
    until(lambda: "stays in force" in d.log_text(), 12, "it is told that etcd is gone")
    d.ctl("reload")
    expect(servers(d) == {(80, rip(1))}, "a reload forgot what etcd had said")
    os.kill(d.engine(), 9)
    until(lambda: d.try_ctl("show workers")[0] == 0, 5, "the next engine answers")
    expect(servers(d) == {(80, rip(1))}, "the next engine forgot")
    d.stop()
    d = t.shuntd("-i", "eth0", "-f", path)
    want(d, (80, 1))
    etcd.start()
    etcd.put("/shunt/services/web", service(1, 2))
    want(d, (80, 1), (80, 2), seconds=12)


@e2e(servers=2)
def test_password(t):
    """A user and a password; without them nothing is had."""
    etcd = Etcd(t)
    etcd.put("/shunt/services/web", service(1))
    for args in (("user", "add", "root:secret"), ("user", "grant-role", "root", "root"), ("auth", "enable")):
        etcd.try_ctl(*args)
    d = t.shuntd("-i", "eth0", "-f", conf(t, fallback=service(2)))
    time.sleep(1.5)
    expect(servers(d) == {(80, rip(2))}, "keys were read without a password")
    d.stop()
    d = t.shuntd("-i", "eth0", "-f", conf(t, more="user root\n password secret"))
    want(d, (80, 1))


@e2e(servers=3)
def test_two(t):
    """Two directors that follow one etcd agree within a second of each change."""
    etcd = Etcd(t)
    etcd.put("/shunt/services/web", service(1))
    d = t.shuntd("-i", "eth0", "-f", conf(t))
    other = conf(t, "other.conf")
    with open(other) as f:
        text = f.read().replace(URL, f"http://{DIRECTOR}:2379")
    with open(other, "w") as f:
        f.write(text)
    ctl = f"{t.lab.state}/other.sock"
    t.lab.spawn("server3", [f"{t.build}/shuntd", "-i", "eth0", "-f", other, "--ctl", ctl], "other.log", env=d.env)

    def elsewhere():
        done = subprocess.run([f"{t.build}/shuntctl", "--ctl", ctl, "-L", "-n", "--json"], capture_output=True, text=True, env=d.env)
        return {(s["port"], x["address"]) for s in json.loads(done.stdout)["services"] for x in s["servers"]} if done.returncode == 0 else None
    want(d, (80, 1))
    until(lambda: elsewhere() == servers(d), 15, "the other follows too")
    for i in range(5):
        etcd.put("/shunt/servers/web/more", real(2 + i % 2))
        until(lambda: servers(d) == elsewhere() == {(80, rip(1)), (80, rip(2 + i % 2))}, 1, f"both have change {i}")


@e2e(servers=2)
def test_tls(t):
    """TLS in both directions: etcd wants our certificate, and shows one that our authority has signed; else nothing is had."""
    state, tls = t.lab.state, URL.replace("http", "https")
    for args in (["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1",
                  "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", f"{state}/key.pem", "-out", f"{state}/cert.pem"],):
        subprocess.run(["openssl", *args], check=True, capture_output=True)
    files = [f"{state}/cert.pem", f"{state}/key.pem", f"{state}/cert.pem"]
    etcd = Etcd(t, tls, more=["--cert-file", files[0], "--key-file", files[1], "--trusted-ca-file", files[2], "--client-cert-auth"],
                ctl=["--cert", files[0], "--key", files[1], "--cacert", files[2]])
    etcd.put("/shunt/services/web", service(1))
    path = conf(t, fallback=service(2))
    with open(path) as f:
        text = f.read().replace(URL, tls)
    write(path, text)
    d = t.shuntd("-i", "eth0", "-f", path)
    until(lambda: "certificate" in d.log_text(), 5, "a certificate that nobody trusts is told")
    expect(servers(d) == {(80, rip(2))}, "keys were read all the same")
    write(path, text.replace("cache ", f"ca {files[2]}\n cert {files[0]}\n key {files[1]}\n cache "))
    d.ctl("reload")
    want(d, (80, 1), seconds=12)
