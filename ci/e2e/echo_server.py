#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""echo_server.py NAME ADDRESS:PORT...: answers every line (TCP) or datagram (UDP) with 'NAME ' before it.

The addresses are bound one by one, so that a UDP answer leaves from the address that was asked.
Prints 'ready' once all are bound. On SIGHUP it takes another name, so that a test of a test can see whether
that is noticed.
"""
import selectors
import signal
import socket
import sys


def listen(spec, sel):
    host, port = spec.rsplit(":", 1)
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    where = (host.strip("[]"), int(port))
    tcp = socket.socket(family, socket.SOCK_STREAM)
    tcp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    tcp.bind(where)
    tcp.listen(1024)
    udp = socket.socket(family, socket.SOCK_DGRAM)
    udp.bind(where)
    for sock, kind in ((tcp, "accept"), (udp, "udp")):
        sock.setblocking(False)
        sel.register(sock, selectors.EVENT_READ, kind)


def echo_lines(conn, rest, name, sel):
    """One readable TCP connection: rest holds the beginning of a line that isn't whole yet."""
    try:
        data = conn.recv(65536)
    except BlockingIOError:
        return
    except OSError:
        data = b""
    if not data:
        sel.unregister(conn)
        conn.close()
        return
    lines = (bytes(rest) + data).split(b"\n")
    rest[:] = lines.pop()
    try:
        conn.send(b"".join(bytes(name) + b" " + line + b"\n" for line in lines))
    except OSError:
        pass  # its end will be read


def main():
    name = bytearray(sys.argv[1].encode())
    signal.signal(signal.SIGHUP, lambda *_: name.extend(b"-changed"))
    sel = selectors.DefaultSelector()
    for spec in sys.argv[2:]:
        listen(spec, sel)
    print("ready", flush=True)
    while True:
        for key, _ in sel.select():
            sock = key.fileobj
            if key.data == "accept":
                conn, _ = sock.accept()
                conn.setblocking(False)
                conn.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                sel.register(conn, selectors.EVENT_READ, bytearray())
            elif key.data == "udp":
                data, peer = sock.recvfrom(65536)
                sock.sendto(bytes(name) + b" " + data, peer)
            else:
                echo_lines(sock, key.data, name, sel)


main()
