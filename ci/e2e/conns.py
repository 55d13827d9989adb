#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""conns.py ADDRESS PORT COUNT INTERVAL [PATIENCE]: holds COUNT connections to an echo server and probes each of
them every INTERVAL seconds until its standard input ends, then prints what became of them as JSON.

A connection is broken when it was reset, closed or left without an answer; moved when another server
answered on it. Prints 'connected' when all stand. At most one probe is under way on a connection;
the longest wait for an answer is the stall, and 99 of 100 waits are not above p99.
"""
import array
import gc
import heapq
import json
import selectors
import socket
import sys
import time

PATIENCE = 5  # seconds for connecting and for the last answers, unless told otherwise


class Conn:
    def __init__(self, sock):
        self.sock = sock
        self.server = None
        self.seq = 0
        self.sent = 0.0
        self.waiting = False
        self.fate = None  # 'reset', 'closed', 'timeout', 'garbled'
        self.moved = False
        self.waits = array.array("d")
        self.answers = 0
        self.rest = b""

    def probe(self, now):
        self.seq += 1
        self.sent = now
        self.waiting = True
        try:
            self.sock.send(b"%d\n" % self.seq)
        except OSError:
            self.fate = "reset"

    def read(self):
        try:
            data = self.sock.recv(4096)
        except BlockingIOError:
            return
        except OSError:
            self.fate = "reset"
            return
        if not data:
            self.fate = "closed"
            return
        self.rest += data
        while b"\n" in self.rest:
            line, self.rest = self.rest.split(b"\n", 1)
            self.answer(line.decode("latin-1").split())

    def answer(self, words):
        if len(words) != 2 or words[1] != str(self.seq) or not self.waiting:
            self.fate = "garbled"
            return
        self.waiting = False
        self.answers += 1
        self.waits.append(time.monotonic() - self.sent)
        if self.server is None:
            self.server = words[0]
        elif self.server != words[0]:
            self.moved = True


def connect(where, count, patience):
    conns = []
    family = socket.AF_INET6 if ":" in where[0] else socket.AF_INET
    for _ in range(count):
        sock = socket.socket(family, socket.SOCK_STREAM)
        sock.settimeout(patience)
        sock.connect(where)
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        conns.append(Conn(sock))
    return conns


def run(conns, interval, patience):
    sel = selectors.DefaultSelector()
    start = time.monotonic()
    due = []
    for i, conn in enumerate(conns):
        sel.register(conn.sock, selectors.EVENT_READ, conn)
        heapq.heappush(due, (start + i * interval / len(conns), i))
    sel.register(sys.stdin, selectors.EVENT_READ, None)
    end = None
    while end is None or (time.monotonic() < end and any(c.waiting and not c.fate for c in conns)):
        wait = due[0][0] - time.monotonic() if end is None else 0.05
        for key, _ in sel.select(max(0, wait)):
            conn = key.data
            if conn is None:
                end = time.monotonic() + patience
                sel.unregister(sys.stdin)
                continue
            conn.read()
            if conn.fate:
                sel.unregister(conn.sock)
        now = time.monotonic()
        while end is None and due[0][0] <= now:
            when, i = heapq.heappop(due)
            if not conns[i].waiting and not conns[i].fate:
                conns[i].probe(now)
            heapq.heappush(due, (max(when + interval, now), i))
    for conn in conns:
        if conn.waiting and not conn.fate:
            conn.fate = "timeout"


def report(conns):
    fates = [c.fate for c in conns if c.fate]
    waits = sorted(x for c in conns for x in c.waits) or [0.0]
    servers = {}
    for conn in conns:
        servers[str(conn.server)] = servers.get(str(conn.server), 0) + 1
    return {
        "connections": len(conns),
        "broken": len(fates),
        "fates": {fate: fates.count(fate) for fate in set(fates)},
        "moved": sum(c.moved for c in conns),
        "silent": sum(c.answers == 0 for c in conns),
        "answers": sum(c.answers for c in conns),
        "max_stall_ms": round(1000 * waits[-1], 1),
        "p99_ms": round(1000 * waits[len(waits) * 99 // 100], 1),
        "servers": servers,
    }


def main():
    host, port, count, interval = sys.argv[1:5]
    patience = int(sys.argv[5]) if len(sys.argv) > 5 else PATIENCE
    gc.disable()
    conns = connect((host, int(port)), int(count), patience)
    print("connected", flush=True)
    run(conns, float(interval), patience)
    print(json.dumps(report(conns)), flush=True)


main()
