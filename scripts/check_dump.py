#!/usr/bin/env python3
"""Holds dumps of Flux to their published form, and to what their numbers must add up to: exit code 0 if all are right.

    scripts/check_dump.py DUMP.json...
    scripts/check_dump.py --self-test DUMP.json...  every rule finds these dumps spoilt

The form: docs/schema/flux-dump-2.schema.json. Needs jsonschema (Debian: python3-jsonschema).
"""
import copy
import json
import pathlib
import sys

import jsonschema

SCHEMA = pathlib.Path(__file__).parent.parent / "docs/schema/flux-dump-2.schema.json"


def validator():
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def ranges_of_chunks(dump):
    """By chunk: what lies in it, as (offset, bytes)."""
    ranges = {chunk["index"]: [tuple(hole) for hole in chunk["holes"]] for chunk in dump["chunks"]}
    places = [block["place"] for block in dump["blocks"] if "place" in block]
    places += [block["relocation"] for block in dump["blocks"]
               if "relocation" in block and not block["relocation"]["inGaps"]]
    places += [item for item in dump["retired"] if item["what"] == "range"]
    places += dump["mirrors"]
    for place in places:
        ranges.setdefault(place["chunk"], []).append((place["offset"], place["bytes"]))
    return ranges


def tiling(dump):
    """What lies in a chunk leaves nothing out, and nothing overlaps."""
    sizes = {chunk["index"]: chunk["bytes"] for chunk in dump["chunks"]}
    dedicated = {chunk["index"] for chunk in dump["chunks"] if chunk["dedicated"]}
    for chunk, ranges in ranges_of_chunks(dump).items():
        at = 0
        for offset, size in sorted(ranges):
            if offset != at:
                yield f"chunk {chunk}: {'overlap' if offset < at else 'nothing'} at {min(offset, at)}"
                break
            at = offset + size
        else:
            if at > sizes.get(chunk, 0) or (at < sizes[chunk] and chunk not in dedicated):
                yield f"chunk {chunk}: ends at {at}, not at {sizes.get(chunk)}"


def sums(dump):
    """Numbers that are given twice are the same."""
    stats = dump["stats"]

    def same(what, a, b):
        if a != b:
            yield f"{what}: {a} and {b}"

    yield from same("blocks", len(dump["blocks"]), stats["blocks"])
    yield from same("chunks", len(dump["chunks"]), stats["chunks"])
    yield from same("open frames", len(dump["frames"]), stats["openFrames"])
    yield from same("reserved bytes", sum(chunk["bytes"] for chunk in dump["chunks"]), stats["reservedBytes"])
    yield from same("live bytes of blocks", sum(block["liveBytes"] for block in dump["blocks"]), stats["liveBytes"])
    retired = sum(item["bytes"] for item in dump["retired"] if item["what"] == "range")
    yield from same("retired bytes", retired, stats["retiredBytes"])
    for field in ("blocks", "liveBytes", "uploadedBytes", "copiedBytes", "relocatedBytes"):
        yield from same(f"{field} of tags", sum(tag[field] for tag in dump["tags"]), stats[field])
    for tag in dump["tags"]:
        own = [block for block in dump["blocks"] if block["tag"] == tag["tag"]]
        yield from same(f"blocks of tag {tag['tag']}", len(own), tag["blocks"])
    for chunk in dump["chunks"]:
        free = sum(size for _, size in chunk["holes"])
        yield from same(f"free bytes of chunk {chunk['index']}", free, chunk["freeBytes"])
    staging = sum(page["bytes"] for page in dump["staging"])
    yield from same("staging bytes", staging, stats["stagingBytes"])


KEPT = ("pinnedBytes", "longLivedBytes", "changingBytes", "drawnBytes", "homelessBytes")


def evictions(dump):
    """What would leave is there, once, and may; and no more stays than there is."""
    blocks = {(block["index"], block["generation"]): block for block in dump["blocks"]}
    placed = sum(block["place"]["bytes"] for block in blocks.values() if "place" in block)
    found = [refusal["eviction"] for refusal in dump["refusals"] if "eviction" in refusal]
    if len(found) > 1:
        yield "what would leave is told of more than one refusal"
    for eviction in found:
        seen = set()
        for entry in eviction["blocks"]:
            handle = entry["index"], entry["generation"]
            block = blocks.get(handle, {})
            if handle in seen or block.get("pins") != 0 or block.get("place", {}).get("bytes") != entry["bytes"]:
                yield f"block {handle[0]} would leave, and is not there, or may not"
            seen.add(handle)
        if sum(entry["bytes"] for entry in eviction["blocks"]) != eviction["evictedBytes"]:
            yield f"evicted bytes: {eviction['evictedBytes']}, and blocks of others"
        if eviction["evictedBytes"] + sum(eviction[field] for field in KEPT) > placed:
            yield "more would leave and stay than there is"


def breaches(dump, form):
    """What is wrong, in words; only the form, if that is wrong already."""
    found = ["/".join(map(str, error.absolute_path)) + ": " + error.message[:200] for error in form.iter_errors(dump)]
    return found or [*tiling(dump), *sums(dump), *evictions(dump)]


def self_test(dump, form):
    assert not breaches(dump, form), breaches(dump, form)
    assert dump["blocks"] and dump["chunks"] and any(chunk["holes"] for chunk in dump["chunks"])

    def spoilt(change):
        other = copy.deepcopy(dump)
        change(other)
        return breaches(other, form)

    for key in dump:
        assert spoilt(lambda d, key=key: d.pop(key)), f"a dump without {key} passed"
    for where in (lambda d: d, lambda d: d["stats"], lambda d: d["blocks"][0], lambda d: d["chunks"][0]):
        assert spoilt(lambda d, where=where: where(d).update(surprise=1)), "an unknown member passed"
    assert spoilt(lambda d: d.update(version=3)), "another version passed"
    for key, value in dump["blocks"][0].items():
        assert spoilt(lambda d, key=key: d["blocks"][0].update({key: None})), f"a block with {key} null passed"
    holey = next(i for i, chunk in enumerate(dump["chunks"]) if chunk["holes"])

    def shift(d):
        d["chunks"][holey]["holes"][0][0] += 16

    assert spoilt(shift), "a hole in a wrong place passed"
    for field in ("blocks", "chunks", "openFrames", "reservedBytes", "liveBytes", "retiredBytes", "uploadedBytes",
                  "stagingBytes"):
        def more(d, field=field):
            d["stats"][field] += 1

        assert spoilt(more), f"a wrong {field} passed"
    if "eviction" not in (dump["refusals"] or [{}])[-1]:
        return

    def eviction(change):
        return spoilt(lambda d: change(d["refusals"][-1]["eviction"]))

    assert eviction(lambda e: e.update(evictedBytes=e["evictedBytes"] + 16)), "wrong evicted bytes passed"
    assert eviction(lambda e: e.update(drawnBytes=1 << 40)), "more that stays than there is passed"
    for field, value in (("index", 0), ("generation", 1 << 31), ("bytes", 1)):
        assert eviction(lambda e, field=field, value=value: e["blocks"][0].update({field: value})), f"a wrong {field} passed"
    twice = copy.deepcopy(dump["refusals"][-1])

    def again(e):
        e["evictedBytes"] += e["blocks"][0]["bytes"]
        e["blocks"].append(e["blocks"][0])

    assert eviction(again), "a block that leaves twice passed"
    assert spoilt(lambda d: d["refusals"].insert(0, twice)), "two evictions passed"


def main(arguments):
    if not arguments or arguments == ["--self-test"]:
        print(__doc__, file=sys.stderr)
        return 2
    form = validator()
    if arguments[0] == "--self-test":
        for name in arguments[1:]:
            self_test(json.loads(pathlib.Path(name).read_text(encoding="utf-8")), form)
        return 0
    wrong = 0
    for name in arguments:
        found = breaches(json.loads(pathlib.Path(name).read_text(encoding="utf-8")), form)
        for breach in found:
            print(f"{name}: {breach}")
        wrong += bool(found)
    print(f"{len(arguments) - wrong} of {len(arguments)} dumps are right")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
