# SPDX-License-Identifier: BSD-2-Clause
"""The packet grid (src/path/grid_rows_test.c) over a wire: each of its frames goes to a living director, and what
comes out, byte for byte, to whom, and what was counted is compared with what the grid says."""
import collections
import contextlib
import itertools
import json
import os
import socket
import struct
import time

from lab import ROOT, Failed, e2e, expect, mac_bytes, must_fail, rip, server_mac, udp_frame

GRID_VIPS = ("192.168.1.222", "2001:db8::80")
GRID_DIRECTOR = "02:00:00:00:00:01"  # as the rows have it
GRE_WORD = " l4:47 "
SOL_PACKET, PACKET_AUXDATA, VLAN_VALID = 263, 8, 1 << 4
MTU = 1600  # of the director's link: some rows have more than 1500 bytes
SERVERS = {mac_bytes(server_mac(n)) for n in (1, 2)}
COUNTED = {"answer": "answered", "tell": "icmp_sent"}
# A new flow isn't given to a server that can't be reached; in memory it is, to see what the stages do.
ON_THE_WIRE = {"no_neighbour": "no_backend"}
TELL_PAUSE = 0.03  # seconds: errors are sent at 100 a second at most


class Wire:
    """The far end of the director's cable: what is sent here arrives there, and nothing between looks at it."""

    def __init__(self, lab):
        links = json.loads(lab.run("director", "ip -j addr show dev eth0"))
        self.own = {socket.inet_pton(socket.AF_INET6 if ":" in a["local"] else socket.AF_INET, a["local"])
                    for a in links[0]["addr_info"]}
        self.sock = lab.packet_socket("switch", "director")
        self.sock.setsockopt(SOL_PACKET, PACKET_AUXDATA, 1)
        self.sock.settimeout(2)

    def send(self, frame):
        self.sock.send(frame)

    def forget(self):
        """What has come so far."""
        self.sock.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            while self.sock.recv(65536):
                pass
        self.sock.settimeout(2)

    def of_kernel(self, frame):
        """ARP and neighbour discovery that the director's kernel does for itself."""
        return (frame[28:32] if frame[12:14] == b"\x08\x06" else frame[22:38]) in self.own

    def receive(self):
        """The next frame from the director. The kernel takes the outermost tag out of it; here it is put back."""
        while True:
            frame, extra, _, origin = self.sock.recvmsg(65536, 64)
            if origin[2] == socket.PACKET_OUTGOING or self.of_kernel(frame):
                continue
            for level, kind, data in extra:
                status, *_, tci, tpid = struct.unpack("IIIHHHH", data)
                if (level, kind) == (SOL_PACKET, PACKET_AUXDATA) and status & VLAN_VALID:
                    frame = frame[:12] + struct.pack(">HH", tpid, tci) + frame[12:]
            return frame


class Counters:
    """The worker's and the XDP program's, as they are told, and how far they moved since the last look."""

    def __init__(self, d):
        self.d = d
        self.now = self.read()

    def read(self):
        worker, = self.d.request(cmd="show", what="workers")["workers"]
        steer = self.d.request(cmd="show", what="drops")["steer"]["eth0"]
        now = collections.Counter({f"drop {k}": v for k, v in worker["drops"].items()})
        now.update({k: worker[k] for k in ("rx", "tx", "pass", "answered", "icmp_sent", "resets", "parked")})
        now.update({"steer": steer["redirect"], "lost": steer["drop_no_socket"],
                    "kernel": sum(v for k, v in steer.items() if k.startswith("pass"))})
        return now

    def moved(self, wanted):
        """Since the last call. The kernel's share has frames of other making in it: it is only given as far as it
        is wanted. Waits a little for what is wanted: the last frame is on the wire before it is counted."""
        end = time.monotonic() + 1
        while True:
            last, now = self.now, self.read()
            moved = {k: now[k] - last[k] for k in now if now[k] != last[k]}
            moved["kernel"] = min(moved.get("kernel", 0), wanted.get("kernel", 0))
            moved = {k: v for k, v in moved.items() if v}
            if moved == wanted or time.monotonic() > end:
                self.now = now
                return moved


def frames_of(case, number):
    """The case's frames with a client of its own, so that no case knows another's flows. The address is
    changed in two words whose sum stays: no checksum, right or wrong, becomes another."""
    def word(k):
        return (1 - k) % 0xFFFF
    four = struct.pack(">HH", 0x0A00 + number, word(number)), b"\x0a\0\0\x01"
    prefix = bytes.fromhex("20010db80000000000000000")
    six = prefix + struct.pack(">HH", number, word(number)), prefix + b"\0\0\0\x01"
    for name in ("first", "in", "out"):
        frame = bytes.fromhex(case[name])
        for new, old in (four, six):
            frame = frame.replace(old, new)
        yield frame


def wanted_counts(case, first):
    """What moves, with the frame before and the one behind the case's own."""
    wanted = collections.Counter(rx=1, tx=1, steer=1)
    if first:
        wanted.update(rx=1, tx=1, steer=1)
    if case["kernel"]:
        wanted.update(kernel=1)
        return dict(wanted)
    wanted.update(rx=1, steer=1)
    counter = ON_THE_WIRE.get(case["counter"], case["counter"])
    wanted.update([f"drop {counter}" if case["verdict"] == "drop" else "tx"])
    if case["verdict"] in COUNTED:
        wanted.update([COUNTED[case["verdict"]]])
    return dict(wanted)


def until_mark(wire, mark):
    """Frames that came out before the one that was sent last."""
    got = []
    try:
        while not (frame := wire.receive()).endswith(mark):
            got.append(frame)
    except TimeoutError:
        raise Failed("the frame behind it didn't come out") from None
    return got


def check_frames(case, got, first, out):
    """Words for what is wrong with what came out, or None."""
    wanted = (1 if first else 0) + (case["verdict"] != "drop")
    if len(got) != wanted:
        return f"{len(got)} frames came out, not {wanted}: {[f.hex() for f in got]}"
    if first and got[0][:6] not in SERVERS:
        return f"the frame before it went to {got[0][:6].hex()}"
    if case["verdict"] == "drop":
        return None
    if case["verdict"] == "forward":
        if got[-1][:6] not in SERVERS:
            return f"forwarded to {got[-1][:6].hex()}, which is no server"
        if first and got[-1][:6] != got[0][:6]:
            return "not to the server of the frame before it"
        out = got[-1][:6] + mac_bytes(GRID_DIRECTOR) + out[12:]
    return None if got[-1] == out else f"came out as {got[-1].hex()}, not {out.hex()}"


def run_case(wire, counters, case, number):
    """Words for what is wrong, or None. Behind the case's frame goes one that is surely forwarded: when it
    comes out, all that comes of the case's frame has."""
    first, frame, out = frames_of(case, number)
    mark = b"mark %d." % number
    if case["verdict"] == "tell":
        time.sleep(TELL_PAUSE)
    if first:
        wire.send(first)
    wire.send(frame)
    wire.send(udp_frame(GRID_DIRECTOR, mark, sport=9999, dport=80))
    try:
        wrong = check_frames(case, until_mark(wire, mark), first, out)
    except Failed as failed:
        wrong = str(failed)
    wanted = wanted_counts(case, first)
    moved = counters.moved(wanted)
    return wrong or (None if moved == wanted else f"counted {moved}, not {wanted}")


def grid_network(t):
    """The director has the rows' MAC address; its kernel has none of the virtual addresses."""
    lab = t.lab
    lab.run("director", f"ip addr del {GRID_VIPS[0]}/32 dev eth0")
    lab.run("director", f"ip link set eth0 address {GRID_DIRECTOR} mtu {MTU}")
    lab.run("switch", f"ip link set director mtu {MTU}")
    lab.run("switch", f"bridge fdb replace {GRID_DIRECTOR} dev director master static")
    lab.run("switch", "bridge link set dev director learning off")


def service_lines(service, servers):
    return [f"-A {service} -s rr"] + [f"-a {service} -r {server} -g" for server in servers]


def grid_services(d):
    """Of the rows: TCP, UDP and SCTP on 80; TCP on 81 without servers, and on 82 with one that isn't there."""
    for vip, six in zip(GRID_VIPS, (False, True)):
        where = f"[{vip}]" if six else vip
        servers = [f"[{rip(n, six=True)}]" if six else rip(n) for n in (1, 2)]
        for kind in ("-t", "-u", "--sctp-service"):
            for line in service_lines(f"{kind} {where}:80", [f"{s}:80" for s in servers]):
                d.ctl(line)
        d.ctl(f"-A -t {where}:81 -s rr")
        for line in service_lines(f"-t {where}:82", ["[fd00:1::99]:82" if six else "192.168.1.99:82"]):
            d.ctl(line)
    d.wait_usable(4)


def gre_services(d):
    """Rows with protocol 47: a service for all protocols, which the other rows must do without."""
    for vip, six in zip(GRID_VIPS, (False, True)):
        service = {"proto": "any", "address": vip, "port": 0}
        d.request(cmd="service-add", service=service, scheduler="rr")
        for n in (1, 2):
            d.request(cmd="server-add", service=service,
                      server={"address": rip(n, six=six), "port": 0, "weight": 1, "forward": "route"})


def grid_cases(step=1):
    """(cases, why not the others)"""
    dump = f"{ROOT}/build/fuzz/grid_dump"
    expect(os.path.exists(dump), "make build/fuzz/grid_dump")
    with os.popen(dump) as f:
        cases = [json.loads(line) for line in itertools.islice(f, 0, None, step)]
    short = [c for c in cases if len(c["in"]) < 28]
    return [c for c in cases if len(c["in"]) >= 28], [f"'{c['text'].strip()}': shorter than an Ethernet header" for c in short]


def run_grid(t, step=1, **how):
    grid_network(t)
    d = t.shuntd("-i", "eth0", "--vip-owner", "shunt", **how)
    grid_services(d)
    cases, skipped = grid_cases(step)
    wire, counters, wrong = Wire(t.lab), Counters(d), []
    own = [c for c in cases if GRE_WORD not in c["text"]]
    gre = [c for c in cases if GRE_WORD in c["text"]]
    for number, case in enumerate(own + gre, 2):  # 2: with less, an address ends in 0.0 or 255.255
        if gre and case is gre[0]:
            gre_services(d)
            time.sleep(0.1)
            wire.forget()  # they were announced
            counters = Counters(d)
        what = run_case(wire, counters, case, number)
        if what:
            wrong.append(f"{case['text']}({case['verdict']} {case['counter']}): {what}")
    with open(f"{t.logdir}/grid", "w") as f:
        f.write("".join(f"{x}\n" for x in wrong + skipped))
    expect(not wrong, f"{len(wrong)} of {len(cases)} packets: {wrong[0] if wrong else ''}")
    t.notes.append(f"{len(cases)} packets, {len(skipped)} skipped ({'; '.join(skipped)})")
    return len(cases)


@e2e(servers=2, ipv6=True)
def test_grid(t):
    """Every frame of the packet grid through a living director: verdict, bytes, server and counters are the grid's."""
    expect(run_grid(t) >= 400, "too few packets")


@e2e(servers=2, ipv6=True)
def control_grid_mac(t):
    """The grid notices a director that leaves the client's MAC address as the source."""
    with must_fail("the source MAC is the client's", "came out as"):
        run_grid(t, step=40, mutant="keep_source_mac")
