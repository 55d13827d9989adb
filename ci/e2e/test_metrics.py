# SPDX-License-Identifier: BSD-2-Clause
"""The pages for Prometheus: what they say is what the listings say, and promtool takes them."""
import os
import re
import socket
import subprocess
import time

from lab import VIP, Failed, Skipped, ask, e2e, expect, must_fail, rip, until

PORT = 9105
OPENMETRICS = "application/openmetrics-text; version=1.0.0"


def connect(t):
    with t.lab.inside("director"):
        sock = socket.socket()
    sock.settimeout(15)
    sock.connect(("127.0.0.1", PORT))
    return sock


def talk(t, data):
    """Sends that, and reads all that comes until the other side hangs up."""
    with connect(t) as sock:
        got = []
        try:
            sock.sendall(data)
            while piece := sock.recv(1 << 20):
                got.append(piece)
        except ConnectionResetError:
            pass  # it hung up before it had read all
    return b"".join(got).decode(errors="replace")


def get(t, path, method="GET", accept=None):
    """(status, headers, body) of a request by HTTP/1.0, which has no chunks."""
    more = f"Accept: {accept}\r\n" if accept else ""
    head, _, body = talk(t, f"{method} {path} HTTP/1.0\r\n{more}\r\n".encode()).partition("\r\n\r\n")
    expect(head.startswith("HTTP/1."), f"{method} {path}: {head!r}")
    return int(head.split()[1]), head, body


def samples(page):
    """{name{labels}: value}; a line that comes twice, or is none, fails."""
    found = {}
    for line in page.splitlines():
        if line.startswith("#"):
            continue
        match = re.fullmatch(r'([a-z_]+(?:\{[^ ]*\})?) (\d+(?:\.\d+)?)', line)
        expect(match, f"not a sample: {line!r}")
        expect(match[1] not in found, f"twice: {line}")
        found[match[1]] = float(match[2])
    return found


def promtool(page):
    done = subprocess.run(["promtool", "check", "metrics"], input=page, capture_output=True, text=True, timeout=60)
    expect(done.returncode == 0 and not done.stderr and not done.stdout, f"promtool: {done.stdout}{done.stderr}")


def started(t, *args):
    try:
        subprocess.run(["promtool", "--version"], capture_output=True)
    except FileNotFoundError:
        raise Skipped("no promtool (Debian package prometheus)")
    return t.shuntd("-i", "eth0", "--metrics", f"127.0.0.1:{PORT}", *args)


def service(n=None, port=80):
    return f'{{vip="{VIP}",port="{port}",proto="tcp"' + (f',backend="{rip(n)}"}}' if n else "}")


def compat(n, port=80):
    return (f'{{local_address="{VIP}",local_port="{port}",local_mark="",remote_address="{rip(n)}",'
            f'remote_port="{port}",proto="TCP"}}')


def listed(d):
    """{address: [conns, packets, -, bytes, -]} of -L -n --stats."""
    rows = [x.split() for x in d.ctl("-L -n --stats --exact").splitlines()]
    return {r[1].rsplit(":", 1)[0]: [int(x) for x in r[2:]] for r in rows if r[0] in ("TCP", "->") and len(r) == 7}


@e2e(servers=2, queues=2)
def test_values(t):
    """After known traffic both pages say what -L -n --stats, show workers and show drops say."""
    d = started(t)
    d.service(f"-t {VIP}:80", [f"{rip(1)}:80", f"{rip(2)}:80"], sched="rr")
    ask(t.lab, 40)
    until(lambda: listed(d)[VIP][0] == 40, 5, "40 connections are listed")
    time.sleep(0.2)  # the last ACKs
    rows, page, ipvs = listed(d), samples(get(t, "/metrics")[2]), samples(get(t, "/metrics/ipvs")[2])
    for key, row in ((service(), rows[VIP]), *((service(n), rows[rip(n)]) for n in (1, 2))):
        kind = "backend" if "backend" in key else "service"
        for at, what in ((0, "connections"), (1, "packets"), (3, "bytes")):
            name = f"shunt_{kind}_{what}_total{key}"
            expect(page.get(name) == row[at] > 0, f"{name} is {page.get(name)}, listed {row[at]}")
    for name, at in (("connections", 0), ("incoming_packets", 1), ("incoming_bytes", 3), ("outgoing_bytes", 4)):
        expect(ipvs[f"node_ipvs_{name}_total"] == rows[VIP][at], f"{name}: {ipvs}")
    for n in (1, 2):
        expect(page[f"shunt_backend_weight{service(n)}"] == 1 == ipvs[f"node_ipvs_backend_weight{compat(n)}"], "weight")
        expect(page[f"shunt_backend_neighbour_resolved{service(n)}"] == 1, "the server's neighbour")
        live = sum(page[f'shunt_backend_live_connections{service(n)[:-1]},state="{x}"}}'] for x in ("active", "inactive"))
        compat_live = sum(ipvs[f"node_ipvs_backend_connections_{x}{compat(n)}"] for x in ("active", "inactive"))
        expect(live == compat_live == 20, f"connections of server {n}: {live} and {compat_live}, not 20")
    for w in d.workers():
        who = w["worker"]
        expect(page[f'shunt_worker_received_packets_total{{worker="{who}"}}'] == w["rx"], f"rx of {w}")
        expect(page[f'shunt_worker_packets_total{{worker="{who}",verdict="sent"}}'] == w["tx"], f"tx of {w}")
        for reason, n in w["drops"].items():
            expect(page[f'shunt_drops_total{{worker="{who}",reason="{reason}"}}'] == n, f"{reason} of {w}")
        expect(page[f'shunt_xsk_rx_dropped_total{{interface="eth0",queue="{who}"}}'] == 0, "the sockets' statistics")
    steered = d.drops()["steer"]["eth0"]["redirect"]
    expect(page['shunt_steered_packets_total{interface="eth0",verdict="redirect"}'] == steered > 0, "the XDP program's")


@e2e(servers=1)
def test_promtool(t):
    """promtool check metrics takes both pages, Python's parser the OpenMetrics form of both."""
    d = started(t)
    d.service(f"-t {VIP}:80", [f"{rip(1)}:80"])
    d.ctl("-A -u [fd00:1::222]:53 -s mh")
    d.ctl("-a -u [fd00:1::222]:53 -r [fd00:1::54]:53 -g -w 7")
    from prometheus_client.openmetrics.parser import text_string_to_metric_families
    for path in ("/metrics", "/metrics/ipvs"):
        status, head, page = get(t, path)
        expect(status == 200 and "text/plain; version=0.0.4" in head, head)
        promtool(page)
        status, head, page = get(t, path, accept=f"{OPENMETRICS},text/plain;q=0.5")
        expect("application/openmetrics-text; version=1.0.0" in head and page.endswith("\n# EOF\n"), f"{head} {page[-99:]}")
        families = list(text_string_to_metric_families(page))
        expect(len(families) > 7, f"{len(families)} families")
    with must_fail("a counter without _total", "_total"):
        promtool("# HELP shunt_x X.\n# TYPE shunt_x counter\nshunt_x 1\n")


@e2e(servers=1)
def test_garbage(t):
    """Other methods get 405, other paths 404, nonsense 400; nothing of it ends the engine, or a later scrape."""
    d = started(t)
    engine = d.engine()
    for method in ("POST", "PUT", "DELETE", "OPTIONS", "BREW"):
        status, head, _ = get(t, "/metrics", method)
        expect(status == 405 and "Allow: GET, HEAD" in head, f"{method}: {head}")
    for path in ("/", "/metrics/", "/metrics/x", "/../metrics", "//metrics", "/%2e%2e/metrics", "/" + "a" * 3000):
        status, _, _ = get(t, path)
        expect(status == 404, f"{path[:20]}: {status}")
    expect(get(t, "/metrics?a=b")[0] == 200, "a query is ignored")
    status, head, body = get(t, "/metrics", "HEAD")
    expect(status == 200 and body == "", f"HEAD: {head} {body[:99]}")
    for nonsense in (b"\0" * 100, b"GET\r\n\r\n", b"GET /metrics\r\n\r\n", b"\xff" * 70000, b"GET / HTTP/9.9\r\n\r\n",
                     b"GET /metrics HTTP/1.1\r\n\r\n\x16\x03\x01", b"GET /metrics HTTP/1.1\r\nHost: x\r\n" + b"a: b\r\n" * 20000,
                     b"POST /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999\r\n\r\n",
                     b"GET /metrics HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzzz\r\n"):
        answer = talk(t, nonsense)
        expect(answer == "" or re.match(r"HTTP/1\.[01] (200|4\d\d|5\d\d) ", answer), f"{nonsense[:30]}: {answer[:60]!r}")
    expect(get(t, "/metrics")[0] == 200 and d.engine() == engine, "it doesn't answer any more")


@e2e(servers=1)
def test_idle_connections(t):
    """Connections that say nothing or don't read are ended after 5 s, and meanwhile only hold up each other."""
    d = started(t)
    idle = [connect(t) for _ in range(20)]
    start = time.monotonic()
    d.ctl("-L -n")
    expect(time.monotonic() - start < 2, "shuntctl waited for them")
    until(lambda: closed(idle[0]), 12, "the first idle connection is ended")
    until(lambda: answers(t), 20, "a scrape after they are gone")
    for sock in idle:
        sock.close()


def closed(sock):
    sock.settimeout(0.01)
    try:
        return sock.recv(1) == b""
    except TimeoutError:
        return False
    except ConnectionResetError:
        return True


def answers(t):
    try:
        return get(t, "/metrics")[0] == 200
    except (Failed, TimeoutError):
        return False


@e2e(servers=1)
def test_large_table(t):
    """10,000 services with 10 servers each: the page is whole, and shuntctl's requests go on in between."""
    d = started(t)
    rules = "".join(f"-A -t 10.{i >> 8}.{i & 255}.1:80 -s rr\n" +
                    "".join(f"-a -t 10.{i >> 8}.{i & 255}.1:80 -r {rip(1 + k)}:80 -g\n" for k in range(10))
                    for i in range(10000))
    subprocess.run([f"{d.build}/shuntctl", "--ctl", d.ctl_path, "-R"], input=rules, text=True, check=True, env=d.env)
    start = time.monotonic()
    page, waits = scrape_beside(t, d)
    took = time.monotonic() - start
    lines = page.count("\nshunt_backend_bytes_total{")
    expect(lines == 100000, f"{lines} servers in the page")
    t.notes.append(f"{len(page) >> 20} MiB in {took:.1f} s, {len(waits)} requests meanwhile waited "
                   f"{sorted(waits)[len(waits) // 2] * 1000:.1f} ms, {max(waits) * 1000:.0f} at most")
    expect(max(waits) < 2, f"a request waited {max(waits):.3f} s")


def scrape_beside(t, d):
    """The page, and how long each of the control socket's requests waited meanwhile."""
    path = f"{t.lab.state}/page"
    waits = []
    scraper = t.lab.spawn("director", ["curl", "-s", "-o", path, f"http://127.0.0.1:{PORT}/metrics"], "curl.log")
    while scraper.poll() is None:
        waits.append(timed(d))
    with open(path) as f:
        page = f.read()
    os.unlink(path)
    expect(scraper.returncode == 0, f"curl: status {scraper.returncode}")
    return page, waits


def timed(d):
    start = time.monotonic()
    d.request(cmd="show", what="neighbours")
    return time.monotonic() - start


@e2e(servers=1)
def test_reload_state(t):
    """A reload that fails shows, and the next good one too; the engine that follows a killed one answers again."""
    path = f"{t.lab.state}/shunt.conf"

    def write(text):
        with open(path, "w") as f:
            f.write(f"global {{\n    metrics 127.0.0.1:{PORT}\n}}\n{text}")

    def good():
        return samples(get(t, "/metrics")[2])["shunt_config_last_reload_successful"]
    write("")
    d = t.shuntd("-i", "eth0", "-f", path)
    expect(good() == 1, "the file was good")
    write("nonsense\n")
    d.try_ctl("reload")
    expect(good() == 0, "a bad file doesn't show")
    write("")
    d.ctl("reload")
    page = samples(get(t, "/metrics")[2])
    expect(page["shunt_config_last_reload_successful"] == 1, "the good one doesn't show")
    expect(abs(page["shunt_config_last_reload_success_timestamp_seconds"] - time.time()) < 30, "when it was")
    engine = d.engine()
    subprocess.run(["kill", "-9", str(engine)], check=True)
    until(lambda: d.engine() not in (None, engine), 10, "another engine")
    until(lambda: refused_or(t), 10, "it answers")
    expect(samples(get(t, "/metrics")[2])["shunt_engine_restarts_total"] == 1, "one restart")


def refused_or(t):
    try:
        return get(t, "/metrics")[0] == 200
    except (ConnectionRefusedError, Failed):
        return False


@e2e(servers=1)
def test_busy_ratio(t):
    """Poll time goes on as the clock does; busy time only while there are packets."""
    d = started(t)
    d.service(f"-t {VIP}:80", [f"{rip(1)}:80"])

    def times():
        page = samples(get(t, "/metrics")[2])
        return [page[f'shunt_worker_{x}_seconds_total{{worker="0",cpu="{d.workers()[0]["cpu"]}"}}'] for x in ("busy", "poll")]
    time.sleep(1.5)  # a nap's end
    before = times()
    time.sleep(3)
    after = times()
    busy, poll = after[0] - before[0], after[1] - before[1]
    expect(1.5 < poll < 5 and busy < 0.2 * poll, f"idle for 3 s: busy {busy}, poll {poll}")
    ask(t.lab, 200)
    time.sleep(1.2)
    loaded = times()
    expect(loaded[0] > after[0], f"200 requests took no time: {loaded}")
    t.notes.append(f"idle {busy / poll:.4f} busy, {(loaded[0] - after[0]) * 1e6 / 200:.0f} us for a request")


@e2e(servers=1)
def test_off(t):
    """Without --metrics nobody listens; a port that is taken is a line with its cause and status 1."""
    d = t.shuntd()
    try:
        connect(t).close()
        raise Failed("somebody listens")
    except ConnectionRefusedError:
        pass
    expect(d.stop() == 0, "a clean end")
    with t.lab.inside("director"):
        taken = socket.create_server(("127.0.0.1", PORT))
    with taken:
        d = t.shuntd("-i", "eth0", "--metrics", f"127.0.0.1:{PORT}", ready=False)
        expect(d.child.wait(20) == 1, f"status {d.child.returncode}")
        expect(f"metrics on 127.0.0.1:{PORT}: Address already in use" in d.log_text(), d.log_text())
    t.checks_daemon = False
