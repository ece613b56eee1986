#!/usr/bin/env python3
"""Judges the JSON report of `flux view --verify`: exit code 0 if the run kept what Flux promises.

    scripts/check_report.py REPORT.json
    scripts/check_report.py --self-test      every rule finds a report that breaks it
"""
import json
import sys


FEW_PARTS = 20  # added to live blocks, removed from them, and drawn: fewer show little


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
    found += rule(value("verifiedBlocks") == value("wantedBlocks"),
                  f"verified {report.get('verifiedBlocks')} of {report.get('wantedBlocks')} wanted blocks")
    found += rule(value("framesWithoutDrawsFrom10") == 0,
                  f"{report.get('framesWithoutDrawsFrom10')} frames from frame 10 on drew nothing")
    for field in ("partsAdded", "partsRemoved", "verifiedAddedParts"):
        found += rule(value(field) > FEW_PARTS, f"{field} is {report.get(field)}, not over {FEW_PARTS}")
    if not value("frames") <= 60:
        found += rule(0 < value("drawsWantedFrom60") * 0.95 <= value("drawsIssuedFrom60"),
                      f"from frame 60 on {report.get('drawsIssuedFrom60')} of {report.get('drawsWantedFrom60')} draws")
    return found


def self_test():
    good = {"frames": 120, "invalidDraws": 0, "validationMessages": 0, "wantedBlocks": 7, "verifiedBlocks": 7,
            "framesWithoutDrawsFrom10": 0, "drawsWantedFrom60": 100, "drawsIssuedFrom60": 95,
            "partsAdded": 21, "partsRemoved": 21, "verifiedAddedParts": 21}
    bad = {"frames": 0, "invalidDraws": 1, "validationMessages": 1, "wantedBlocks": 0, "verifiedBlocks": 6,
           "framesWithoutDrawsFrom10": 1, "drawsWantedFrom60": 0, "drawsIssuedFrom60": 94,
           "partsAdded": 20, "partsRemoved": 20, "verifiedAddedParts": 20}
    assert not breaches(good), breaches(good)
    for field in good:
        assert breaches({**good, field: bad[field]}), f"{field}: {bad[field]} passed"
        assert breaches({key: good[key] for key in good if key != field}), f"a report without {field} passed"


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
