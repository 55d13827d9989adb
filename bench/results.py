# SPDX-License-Identifier: BSD-2-Clause
"""Reads what benchmarks wrote: build/bench/*.json, or bench/baseline-runs.json, which holds all of a run's in short."""
import glob
import json
import os

BENCH = os.path.dirname(os.path.abspath(__file__))
BASELINE = os.path.join(BENCH, "baseline-runs.json")
KEPT = ("unit", "median", "min", "max")
NOISE = 0.05  # a change of the median below this is none


def load(path):
    """{bench: document} of a folder of results, one result, or the baseline."""
    paths = sorted(glob.glob(f"{path}/*.json")) if os.path.isdir(path) else [path]
    found = {}
    for p in paths:
        with open(p, encoding="utf-8") as f:
            doc = json.load(f)
        if "benches" in doc:
            found.update(doc["benches"])
        elif "bench" in doc:
            found[doc["bench"]] = doc
    return found


def series(doc):
    return {s["name"]: s for s in doc["runs"]}


def save_baseline(results):
    short = {bench: {"bench": bench, "machine": doc["machine"], "runs": [
        {"name": s["name"], "n": len(s.get("values", [])), **{k: s[k] for k in KEPT}} for s in doc["runs"]]}
        for bench, doc in results.items()}
    with open(BASELINE, "w", encoding="utf-8") as f:
        f.write('{"schema_version": 1, "benches": {\n')
        f.write(",\n".join(f' "{b}": {{"bench": "{b}", "machine": {json.dumps(d["machine"])}, "runs": [\n  ' +
                           ",\n  ".join(json.dumps(r) for r in d["runs"]) + "]}" for b, d in short.items()))
        f.write("\n}}\n")


def portable(s):
    """Means something on another machine, or on the same one at another hour."""
    return s["unit"] == "ratio" or s["unit"].startswith("instructions")


def changed(old, new):
    """(change of the median, whether it is beyond noise): each median lies outside of the other's values."""
    if not old["median"]:
        return 0.0, bool(new["median"])
    change = new["median"] / old["median"] - 1
    apart = not new["min"] <= old["median"] <= new["max"] and not old["min"] <= new["median"] <= old["max"]
    return change, apart and abs(change) > NOISE


def compare(old, new, everything=False):
    """[(bench, name, old, new, change, beyond noise)] of what both have and may be compared."""
    rows = []
    for bench in sorted(set(old) & set(new)):
        same = old[bench]["machine"].get("cpu") == new[bench]["machine"].get("cpu")
        before, after = series(old[bench]), series(new[bench])
        for name in after:
            if name in before and (portable(after[name]) or (same and everything)):
                rows.append((bench, name, before[name], after[name], *changed(before[name], after[name])))
    return rows
