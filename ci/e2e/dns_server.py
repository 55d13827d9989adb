#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""dns_server.py PORT RCODE: answers every query with this code and no records. Prints 'ready'."""
import socket
import sys

sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
sock.bind(("", int(sys.argv[1])))
print("ready", flush=True)
while True:
    query, client = sock.recvfrom(4096)
    sock.sendto(query[:2] + bytes([0x80 | query[2], int(sys.argv[2])]) + query[4:], client)
