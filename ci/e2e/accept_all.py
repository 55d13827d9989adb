#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""accept_all.py PORT: takes every connection to any address of this host, and ends it. Prints 'ready'."""
import socket
import sys

sock = socket.socket()
sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
sock.bind(("", int(sys.argv[1])))
sock.listen(4096)
print("ready", flush=True)
while True:
    sock.accept()[0].close()
