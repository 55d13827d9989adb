#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""slow_get.py HOST PATH FILE BYTES_A_SECOND: fetches a page no faster than that, into a file."""
import http.client
import sys
import time

host, path, name, rate = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])
conn = http.client.HTTPConnection(host, timeout=20)
conn.request("GET", path)
answer = conn.getresponse()
if answer.status != 200:
    sys.exit(f"status {answer.status}")
begun, done = time.monotonic(), 0
with open(name, "wb", buffering=0) as f:
    while piece := answer.read(65536):
        f.write(piece)
        done += len(piece)
        time.sleep(max(0, begun + done / rate - time.monotonic()))
