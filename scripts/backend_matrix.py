#!/usr/bin/env python3
"""The table of back ends and drivers in README.md, made from a run of the tests with the label matrix.

    scripts/backend_matrix.py               runs the tests and writes the table
    scripts/backend_matrix.py --check       runs them and fails if one failed, or if the table says otherwise
    scripts/backend_matrix.py --self-test   checks the script

A row is a back end and a driver; the tests are those of cmake/FluxBackendTests.cmake, in the presets release and windows-mingw, which are
built before.
"""

import argparse
import pathlib
import re
import subprocess
import sys
import tempfile
import xml.etree.ElementTree

ROOT = pathlib.Path(__file__).resolve().parent.parent
BEGIN = "<!-- back ends: scripts/backend_matrix.py -->"
END = "<!-- end of back ends -->"
COLUMNS = ["conformance", "view", "replay", "picture"]
HEAD = ["back end", "conformance suite", "`flux view --verify`", "`flux replay --verify`", "picture"]
OUTPUT_BYTES = 1 << 20
# Presets, and what starts their tests.
BUILDS = {"release": [], "windows-mingw": [str(ROOT / "scripts" / "wine_session.sh")]}


def run_tests(preset, start):
    """The test cases of a preset as (name, passed, output)."""
    with tempfile.TemporaryDirectory() as folder:
        report = pathlib.Path(folder) / "matrix.xml"
        subprocess.run(
            start + ["ctest", "--test-dir", str(ROOT / "build" / preset), "-L", "^matrix$", "--output-junit", str(report),
                     "--test-output-size-passed", str(OUTPUT_BYTES), "--test-output-size-failed", str(OUTPUT_BYTES)],
            check=False)
        if not report.exists():
            sys.exit(f"backend_matrix: the preset {preset} is not built, or has no tests with the label matrix")
        return cases_of(xml.etree.ElementTree.parse(report).getroot())


def cases_of(suite):
    return [(case.get("name"), case.get("status") == "run", case.findtext("system-out") or "")
            for case in suite.iter("testcase")]


def cell(column, passed, output):
    if not passed:
        return "**failed**"
    if column == "conformance":
        tests = re.search(r"\[  PASSED  \] (\d+) tests?\.", output)
        skipped = re.search(r"\[  SKIPPED \] (\d+) tests?, listed below", output)
        if not tests:
            return "**no result**"
        return f"{tests[1]} passed" + (f", {skipped[1]} not applicable" if skipped else "")
    return {"view": "0 invalid draws", "replay": "0 mismatches", "picture": "the same"}[column]


def table(cases):
    """Rows by name, in the order in which they first appear; a cell of several tests shows the worst."""
    rows = {}
    for name, passed, output in cases:
        column, row = name.split(".", 1)
        if column not in COLUMNS:
            continue
        if column == "replay":
            row = row.rsplit(".", 1)[0]  # the trace
        cells = rows.setdefault(row, {})
        found = cell(column, passed, output)
        if not cells.get(column, "").startswith("**"):
            cells[column] = found
    lines = ["| " + " | ".join(HEAD) + " |", "|" + " --- |" * len(HEAD)]
    for row, cells in rows.items():
        backend, _, driver = row.partition(".")
        title = f"`{backend}`" + (f", {driver}" if driver else "")
        lines.append("| " + " | ".join([title] + [cells.get(column, "draws nothing") for column in COLUMNS]) + " |")
    return "\n".join(lines)


def replaced(text, new):
    begin, end = text.index(BEGIN), text.index(END)
    return text[:begin] + BEGIN + "\n" + new + "\n" + text[end:]


def self_test():
    def case(name, output, status="run"):
        return f'<testcase name="{name}" status="{status}"><system-out>{output}</system-out></testcase>'

    suite = xml.etree.ElementTree.fromstring(
        "<testsuite>" + case("conformance.x.fast", "[  PASSED  ] 40 tests.\n[  SKIPPED ] 2 tests, listed below:") +
        case("view.x.fast", "") + case("replay.x.fast.one", "", "fail") + case("replay.x.fast.two", "") +
        case("picture.x.fast", "") + case("conformance.host", "[  PASSED  ] 1 test.") + case("view.host", "") +
        case("replay.host.one", "") + "</testsuite>")
    lines = table(cases_of(suite)).splitlines()
    assert lines[2] == ("| `x`, fast | 40 passed, 2 not applicable | 0 invalid draws | **failed** | the same |"), lines[2]
    assert lines[3] == "| `host` | 1 passed | 0 invalid draws | 0 mismatches | draws nothing |", lines[3]
    assert cell("conformance", True, "no such line") == "**no result**"
    assert replaced(f"a\n{BEGIN}\nold\n{END}\nb", "new") == f"a\n{BEGIN}\nnew\n{END}\nb"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--self-test", action="store_true")
    arguments = parser.parse_args()
    if arguments.self_test:
        self_test()
        return 0
    found = table([case for preset, start in BUILDS.items() for case in run_tests(preset, start)])
    print(found)
    readme = ROOT / "README.md"
    text = readme.read_text(encoding="utf-8")
    new = replaced(text, found)
    if not arguments.check:
        readme.write_text(new, encoding="utf-8")
    elif new != text:
        print("backend_matrix: README.md says otherwise: run scripts/backend_matrix.py", file=sys.stderr)
        return 1
    return 1 if "**" in found else 0


if __name__ == "__main__":
    sys.exit(main())
