#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""decap.py TYPE [PORT]: the server's end of IPIP, GRE and GUE tunnels, for kernels without their modules.

Takes what arrives for this host (IPv4 and IPv6) out of its outer headers, whose every field it checks,
and gives it to the kernel by a TUN device. Prints 'ready'. When its input ends it prints how many packets it took,
by outer and inner family and the outer headers that it didn't like.
"""
import fcntl
import json
import os
import selectors
import socket
import struct
import sys

TUNSETIFF, IFF_TUN, IFF_NO_PI = 0x400454CA, 1, 0x1000
UDP_NO_CHECK6_RX = 102
IPIP, IPV6, GRE = 4, 41, 47
INNER = {IPIP: 4, IPV6: 6, 0x0800: 4, 0x86DD: 6}


def csum(data):
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return total ^ 0xFFFF


def strip_ip4(packet):
    """A raw IPv4 socket's packet without its header."""
    head = (packet[0] & 15) * 4
    if csum(packet[:head]) or struct.unpack("!H", packet[2:4])[0] != len(packet) or packet[8] != 64:
        raise ValueError(f"outer header {packet[:head].hex()}")
    return packet[head:]


def strip_gre(data):
    flags, ethertype = struct.unpack("!HH", data[:4])
    if flags not in (0, 0x8000) or (flags and csum(data)):
        raise ValueError(f"GRE header {data[:8].hex()}")
    return INNER[ethertype], data[8 if flags else 4:]


def strip_gue(data):
    version, proto, flags = struct.unpack("!BBH", data[:4])
    if version or flags:
        raise ValueError(f"GUE header {data[:4].hex()}")
    return INNER[proto], data[4:]


def listen(kind, port):
    """[(socket, outer family, what to do with its packets)]"""
    out = []
    for family, outer in ((socket.AF_INET, 4), (socket.AF_INET6, 6)):
        strip = strip_ip4 if outer == 4 else bytes
        if kind == "gue":
            sock = socket.socket(family, socket.SOCK_DGRAM)
            if outer == 6:
                sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
                sock.setsockopt(socket.IPPROTO_UDP, UDP_NO_CHECK6_RX, 1)
            sock.bind(("", port))
            out.append((sock, outer, strip_gue))
            continue
        for proto in (GRE,) if kind == "gre" else (IPIP, IPV6):
            sock = socket.socket(family, socket.SOCK_RAW, proto)
            out.append((sock, outer, (lambda d, s=strip: strip_gre(s(d))) if kind == "gre" else
                        (lambda d, s=strip, p=proto: (INNER[p], s(d)))))
    return out


def main():
    kind, port = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 0
    tun = os.open("/dev/net/tun", os.O_RDWR)
    fcntl.ioctl(tun, TUNSETIFF, struct.pack("16sH", b"tun0", IFF_TUN | IFF_NO_PI))
    os.system("ip link set tun0 up")
    sel = selectors.DefaultSelector()
    for sock, outer, strip in listen(kind, port):
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)
        sel.register(sock, selectors.EVENT_READ, (outer, strip))
    sel.register(sys.stdin, selectors.EVENT_READ)
    print("ready", flush=True)
    taken, bad = {}, []
    while True:
        for key, _ in sel.select():
            if not key.data:
                print(json.dumps({"taken": taken, "bad": bad}), flush=True)
                return
            outer, strip = key.data
            data, source = key.fileobj.recvfrom(65536)
            try:
                inner, packet = strip(data)
                if packet[0] >> 4 != inner:
                    raise ValueError(f"IPv{inner} that begins with {packet[:1].hex()}")
                os.write(tun, packet)
                name = f"{inner}in{outer} from {source[0]}"
                taken[name] = taken.get(name, 0) + 1
            except (ValueError, KeyError, IndexError, struct.error) as error:
                bad.append(str(error))


main()
