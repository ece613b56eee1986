#!/usr/bin/env python3
"""Judges the JSON report of `flux view --verify`: exit code 0 if the run kept what Flux promises.

    scripts/check_report.py REPORT.json
    scripts/check_report.py --self-test      every rule finds a report that breaks it
"""
import json
import sys


FEW_PARTS = 20  # added to live blocks, removed from them, and drawn: fewer show little
FEW_MOVES = 100  # of each kind, in a run with a budget
MOST_FRAMES_TO_SETTLE = 30
MOST_UPLOADED = 1.5  # times what a memory that knows what is wanted next would have had uploaded


def breaches(report):
    """The rules that a report breaks, in words. A missing field breaks its rule."""

    def value(field):
        return report.get(field, float("nan"))  # not a number: every comparison below fails

    def rule(holds, text):
        return [] if holds else [text]

    found = rule(value("frames") > 0, "no frame was drawn")
    found += rule(value("invalidDraws") == 0, f"invalidDraws is {report.get('invalidDraws')}")
    found += rule(value("validationMessages") == 0, f"validationMessages is {report.get('validationMessages')}")
    found += rule(value("wantedBlocks") > 0, "no block was wanted")
    budgeted = report.get("budget", 0) != 0  # not all that is in view need be there
    found += rule(value("verifiedBlocks") >= value("wantedBlocks") * (0.6 if budgeted else 1),
                  f"verified {report.get('verifiedBlocks')} of {report.get('wantedBlocks')} wanted blocks")
    found += rule(value("framesWithoutDrawsFrom10") == 0,
                  f"{report.get('framesWithoutDrawsFrom10')} frames from frame 10 on drew nothing")
    for field in ("partsAdded", "partsRemoved", "verifiedAddedParts"):
        found += rule(value(field) > FEW_PARTS, f"{field} is {report.get(field)}, not over {FEW_PARTS}")
    if not value("frames") <= 60:
        found += rule(0 < value("drawsWantedFrom60") * (0.6 if budgeted else 0.95) <= value("drawsIssuedFrom60"),
                      f"from frame 60 on {report.get('drawsIssuedFrom60')} of {report.get('drawsWantedFrom60')} draws")
    if budgeted:
        found += rule(value("stepsOverBudget") == 0, f"over the budget after {report.get('stepsOverBudget')} steps")
        for field in ("compactions", "crossChunkMoves", "evictions", "restores"):
            found += rule(value(field) > FEW_MOVES, f"{field} is {report.get(field)}, not over {FEW_MOVES}")
        found += rule(value("bytesUploaded") <= MOST_UPLOADED * value("leastUploadedBytes"),
                      f"uploaded {report.get('bytesUploaded')} bytes, {report.get('leastUploadedBytes')} would do")
    if report.get("stillAfter", 0) != 0:
        settled = report.get("framesToSettle")
        found += rule(settled is not None and settled <= MOST_FRAMES_TO_SETTLE,
                      f"{settled} frames after the camera stopped all in view was there")
    return found


def self_test():
    good = {"frames": 120, "invalidDraws": 0, "validationMessages": 0, "wantedBlocks": 7, "verifiedBlocks": 7,
            "framesWithoutDrawsFrom10": 0, "drawsWantedFrom60": 100, "drawsIssuedFrom60": 95,
            "partsAdded": 21, "partsRemoved": 21, "verifiedAddedParts": 21}
    bad = {"frames": 0, "invalidDraws": 1, "validationMessages": 1, "wantedBlocks": 0, "verifiedBlocks": 6,
           "framesWithoutDrawsFrom10": 1, "drawsWantedFrom60": 0, "drawsIssuedFrom60": 94,
           "partsAdded": 20, "partsRemoved": 20, "verifiedAddedParts": 20}
    moves = {"compactions": 101, "crossChunkMoves": 101, "evictions": 101, "restores": 101}
    good_budgeted = {**good, **moves, "verifiedBlocks": 6, "drawsIssuedFrom60": 60, "stepsOverBudget": 0,
                     "bytesUploaded": 15, "leastUploadedBytes": 10, "framesToSettle": 30}
    bad_budgeted = {**bad, **{field: 100 for field in moves}, "verifiedBlocks": 4, "drawsIssuedFrom60": 59, "stepsOverBudget": 1,
                    "bytesUploaded": 16, "leastUploadedBytes": 9, "framesToSettle": 31}
    for right, wrong, options in ((good, bad, {}), (good_budgeted, bad_budgeted, {"budget": 1, "stillAfter": 1})):
        assert not breaches({**right, **options}), breaches({**right, **options})
        for field in right:
            assert breaches({**right, **options, field: wrong[field]}), f"{field}: {wrong[field]} passed"
            rest = {key: right[key] for key in right if key != field}
            assert breaches({**rest, **options}), f"a report without {field} passed"
    assert breaches({**good_budgeted, "budget": 1, "stillAfter": 1, "framesToSettle": None})


def main(arguments):
    if arguments == ["--self-test"]:
        self_test()
        return 0
    if len(arguments) != 1:
        print(__doc__, file=sys.stderr)
        return 2
    with open(arguments[0], encoding="utf-8") as file:
        report = json.load(file)
    found = breaches(report)
    for breach in found:
        print(f"{arguments[0]}: {breach}", file=sys.stderr)
    if not found:
        print(f"{arguments[0]}: {report['frames']} frames, {report['verifiedBlocks']} blocks verified, no breach")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
