#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""pages.py PID FILE: on which NUMA nodes the pages of a process's mappings of FILE are, by move_pages(2): JSON, {node:
pages}. Pages that the process hasn't touched are under "untouched", others that can't be asked for under "unknown"."""
import collections
import ctypes
import errno
import json
import sys

PAGE = 4096


def nodes(numa, pid, first, end):
    n = (end - first) // PAGE
    status = (ctypes.c_int * n)()
    pages = (ctypes.c_void_p * n)(*range(first, end, PAGE))
    if numa.move_pages(pid, ctypes.c_ulong(n), pages, None, status, 0):
        sys.exit(f"pages.py: move_pages: errno {ctypes.get_errno()}")
    return status


def main():
    pid, file = int(sys.argv[1]), sys.argv[2]
    numa = ctypes.CDLL("libnuma.so.1", use_errno=True)
    found = collections.Counter()
    with open(f"/proc/{pid}/maps") as maps:
        for line in maps:
            if file in line:
                first, end = (int(x, 16) for x in line.split()[0].split("-"))
                for node in nodes(numa, pid, first, end):
                    found["untouched" if node == -errno.ENOENT else "unknown" if node < 0 else node] += 1
    print(json.dumps(found))


main()
