#!/usr/bin/env python3
"""Runs flux_alloc_bench again and puts its tables and pictures into docs/design.

    scripts/alloc_figures.py build/release/bench/alloc/flux_alloc_bench [OPTION…]     options of the program

A page has `<!-- flux_alloc_bench WORKLOAD… -->` where the tables of these workloads begin, `<!-- summary -->` where
the summary does, and `<!-- end -->` where either ends. Takes some minutes; nothing else should run meanwhile.
"""
import csv
import pathlib
import platform
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
PAGES = [ROOT / "docs/design/allocator-figures.md", ROOT / "docs/design/chunk-size.md"]
SECTION = re.compile(r"(<!-- (flux_alloc_bench [^>]*|summary) -->\n).*?(<!-- end -->)", re.DOTALL)


def machine():
    model = next((line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), "?")
    release = dict(line.rstrip().split("=", 1) for line in open("/etc/os-release") if "=" in line)
    return f"{model}, {release['PRETTY_NAME'].strip(chr(34))}, {platform.machine()}"


class Figures:
    """What the benchmark measured: figures by (workload, allocator, metric, x)."""

    def __init__(self, paths):
        self.values = {}
        for path in paths:
            for row in csv.DictReader(open(path)):
                key = (row["workload"], row["allocator"], row["metric"], float(row["x"]))
                self.values[key] = float(row["y"])

    def at(self, workload, allocator, metric, x=0):
        return self.values.get((workload, allocator, metric, x))

    def all(self, workload, allocator, metric):
        return [y for (w, a, m, _), y in self.values.items() if (w, a, m) == (workload, allocator, metric)]


def summary(figures):
    """The rows that matter, each beside best fit in the same run and beside figures of others from another run."""
    rows = []

    def text(value, decimals):
        return "–" if value is None else f"{value:.{decimals}f}"

    def row(what, workload, metric, x, peers, decimals=0, chunked=False, unit=""):
        best = figures.at(workload, "BF a chunk" if chunked else "BF", metric, x)
        flux = figures.at(workload, "Flux", metric, x)
        ratio = "–" if not best or flux is None else f"{flux / best:.2f}"
        rows.append(f"| {what} | {text(flux, decimals)}{unit} | {text(best, decimals)}{unit} | {ratio} | {peers} |")

    for live, peers in ((1e3, "OA 43, VMA 69"), (1e4, "OA 44, VMA 64"), (1e5, "OA 94, VMA 153"), (1e6, "OA 295, VMA 552")):
        row(f"free and allocate, one space, {live:,.0f} live", "steady", "ns/pair", live, peers, unit=" ns")
    row("… one allocate, p99.9, 100,000 live", "steady", "allocate p99.9 ns", 1e5, "OA 121, VMA 1,379", unit=" ns")
    row("… one free, p99.9, 100,000 live", "steady", "free p99.9 ns", 1e5, "OA 566, VMA 621", unit=" ns")
    row("free and allocate over 16 MiB chunks, 10,000 live", "chunks", "ns/pair", 1e4,
        "OA a chunk 116, `vmaCreateBuffer` 1,280", chunked=True, unit=" ns")
    row("… reserved over live", "chunks", "reserved/live", 1e4, "OA a chunk 1.153, `vmaCreateBuffer` 1.301", 3, True)
    many = figures.all("chunk-count", "Flux", "ns/pair")
    few = figures.all("chunk-count", "BF a chunk", "ns/pair")
    if many and few:
        rows.append(f"| from 10 to 10,000 chunks, slowest over fastest | {max(many) / min(many):.2f} x | "
                    f"{max(few) / min(few):.2f} x (to 1,000) | – | |")
    for case, x, peers in (("10 k live", 0, "OA 85.0, VMA 91.1"), ("100 k live", 1, "OA 88.3, VMA 96.7"),
                           ("powers of two", 2, "OA 96.0, VMA 95.8"), ("2^n + 256", 3, "OA 68.8, VMA 95.5"),
                           ("odd sizes", 4, "OA 85.2, VMA 90.4")):
        row(f"highest load without a failure, {case}", "load", case, x, peers, 1, unit=" %")
    row("streaming, 10 % stragglers, an operation", "streaming", "ns/operation", 10, "OA 27, VMA 38", unit=" ns")
    row("… highest load without a failure", "streaming", "highest load", 10, "OA 93.1, VMA 97.5", 1, unit=" %")
    row("filled to the first failure after 6 cycles, 16 MiB", "fill", "after 6 cycles", 2.0**24, "OA 82.4, VMA 83.0", 1,
        unit=" %")
    row("a request that fits nowhere, one space", "nowhere", "one space", 1, "", 1, unit=" ns")
    row("… over 16 MiB chunks, 10,000 live", "nowhere", "chunks", 1, "", 1, True, " ns")
    for times in (5, 20):
        row(f"after a drop to 20 %: reserved over live, churn of {times} x", "drop", "reserved/live", times, "", 2, True)
    for name, oa, vma in (("maplibre", 29, 203), ("supertuxkart", 15, 374)):
        row(f"{name}, an operation", "traces", f"{name} ns/operation", 0, f"OA a chunk {oa}", 1, True, " ns")
        row("… most chunks at a time", "traces", f"{name} peak chunks", 0,
            f"OA a chunk {9 if name == 'maplibre' else 15}", 0, True)
        pool = figures.at("pool-traces", "lean", f"{name} ns/operation")
        rows.append(f"| … through the Pool, add or remove | {text(pool, 0)} ns | – | – | `vmaCreateBuffer` {vma} |")
    head = ["| what | Flux | best fit | x of best fit | others, measured once elsewhere |", "| --- | --: | --: | --: | --- |"]
    return f"Measured on: {machine()}.\n\n" + "\n".join(head + rows)


def main(bench, options):
    with tempfile.TemporaryDirectory() as folder:
        tables = {}
        for page in PAGES:
            for match in SECTION.finditer(page.read_text()):
                if match[2] == "summary":
                    continue
                path = pathlib.Path(folder) / f"{len(tables)}.csv"
                command = [bench, *match[2].split()[1:], *options, "--csv", path]
                run = subprocess.run(command, check=True, text=True, stdout=subprocess.PIPE)
                tables[match[2]] = run.stdout.strip()
        paths = sorted(pathlib.Path(folder).glob("*.csv"))
        tables["summary"] = summary(Figures(paths))
        for page in PAGES:
            page.write_text(SECTION.sub(lambda m: f"{m[1]}\n{tables[m[2]]}\n\n{m[3]}", page.read_text()))
        together = pathlib.Path(folder) / "together"
        together.write_text("".join(path.read_text() for path in paths))
        subprocess.run([ROOT / "scripts/plot_alloc.sh", together], check=True)


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    main(sys.argv[1], sys.argv[2:])
