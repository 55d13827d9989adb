# SPDX-License-Identifier: BSD-2-Clause
"""What the end-to-end tests are written in: the lab, the daemon in it, and the frames on its wires."""
import contextlib
import ctypes
import glob
import hashlib
import json
import os
import re
import shlex
import signal
import socket
import struct
import subprocess
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
HERE = os.path.join(ROOT, "ci", "e2e")
VIP, VIP6 = "192.168.1.222", "fd00:1::222"
CLIENT, DIRECTOR = "192.168.1.10", "192.168.1.129"
CLIENT_MAC, DIRECTOR_MAC = "02:00:00:00:01:0a", "02:00:00:00:01:81"
CLONE_NEWNET = 0x40000000
LIBC = ctypes.CDLL(None, use_errno=True)


class Failed(Exception):
    """The test found what it guards against."""


class Skipped(Exception):
    """This machine cannot run the test."""


def rip(n, net="192.168.1", six=False):
    return f"fd00:1::{53 + n}" if six else f"{net}.{53 + n}"


def server_mac(n, net=1):
    return f"02:00:00:00:{net:02x}:{53 + n:02x}"


def expect(condition, text):
    if not condition:
        raise Failed(text)


def until(condition, seconds, text):
    """Polls until condition() is true and returns its value."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise Failed(f"after {seconds} s still not: {text}")
        time.sleep(0.02)


class Lab:
    """tools/lab under a name of its own, and the processes that a test starts in it."""

    patience = 5  # seconds for a connection's last answers

    def __init__(self, name, logdir):
        self.name = name
        self.logdir = logdir
        self.env = dict(os.environ, LAB=name)
        self.state = f"/run/shunt-lab/{name}"
        self.children = []
        self.far = False

    def tool(self, *args):
        done = subprocess.run([f"{ROOT}/tools/lab", *args], env=self.env, capture_output=True, text=True)
        if done.returncode:
            raise RuntimeError(f"tools/lab {' '.join(args)}: {done.stderr.strip()}")
        return done.stdout

    def up(self, servers=1, queues=1, two_arm=False, ipv6=False):
        self.tool("up", "--servers", str(servers), "--queues", str(queues),
                  *(["--two-arm"] if two_arm else []), *(["--ipv6"] if ipv6 else []))

    def down(self):
        for child in self.children:
            child.poll() is None and child.terminate()
        self.tool("down")
        if self.far:
            subprocess.run(["ip", "netns", "del", f"{self.name}-far"], check=False)
        self.end_children()

    def end_children(self):
        for child in self.children:
            child.poll() is None and child.terminate()
        for child in self.children:
            child.wait(10)
        self.children = []

    def add_far(self, address, router, mtu):
        """A host in a network of its own behind the client, which becomes its router."""
        self.far = True
        subprocess.run(["ip", "netns", "add", f"{self.name}-far"], check=True)
        self.run("client", f"ip link add far0 mtu {mtu} type veth peer name eth0 mtu {mtu} netns {self.name}-far")
        self.run("client", f"ip addr add {router}/24 dev far0")
        self.run("client", "ip link set far0 up")
        self.run("client", "sh", "-c", "echo 1 >/proc/sys/net/ipv4/ip_forward")
        self.run("far", f"ip addr add {address}/24 dev eth0")
        self.run("far", "ip link set eth0 up")
        self.run("far", f"ip route add default via {router}")

    def argv(self, where, args):
        return ["nsenter", f"--net=/run/netns/{self.name}-{where}", "--", *args]

    def run(self, where, *args, check=True, timeout=60, **kw):
        """Runs a command to its end; returns its output. One string is split as a shell would."""
        args = shlex.split(args[0]) if len(args) == 1 else [str(a) for a in args]
        done = subprocess.run(self.argv(where, args), capture_output=True, text=True, timeout=timeout, **kw)
        if check and done.returncode:
            raise Failed(f"{where}: {' '.join(args)}: status {done.returncode}: {done.stderr.strip()}")
        return done.stdout

    def spawn(self, where, args, log, **kw):
        """Starts a process there; what it says goes to a log that is searched for sanitizer reports."""
        with open(f"{self.logdir}/{log}", "ab") as out:
            child = subprocess.Popen(self.argv(where, args), stderr=out, **{"stdout": out, **kw})
        self.children.append(child)
        return child

    def python(self, where, script, *args, log, **kw):
        """Starts one of this folder's helpers and waits for its first line."""
        child = self.spawn(where, ["/usr/bin/python3", f"{HERE}/{script}", *[str(a) for a in args]], log,
                           stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, **kw)
        if not child.stdout.readline():
            raise Failed(f"{script} in {where} ended: see {log}")
        return child

    def echo_servers(self, n, port=7, six=False, addresses=None):
        """An echo server (TCP and UDP) on servers 1..n, on the VIP; it answers with its name."""
        vip = f"[{VIP6}]" if six else VIP
        for i in range(1, n + 1):
            self.python(f"server{i}", "echo_server.py", f"server{i}",
                        *(addresses or [f"{vip}:{port}"]), log=f"echo{i}.log")

    @contextlib.contextmanager
    def inside(self, where):
        """Within this block, sockets that this process makes belong to the namespace."""
        own = os.open("/proc/self/ns/net", os.O_RDONLY)
        other = os.open(f"/run/netns/{self.name}-{where}", os.O_RDONLY)
        try:
            enter(other)
            yield
        finally:
            enter(own)
            os.close(other)
            os.close(own)

    def packet_socket(self, where, interface="eth0"):
        with self.inside(where):
            sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
            sock.bind((interface, 3))
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)
        return sock

    def pids(self, where):
        out = subprocess.run(["ip", "netns", "pids", f"{self.name}-{where}"], capture_output=True, text=True)
        return [int(p) for p in out.stdout.split()]


def enter(fd):
    if LIBC.setns(fd, CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), "setns")


class Conns:
    """Long-lived connections (conns.py) from the client."""

    def __init__(self, lab, count, port=7, interval=0.1, host=VIP):
        self.child = lab.python("client", "conns.py", host, port, count, interval, lab.patience, log="conns.log")

    def finish(self):
        out, _ = self.child.communicate("", timeout=90)
        return json.loads(out)


class Shuntd:
    """The daemon in the director's namespace, and shuntctl for it. mutant: one of ci/mutants, for controls."""

    wall = 5  # seconds for what happens at once on an idle machine

    def __init__(self, lab, build, sanitized, args=("-i", "eth0"), env=None, ready=True, log="shuntd.log",
                 mutant=None):
        self.lab = lab
        self.build = build
        self.log = f"{lab.logdir}/{log}"
        self.ctl_path = f"{lab.state}/ctl.sock"
        self.env = dict(os.environ, RES_OPTIONS="attempts:1 timeout:2", **(env or {}), **(sanitizer_env() if sanitized else {}))
        self.seen = os.path.getsize(self.log) if os.path.exists(self.log) else 0
        program = f"{ROOT}/build/mutant/{mutant}/shuntd" if mutant else f"{build}/shuntd"
        self.args = [program, *args, "--ctl", self.ctl_path]
        self.child = lab.spawn("director", self.args, log, env=self.env, stdin=subprocess.DEVNULL)
        if ready:
            self.wait_ready()

    def log_text(self):
        with open(self.log, errors="replace") as f:
            f.seek(self.seen)
            return f.read()

    def wait_ready(self, seconds=20):
        def ready():
            if self.child.poll() is not None:
                raise Failed(f"shuntd ended with status {self.child.returncode}: {self.log_text().strip()[-2000:]}")
            return re.search(r"(^|\s)ready$", self.log_text(), re.M)
        until(ready, seconds, "shuntd says ready")

    def try_ctl(self, line, stdin=None):
        """(status, stdout, stderr) of shuntctl; line is as one would type it after the program's name."""
        done = subprocess.run([f"{self.build}/shuntctl", "--ctl", self.ctl_path, *shlex.split(line)],
                              capture_output=True, text=True, env=self.env, timeout=20, input=stdin)
        with open(f"{self.lab.logdir}/shuntctl.log", "a") as f:
            f.write(f"$ shuntctl {line}\n{done.stdout}{done.stderr}= {done.returncode}\n")
        return done.returncode, done.stdout, done.stderr

    def ctl(self, line, stdin=None):
        status, out, err = self.try_ctl(line, stdin)
        expect(status == 0, f"shuntctl {line}: status {status}: {err.strip()}")
        return out

    def request(self, **fields):
        """One line to the control socket: for what shuntctl has no words for."""
        with socket.socket(socket.AF_UNIX) as sock:
            sock.settimeout(10)
            sock.connect(self.ctl_path)
            sock.sendall(json.dumps(fields).encode() + b"\n")
            with sock.makefile() as answers:
                answer = json.loads(answers.readline())
        expect(answer.get("ok"), f"{fields}: {answer}")
        return answer

    def show(self, what):
        answer = json.loads(self.ctl(f"show {what} --json"))
        expect("schema_version" in answer, f"show {what} --json has no schema_version")
        return answer

    def workers(self):
        return self.show("workers")["workers"]

    def drops(self):
        """What was dropped or passed, by reason: {'workers': {...}, 'steer': {...}}."""
        return self.show("drops")

    def service(self, service, servers, sched="wrr", weights=None):
        """Adds a service (-t VIP:80) and its servers, by address."""
        self.ctl(f"-A {service} -s {sched}")
        for i, address in enumerate(servers):
            weight = weights[i] if weights else 1
            self.ctl(f"-a {service} -r {address} -g -w {weight}")
        self.wait_usable(len(servers))

    def wait_usable(self, n):
        """Waits until the MAC addresses of n servers are known: before, they get no traffic."""
        def resolved():
            return len([x for x in self.show("neighbours")["neighbours"] if x.get("mac")]) >= n
        until(resolved, self.wall, f"{n} neighbours resolved")

    def engine(self):
        """The engine's pid: the holder's only child."""
        try:
            with open(f"/proc/{self.child.pid}/task/{self.child.pid}/children") as f:
                children = f.read().split()
        except FileNotFoundError:
            return None
        return int(children[0]) if children else None

    def frames_missing(self):
        return {w["worker"]: w["frames"] for w in self.workers() if w["frames"]["missing"]}

    def check_counters(self):
        """rx = tx + pass + drops, and no frame missing; read until two readings agree."""
        def settled():
            first, second = self.workers(), self.workers()
            quiet = [w["rx"] for w in first] == [w["rx"] for w in second]
            known = all(w["frames"]["exact"] and accounted(w) == w["rx"] for w in second)
            return second if quiet and known else None
        def accounted(w):
            return w["tx"] + w["pass"] + w["parked"] + sum(w["drops"].values())
        for w in until(settled, self.wall, "counters stand still, rx = tx + pass + parked + drops, frames known exactly"):
            frames = dict(w["frames"])
            expect(frames["missing"] == 0 and frames["exact"], f"worker {w['worker']}: frames missing: {frames}")
            expect(frames["free"] + frames["rx"] + frames["tx"] == frames["total"],
                   f"worker {w['worker']}: frames don't add up: {frames}")

    def stop(self, seconds=15):
        if self.child.poll() is None:
            self.child.send_signal(signal.SIGTERM)
            try:
                self.child.wait(seconds)
            except subprocess.TimeoutExpired:
                raise Failed(f"shuntd didn't end within {seconds} s of SIGTERM")
        return self.child.returncode

    def kill_all(self):
        """kill -9 of holder and engine."""
        engine = self.engine()
        self.child.kill()
        if engine:
            with contextlib.suppress(ProcessLookupError):
                os.kill(engine, signal.SIGKILL)
        self.child.wait(5)
        until(lambda: not engine or not os.path.exists(f"/proc/{engine}/ns/net"), 5, "the engine is gone")


def sanitizer_env():
    return {
        "ASAN_OPTIONS": "detect_leaks=1:abort_on_error=0:exitcode=99:detect_stack_use_after_return=1",
        "UBSAN_OPTIONS": "print_stacktrace=1:halt_on_error=0",
        "LSAN_OPTIONS": "exitcode=99",
    }


# --- requests from the client -----------------------------------------------------------------

def ask(lab, count, host=VIP, port=80, timeout=3):
    """That many HTTP requests, each on a connection of its own, one after another: {answer: count}."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    answers = {}
    for _ in range(count):
        with lab.inside("client"):
            sock = socket.socket(family, socket.SOCK_STREAM)
        with sock:
            sock.settimeout(timeout)
            try:
                sock.connect((host, port))
                sock.sendall(b"GET / HTTP/1.0\r\n\r\n")
                data = b""
                while more := sock.recv(65536):
                    data += more
                answer = data.split(b"\r\n\r\n", 1)[-1].decode().strip()
            except OSError as error:
                answer = f"error: {error}"
        answers[answer] = answers.get(answer, 0) + 1
    return answers


def curl(lab, url, *args, timeout=20):
    return lab.run("client", "curl", "-sS", "-g", "--max-time", str(timeout), *args, url, timeout=timeout + 5)


def say(lab, host=VIP, port=7, text="hello", timeout=3, where="client"):
    """One line to an echo server on a new connection: (its name, '')  or ('', error)."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with lab.inside(where):
        sock = socket.socket(family, socket.SOCK_STREAM)
    with sock:
        sock.settimeout(timeout)
        try:
            sock.connect((host, port))
            sock.sendall(text.encode() + b"\n")
            words = sock.recv(4096).decode().split()
            return (words[0], "") if words[1:] == [text] else ("", f"answered {words}")
        except OSError as error:
            return "", str(error)


def ask_udp(lab, queries, host=VIP, port=53, timeout=2, sock=None):
    """Datagrams to an echo server, each from a port of its own unless a socket is given:
    ({name: count}, lost)."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    names, lost = {}, 0
    for i, query in enumerate(queries):
        with lab.inside("client"):
            own = sock or socket.socket(family, socket.SOCK_DGRAM)
        if not sock:
            own.bind(("", 20000 + i))
        own.settimeout(timeout)
        own.connect((host, port))
        try:
            own.send(query)
            name, _, rest = own.recv(65536).partition(b" ")
            expect(rest == query, f"a query of {len(query)} bytes came back changed")
            names[name.decode()] = names.get(name.decode(), 0) + 1
        except OSError:
            lost += 1
        if own is not sock:
            own.close()
    return names, lost


def ping(lab, host, count=5, timeout=1):
    """How many of count echo requests are answered."""
    with lab.inside("client"):
        sock = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
    answered = 0
    with sock:
        for seq in range(count):
            packet = struct.pack(">BBHHH", 8, 0, 0, 0x7368, seq)
            sock.sendto(packet[:2] + struct.pack(">H", csum(packet)) + packet[4:], (host, 0))
            end = time.monotonic() + timeout
            while (left := end - time.monotonic()) > 0:
                sock.settimeout(left)
                try:
                    data, peer = sock.recvfrom(4096)
                except TimeoutError:
                    break
                if peer[0] == host and data[20] == 0 and data[24:28] == struct.pack(">HH", 0x7368, seq):
                    answered += 1
                    break
    return answered


def upload(lab, names, size, timeout=60, host=VIP):
    """Sends files of random bytes, all at once, and compares their sums with what the servers stored.
    Returns the seconds that the transfer took."""
    sums = {}
    for name in names:
        data = os.urandom(size)
        sums[name] = hashlib.sha256(data).hexdigest()
        with open(f"{lab.state}/{name}", "wb") as f:
            f.write(data)
    host = f"[{host}]" if ":" in host else host
    start = time.monotonic()
    clients = [lab.spawn("client", ["curl", "-sS", "-g", "-f", "--max-time", str(timeout), "-T",
                                    f"{lab.state}/{name}", f"http://{host}/upload/{name}"], "curl.log")
               for name in names]
    failed = [c.args[-1] for c in clients if c.wait(timeout + 5)]
    took = time.monotonic() - start
    expect(not failed, f"{len(failed)} of {len(names)} uploads failed: {failed[0] if failed else ''}")
    for name in names:
        os.unlink(f"{lab.state}/{name}")
        stored = glob.glob(f"{lab.state}/server*/upload/{name}")
        expect(len(stored) == 1, f"{name} is on {len(stored)} servers")
        with open(stored[0], "rb") as f:
            expect(hashlib.file_digest(f, "sha256").hexdigest() == sums[name], f"{name} arrived changed")
        os.unlink(stored[0])
    return took


def retransmitted(lab):
    """TCP segments that the client has sent again so far."""
    names, values = [x.split() for x in lab.run("client", "cat /proc/net/snmp").splitlines() if x.startswith("Tcp:")]
    return int(values[names.index("RetransSegs")])


def offloads_off(lab):
    """Turns every offload off on every NIC and switch port of the lab."""
    for path in glob.glob(f"/run/netns/{lab.name}-*"):
        where = path.removeprefix(f"/run/netns/{lab.name}-")
        for link in json.loads(lab.run(where, "ip -j link show type veth")):
            lab.run(where, "ethtool", "-K", link["ifname"], "tx", "off", "rx", "off", "sg", "off",
                    "tso", "off", "gso", "off", "gro", "off")


# --- frames -----------------------------------------------------------------------------------

def mac_bytes(text):
    return bytes.fromhex(text.replace(":", ""))


def mac_text(data):
    return ":".join(f"{b:02x}" for b in data)


def csum(data):
    """The Internet checksum (RFC 1071)."""
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def udp_frame(dst_mac, payload, src=CLIENT, dst=VIP, sport=4000, dport=9, ttl=64, src_mac=CLIENT_MAC, ident=1):
    """An Ethernet frame with an IPv4 UDP datagram, its checksums right."""
    a, b = socket.inet_aton(src), socket.inet_aton(dst)
    udp = struct.pack(">HHHH", sport, dport, 8 + len(payload), 0) + payload
    udp_sum = csum(a + b + struct.pack(">BBH", 0, 17, len(udp)) + udp) or 0xFFFF
    udp = udp[:6] + struct.pack(">H", udp_sum) + udp[8:]
    ip = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), ident, 0, ttl, 17, 0, a, b)
    ip = ip[:10] + struct.pack(">H", csum(ip)) + ip[12:]
    return mac_bytes(dst_mac) + mac_bytes(src_mac) + b"\x08\x00" + ip + udp


def capture(sock, seconds, match, enough=None):
    """Frames that match, for that long or until there are enough."""
    got = []
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0 and (enough is None or len(got) < enough):
        sock.settimeout(left)
        try:
            frame, origin = sock.recvfrom(65536)
        except TimeoutError:
            break
        if origin[2] != socket.PACKET_OUTGOING and match(frame):
            got.append(frame)
    return got


# --- tests ------------------------------------------------------------------------------------

def e2e(**lab):
    """Marks a test; the arguments are those of Lab.up."""
    def mark(function):
        function.lab = lab
        return function
    return mark


@contextlib.contextmanager
def must_fail(what, words=""):
    """A negative control: the block must find something wrong, and say these words."""
    try:
        yield
    except Failed as failed:
        expect(words in str(failed), f"{what} was noticed, but as: {failed}")
        return
    raise Failed(f"the control went unnoticed: {what}")
