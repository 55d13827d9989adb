# SPDX-License-Identifier: BSD-2-Clause
"""bench/pktgen's scripts against a director on a NIC with several queues, in one guest."""
import json
import shutil

from bed import Nic, expect, vm
from generator import GEN, SCRIPTS, options, prepare, start

IGB = dict(nics=(Nic("igb", 4, hub=True),), cpus=4)


@vm(**IGB)
def test_scripts(t):
    """One flow goes by one queue, many by all four; the scripts end by themselves and the director counts every packet."""
    prepare(t)
    d = start(t)
    t.guest.run(f"{GEN} {SCRIPTS}/one_flow.sh {options(n=1000, w=200000)}")
    used = [w["rx"] for w in d.workers()]
    expect(sorted(used)[:3] == [0, 0, 0] and max(used) == 1000, f"one flow: {used}")
    t.guest.run(f"FLOWS=200 {GEN} {SCRIPTS}/flows.sh {options(n=2000, w=200000)}")
    many = [w["rx"] - before for w, before in zip(d.workers(), used)]
    expect(sum(many) == 2000 and min(many) > 100, f"200 flows: {many}")
    out = t.guest.run(f"FLOWS=200 THREADS=1 {GEN} {SCRIPTS}/numa_queues.sh {options(n=1000, w=200000)}")
    expect("gen0@" in out and sum(w["rx"] for w in d.workers()) == 4000, f"{out}: {d.workers()}")


@vm(**IGB)
def test_search(t):
    """The search for NDR and PDR ends by itself, with a table, on one queue's flow and on four queues' flows."""
    prepare(t)
    start(t, "--cpus", "1-3,1")
    for script in ("one_flow.sh", "flows.sh"):
        out = t.guest.run(f"{GEN} {SCRIPTS}/search --script {script} --seconds 0.5 --settle 0.3 --precision 20 "
                          f"--json /run/test/search.json -- {options()}", timeout=180)
        with open(f"{t.guest.share}/search.json") as f:
            result = json.load(f)
        shutil.copy(f"{t.guest.share}/search.json", f"{t.folder}/{script}.json")
        expect("NDR" in out and "PDR" in out, out)
        ndr, pdr = result["found"]["0.0"], result["found"]["0.5"]
        expect(pdr >= 0.8 * ndr and len(result["trials"]) < 40, f"NDR {ndr}, PDR {pdr}")
        t.notes.append(f"{script}: NDR {ndr / 1e3:.1f}, PDR {pdr / 1e3:.1f} kpps")
