#!/usr/bin/env python3
"""What moving blocks for room costs the geometry thread: each trace, and the world of `flux view`, with defragmentation and
without it, in turns. Processor time of the thread, so that what others do on the machine is no part of it.

  scripts/compare_defrag.py [--flux build/release/apps/flux/flux] [--backend host] [--frames N] [--rounds N] [TRACE...]

Without traces: all of traces/, and the world; on the host device with one thread, so that all its runs do the same. Exits with 1 if a step with defragmentation takes more
than 1.1 times of one without and more than 100 us more (99th percentile; of the rounds the one that suits each of the two best).
"""

import argparse
import json
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
MOST_TIMES = 1.1
MOST_MORE_US = 100


def figures(command):
    """The report of a run: of `flux replay` the first trace's."""
    run = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
    if run.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))} failed:\n{run.stderr}")
    report = json.loads(run.stdout)
    return report[0] if isinstance(report, list) else report


def best(reports, quantile):
    return min(report["stepCpuUs"][quantile] for report in reports)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("traces", metavar="TRACE", nargs="*", type=pathlib.Path)
    parser.add_argument("--flux", default=ROOT / "build/release/apps/flux/flux", type=pathlib.Path)
    parser.add_argument("--backend", default="host")
    parser.add_argument("--frames", type=int, default=3000, help="of the world (default: %(default)s); traces run whole")
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()

    with tempfile.TemporaryDirectory() as folder:
        programs = {
            trace.name: [arguments.flux, "replay", "--backend", arguments.backend, "--json", "-", trace]
            for trace in arguments.traces or sorted((ROOT / "traces").glob("*.gtrace.gz"))
        }
        if not arguments.traces:
            programs["the world"] = [arguments.flux, "view", "--backend", arguments.backend, "--size", "320x240",
                                     "--frames", str(arguments.frames), "--out", folder, "--json", "-"]
            if arguments.backend == "host":
                programs["the world"].append("--single-thread")
        print(f"{'step, processor time':<32} {'p50':>8} {'p99':>8} {'p99.9':>8}   us", flush=True)
        slow = False
        for name, command in programs.items():
            runs = {"with": [], "without": []}
            for _ in range(arguments.rounds):
                runs["with"].append(figures(command))
                runs["without"].append(figures([*command, "--no-defrag"]))
            for which, reports in runs.items():
                times = " ".join(f"{best(reports, quantile):8.1f}" for quantile in ("p50", "p99", "p999"))
                moved = reports[0]["relocations"]
                print(f"{f'{name} {which}':<32} {times}   {moved} moves", flush=True)
            p99, without = best(runs["with"], "p99"), best(runs["without"], "p99")
            if p99 > MOST_TIMES * without and p99 > without + MOST_MORE_US:
                print(f"{name}: {p99:.1f} us are more than {MOST_TIMES} times and {MOST_MORE_US} us over {without:.1f}")
                slow = True
        return 1 if slow else 0


if __name__ == "__main__":
    sys.exit(main())
