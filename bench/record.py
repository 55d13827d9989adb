# SPDX-License-Identifier: BSD-2-Clause
"""What a benchmark measured, as bench/record.c keeps it: series of values, one per run, written as JSON."""
import json
import os
import platform
import statistics

SCHEMA_VERSION = 1


def cpu_model():
    with open("/proc/cpuinfo", encoding="utf-8") as f:
        for line in f:
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return "?"


def machine():
    return {"cpu": cpu_model(), "cores": os.cpu_count(), "kernel": platform.release(),
            "cflags": os.environ.get("BENCH_CFLAGS", "?"), "commit": os.environ.get("BENCH_COMMIT", "?")}


class Series:
    """Values of one kind, one per run. more: greater is better."""

    def __init__(self, name, unit, params):
        self.name, self.unit, self.params = name, unit, dict(params)
        self.values = []
        self.target = None

    def add(self, value):
        self.values.append(value)

    @property
    def median(self):
        return statistics.median(self.values) if self.values else 0.0

    def aim(self, goal, floor, more):
        """Holds it against what the project wants of it."""
        within = [word for word, limit in (("goal", goal), ("floor", floor))
                  if (self.median >= limit if more else self.median <= limit)]
        self.target = {"goal": goal, "floor": floor, "more": more, "verdict": [*within, "MISS"][0]}

    def json(self):
        return {"name": self.name, "params": self.params, "unit": self.unit, "values": self.values,
                "median": self.median, "min": min(self.values, default=0), "max": max(self.values, default=0),
                **({"target": self.target} if self.target else {})}


class Record:
    def __init__(self, bench):
        self.bench = bench
        self.series = {}
        self.notes = {}

    def add(self, name, value, unit, **params):
        """Adds a value to the series of that name, which begins with its first."""
        if name not in self.series:
            self.series[name] = Series(name, unit, params)
        self.series[name].add(value)

    def ratio(self, name, over, under):
        """The ratios of two series, value by value of the same run."""
        a, b = self.series[over], self.series[under]
        for x, y in zip(a.values, b.values):
            if y:
                self.add(name, x / y, "ratio", over=over, under=under)
        return self.series.get(name)

    def target(self, name, goal, floor, more):
        s = self.series.get(name)
        if not s:
            return
        s.aim(goal, floor, more)
        print(f"target {self.bench}/{name}: {s.median:.3f} ({min(s.values):.3f} .. {max(s.values):.3f}) {s.unit}, "
              f"goal {goal:g}, floor {floor:g}: {s.target['verdict']}")

    def show(self):
        print(f"{self.bench:52} {'median':>12} {'min':>12} {'max':>12} runs  unit")
        for s in self.series.values():
            if s.values:
                print(f"{s.name:52} {s.median:12.3f} {min(s.values):12.3f} {max(s.values):12.3f} "
                      f"{len(s.values):4}  {s.unit}")

    def write(self, path):
        os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
        with open(path, "w", encoding="utf-8") as f:
            json.dump({"schema_version": SCHEMA_VERSION, "bench": self.bench, "machine": machine(),
                       "notes": self.notes, "runs": [s.json() for s in self.series.values()]}, f, indent=1)
            f.write("\n")
