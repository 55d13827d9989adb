# SPDX-License-Identifier: BSD-2-Clause
"""The report's drawings, each from what of the results it needs; none where that isn't there."""
import os

try:
    import matplotlib
    matplotlib.use("Agg")
    import matplotlib.pyplot as plt
except ImportError:  # the report has its tables, then
    plt = None

from results import series

COLOURS = {"shunt": "#0072b2", "best": "#d55e00", "sample": "#009e73", "null": "#d55e00", "plain": "#009e73"}


def colour(name):
    return COLOURS.get(name, "#777777")


def ratios(found, axes):
    """Every ratio with its spread."""
    rows = [(f"{bench}: {s['name']}", s) for bench, doc in found.items() for s in doc["runs"]
            if s["unit"] == "ratio" and s["median"] and "offered" not in s["name"] and "loss" not in s["name"]]
    if not rows:
        return False
    axes.figure.set_size_inches(9, 1 + 0.28 * len(rows))
    for y, (name, s) in enumerate(reversed(rows)):
        axes.plot([s["min"], s["max"]], [y, y], color="#0072b2", lw=2, alpha=0.5)
        axes.plot(s["values"], [y] * len(s["values"]), "|", color="#0072b2")
        axes.plot(s["median"], y, "o", color="#0072b2")
        for key, mark in (("goal", "g"), ("floor", "r")):
            if key in s.get("target", {}):
                axes.plot(s["target"][key], y, "|", color=mark, ms=14, mew=2)
    axes.set_yticks(range(len(rows)))
    axes.set_yticklabels([r[0] for r in reversed(rows)], fontsize=8)
    axes.set_xscale("log")
    axes.axvline(1, color="#999999", lw=0.5)
    axes.set_xlabel("ratio: median, every run, spread; green: goal, red: floor")
    return True


def curve(found, axes):
    points = found.get("wire", {}).get("notes", {}).get("loss curve")
    if not points:
        return False
    other = axes.twinx()
    for name, p in points.items():
        axes.plot([x[0] / 1e3 for x in p], [x[1] / 1e3 for x in p], "o-", color=colour(name), label=name)
        other.plot([x[0] / 1e3 for x in p], [100 * x[2] for x in p], "x:", color=colour(name))
    axes.set_xlabel("offered, thousand packets a second")
    axes.set_ylabel("forwarded (line)")
    other.set_ylabel("loss, % (dotted)")
    axes.set_ylim(bottom=0)
    axes.legend()
    return True


def latency(found, axes):
    histograms = found.get("wire", {}).get("notes", {}).get("latency histograms")
    if not histograms:
        return False
    styles = {"10": ":", "50": "--", "90": "-"}
    for where, counts in histograms.items():
        share, name = where.split()[2], where.split(": ")[1]
        at = sorted((int(ns), n) for ns, n in counts.items())
        total, seen, xs, ys = sum(n for _, n in at), 0, [], []
        for ns, n in at:
            xs.append(ns / 1e3)
            ys.append(max(1 - seen / total, 1e-7))
            seen += n
        axes.plot(xs, ys, styles.get(share, "-"), color=colour(name), label=f"{name}, {share} % of PDR")
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlabel("latency, us")
    axes.set_ylabel("share of packets that took longer")
    axes.legend(fontsize=8)
    return True


def growth(found, axes):
    """ns per packet against flows, for each path in memory."""
    doc = found.get("path")
    if not doc:
        return False
    cases = (("1 flow", 1), ("1k flows", 1e3), ("100k flows", 1e5), ("1M flows", 1e6), ("10M flows", 1e7))
    have = series(doc)
    for path in ("shunt", "null", "plain"):
        at = [(n, have[f"{case}: {path}"]) for case, n in cases if f"{case}: {path}" in have]
        axes.errorbar([n for n, _ in at], [s["median"] for _, s in at],
                      yerr=[[s["median"] - s["min"] for _, s in at], [s["max"] - s["median"] for _, s in at]],
                      fmt="o-", color=colour(path), label=path, capsize=3)
    axes.set_xscale("log")
    axes.set_ylim(bottom=0)
    axes.set_xlabel("flows")
    axes.set_ylabel("ns per packet, in memory")
    axes.legend()
    return True


def tables(found, axes):
    """The same against services and servers, in units of the null path."""
    doc = found.get("path")
    if not doc:
        return False
    have, drawn = series(doc), False
    for label, cases in (("services", (("1 service", 1), ("100 services", 100), ("10k services", 1e4))),
                         ("servers", (("4 servers", 4), ("1k servers", 1e3), ("100k servers", 1e5)))):
        at = [(n, have[f"{case}: shunt / null"]) for case, n in cases if f"{case}: shunt / null" in have]
        if at:
            axes.plot([n for n, _ in at], [s["median"] for _, s in at], "o-", label=label)
            drawn = True
    axes.set_xscale("log")
    axes.set_ylim(bottom=0)
    axes.set_xlabel("how many")
    axes.set_ylabel("shunt / null path")
    axes.legend()
    return drawn


DRAWINGS = (("Ratios", "ratios", ratios), ("Loss curve", "loss", curve), ("Latency", "latency", latency),
            ("Growth with flows", "flows", growth), ("Growth with services and servers", "tables", tables))


def draw_all(found, folder):
    """Draws what can be drawn; [(title, file)]."""
    made = []
    for title, name, draw in DRAWINGS if plt else ():
        figure, axes = plt.subplots(figsize=(9, 5))
        if draw(found, axes):
            figure.savefig(os.path.join(folder, f"{name}.png"), dpi=110, bbox_inches="tight")
            made.append((title, f"{name}.png"))
        plt.close(figure)
    return made
