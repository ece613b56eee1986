#!/usr/bin/env python3
"""gdb_test.py GDB PRINTERS PROGRAM: what GDB prints of the program's values."""

import re
import subprocess
import sys

STALE = r'StaleHandle "block", block 2, generation 1, asked for in .*subject\.cpp:\d+'

# An expression, and what is printed of it.
EXPECTED = {
    "teapot": r"block 1, generation 1",
    "none": r"no block",
    "first": r"part 0",
    "again": r"part 2, generation 5",
    "value": r"queue 0 at 7",
    "error": STALE,
    "refused": r"failed = {error = " + STALE + "}",
    "pinned": r"good",
    "version": r"good = {value = 2}",
    "found": r"Resident: block 1, generation 1, version 1, chunk 1 \+0, 4000 bytes",
    "found.place": r"chunk 1 \+0, 4000 bytes",
    "missing": r"Stale",
    "record": r"resident, generation 1, chunk 1 \+0, 4000 bytes",
    "frame": r'frame "main window" of snapshot 2',
    "shared": r"a count of block 1, generation 1",
    "*pool": r'flux::Pool with 1 chunks, 1 blocks = {chunk 1 = 1 MiB, '
             r'block 1 = "teapot", generation 1, chunk 1 \+0, 4000 bytes}',
}


def main():
    gdb, printers, program = sys.argv[1:]
    commands = ["set width 0", f"source {printers}", "break stopHere", "run", "up"]
    for expression in EXPECTED:
        commands += [f"echo <{expression}>\\n", f"output {expression}", "echo \\n"]
    arguments = [gdb, "-nx", "-batch"]
    for command in commands:
        arguments += ["-ex", command]
    run = subprocess.run(arguments + [program], capture_output=True, text=True, timeout=120)
    wrong = 0
    for expression, expected in EXPECTED.items():
        found = re.search(f"^<{re.escape(expression)}>\n(.*)$", run.stdout, re.MULTILINE)
        if not found or not re.fullmatch(expected, found[1]):
            wrong += 1
            print(f"{expression}: expected {expected}, got {found[1] if found else 'nothing'}")
    if wrong:
        print(run.stdout, run.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
