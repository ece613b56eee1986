"""Makes dumps of any size, which have the published form: for tests of what reads them."""
import json
import random

CHUNK = 16 << 20
KINDS = ("vertex", "index", "uniform", "storage")
NASTY = ('quote " \\ back', "</script><script>document.title='broken'</script>", "<img src=x onerror=\"document.title='broken'\">",
         "line\nfeed and \x1b[31mred\x07", "\u202egnp.exe", "\u2028&amp;&lt;", "名前 🧊", "'; DROP TABLE", "")


def places(count, rng):
    """Sizes and places of blocks, chunk by chunk, some with a hole behind them; and the holes."""
    blocks, holes, at = [], {0: []}, 0
    for _ in range(count):
        size = 16 * rng.randint(4, 400)
        chunk, offset = divmod(at, CHUNK)
        if offset + size > CHUNK:
            if offset:
                holes[chunk].append([offset, CHUNK - offset])
            chunk, offset = chunk + 1, 0
        holes.setdefault(chunk, [])
        blocks.append((chunk, offset, size))
        gap = 16 * rng.randint(1, 200) if rng.random() < 0.15 else 0
        gap = min(gap, CHUNK - offset - size)
        if gap:
            holes[chunk].append([offset + size, gap])
        at = chunk * CHUNK + offset + size + gap
    chunk, offset = divmod(at, CHUNK)
    if offset:
        holes[chunk].append([offset, CHUNK - offset])
    return blocks, holes


def write(path, count, seed=1, names=()):
    """Writes a dump of `count` blocks; the first have the names that are given. Returns its `stats` and names."""
    rng = random.Random(seed)
    laid, holes = places(count, rng)
    chunks = [{"index": i, "bytes": CHUNK, "class": "streaming", "dedicated": False, "inService": True, "madeInStep": i,
               "ageSteps": 100 - min(i, 100), "freeBytes": sum(size for _, size in holes[i]),
               "ranges": sum(1 for chunk, _, _ in laid if chunk == i) if count < 5000 else 0, "holes": holes[i]} for i in sorted(holes)]
    tags = [{"tag": i, "name": name, "blocks": 0, "liveBytes": 0, "placeBytes": 0, "uploadedBytes": 0, "copiedBytes": 0,
             "relocatedBytes": 0}
            for i, name in enumerate(("", "terrain", "objects", "</script> \" ui"))]
    blocks = []
    for i, (chunk, offset, size) in enumerate(laid):
        tag = tags[rng.choice((0, 1, 2, 2, 2, 3))]
        live = size - 16 * rng.randint(0, 1)
        first = live // 2
        block = {"index": i + 1, "generation": 1, "name": names[i] if i < len(names) else f"object {i} of {seed}", "tag": tag["tag"],
                 "state": "resident", "class": "streaming", "liveBytes": live, "version": 1 + i % 7, "requestedVersion": 1 + i % 7,
                 "owners": 1, "pins": int(i % 97 == 0), "changedInStep": 0, "ageSteps": rng.randint(0, 10 ** rng.randint(0, 6)),
                 "framesSinceUse": i % 50, "place": {"chunk": chunk, "offset": offset, "bytes": size},
                 "parts": [{"id": 0, "kind": KINDS[i % 4], "offset": 0, "bytes": first}, {"id": 1, "kind": "index", "offset": first, "bytes": live - first}]}
        for field, value in (("blocks", 1), ("liveBytes", live), ("placeBytes", size), ("uploadedBytes", live)):
            tag[field] += value
        blocks.append(block)
    live = sum(tag["liveBytes"] for tag in tags)
    reserved = CHUNK * len(chunks)
    free = sum(chunk["freeBytes"] for chunk in chunks)
    stats = {"liveBytes": live, "reservedBytes": reserved, "retiredBytes": 0, "stagingBytes": 0, "shadowBytes": 0, "hardLimitBytes": 8 << 30,
             "blocks": count, "chunks": len(chunks), "openFrames": 0, "publishedSnapshot": 90, "steps": 100, "blocksAdded": count,
             "blocksRemoved": 0, "blocksUpdated": 0, "partsAdded": 0, "partsRemoved": 0, "uploadedBytes": live, "copiedBytes": 0,
             "readBackBytes": 0, "relocations": 0, "relocatedBytes": 0, "compactions": 0, "releasedBytes": 0, "deferredPublishes": 0, "recordMirrors": 0, "mirroredRecords": 0, "chunksCreated": len(chunks),
             "chunksMadeAhead": 0, "chunksReleased": 0, "refusals": 1, "instructions": 0, "waitingInstructions": 0, "misses": 0,
             "deviceLost": False, "peakLiveBytes": live, "peakReservedBytes": reserved, "peakStagingBytes": 0, "peakChunks": len(chunks)}
    largest = max((size for chunk in chunks for _, size in chunk["holes"]), default=0)
    torn = 1 - largest / free if free else 0
    budget = {"usedBytes": reserved, "limitBytes": 8 << 30}
    none = {"usedBytes": 0, "limitBytes": 1 << 20}
    dump = {
        "format": "flux-dump", "version": 2, "flux": "0.1.0",
        "device": {"name": "made <up>", "driver": "", "backend": "host", "lost": False, "unifiedMemory": False, "maxChunkBytes": 1 << 31,
                   "maxAllocations": 4096, "queues": [{"queue": 0, "lastUseByFrames": 0, "completed": 7}]},
        "settings": {"chunkBytes": CHUNK, "firstChunkBytes": CHUNK, "longLivedFirstChunkBytes": CHUNK, "stagingPageBytes": 4 << 20,
                     "maxBlocks": 1 << 20, "emptyChunkSteps": 120, "spareChunks": 1, "recordMirrors": 0},
        "budgets": {"chunks": budget, "device": budget, "staging": none, "readback": none, "shadows": none, "instructions": none},
        "stats": stats,
        "classes": [{"class": "streaming", "chunks": len(chunks), "reservedBytes": reserved, "freeBytes": free, "largestFreeBytes": largest,
                     "fragmentation": torn}],
        "retirement": {"forFramesBytes": 0, "forQueuesBytes": 0, "forFrames": 0, "forQueues": 0},
        "shared": {"blocks": 0, "parts": 0, "liveBytes": 0, "blockBytes": 0, "heldBytes": 0, "metadataBytes": 0},
        "tags": tags, "frames": [],
        "refusals": [{"name": "<b>huge</b>", "error": "out of budget", "text": "t", "explanation": "9 GiB would exceed the hard limit by 1.2 GiB",
                      "bytes": 9 << 30, "alignment": 256, "class": "streaming", "outcome": "over budget", "chunkBytes": 0,
                      "missingBytes": 1, "freeBytes": free, "largestFreeBytes": largest, "fragmentation": torn, "forFramesBytes": 0,
                      "forQueuesBytes": 0, "firstStep": 3, "lastStep": 99, "times": 12,
                      "eviction": {"explanation": "9 GiB have to leave; nothing may; what stays: <b>all</b>", "neededBytes": 9 << 30, "goingBytes": 0,
                                   "evictedBytes": 0, "pinnedBytes": 0, "longLivedBytes": 0, "changingBytes": 0, "drawnBytes": live,
                                   "homelessBytes": 0, "blocks": []}}],
        "staging": [], "mirrors": [], "chunks": chunks}
    with open(path, "w", encoding="utf-8") as file:
        file.write(json.dumps(dump, ensure_ascii=False)[:-1] + ', "blocks": [\n')
        file.write(",\n".join(json.dumps(block, ensure_ascii=False) for block in blocks))
        file.write('\n], "retired": []}\n')
    return stats, [block["name"] for block in blocks]
