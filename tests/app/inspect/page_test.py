#!/usr/bin/env python3
"""The page of `flux inspect --html` in headless Chromium: it opens without errors and without the network, draws, filters, and its numbers are the
dump's; whatever names a dump has.

    page_test.py FLUX FOLDER FILE...           those dumps and recordings, too, which other tests have left
    page_test.py FLUX FOLDER --measure         how long large ones take

Needs Debian's chromium, chromium-driver, python3-selenium.
"""
import json
import pathlib
import subprocess
import sys
import time

from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service

import big_dump


def browser():
    options = Options()
    options.binary_location = "/usr/bin/chromium"
    for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--window-size=1400,1000"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    return webdriver.Chrome(options=options, service=Service("/usr/bin/chromedriver"))


class Page:
    """A page that has been opened; what it says about itself."""

    def __init__(self, chromium, file):
        self.chromium, self.file = chromium, file
        chromium.get_log("browser"), chromium.get_log("performance")
        chromium.get(file.as_uri())
        for _ in range(1200):
            if self.run("return document.documentElement.dataset.ready") == "yes":
                return
            time.sleep(0.05)
        raise AssertionError(f"{file.name} does not open: {chromium.get_log('browser')}")

    def run(self, script, *arguments):
        return self.chromium.execute_script(script, *arguments)

    def text(self, element):
        return self.run("return document.getElementById(arguments[0]).textContent", element)

    def choose(self, element, value):
        self.run("const e = document.getElementById(arguments[0]); e.value = arguments[1]; e.dispatchEvent(new Event('change'));", element, value)

    def search(self, text):
        self.run("document.getElementById('search').value = arguments[0]; filter.apply();", text)

    def colours(self):
        """How many different ones the map has, once it is drawn."""
        return self.run("""map.drawNow(); const c = document.getElementById('canvas');
            const pixels = new Uint32Array(c.getContext('2d').getImageData(0, 0, c.width, c.height).data.buffer);
            return new Set(pixels).size;""")

    def close(self):
        """Nothing was wrong, and nothing was loaded."""
        wrong = [entry for entry in self.chromium.get_log("browser")
                 if entry["level"] in ("SEVERE", "WARNING") and "getImageData" not in entry["message"]]  # `colours` does that
        assert not wrong, wrong
        for entry in self.chromium.get_log("performance"):
            message = json.loads(entry["message"])["message"]
            if message["method"] != "Network.requestWillBeSent":
                continue
            address = message["params"]["request"]["url"]
            assert address == self.file.as_uri(), f"{self.file.name} loads {address[:100]}"
        assert self.run("return document.title").startswith("Flux: ")


def inspect(flux, *arguments):
    return subprocess.run([flux, "inspect", *map(str, arguments)], check=True, capture_output=True, text=True).stdout


def numbers(page, dump):
    """What the page counts is what the dump says."""
    blocks, stats = dump["blocks"], dump["stats"]
    assert page.run("return data.names.slice(0, data.facts.ended)") == [block["name"] for block in blocks]
    assert page.run("return data.live.subarray(0, data.facts.ended).reduce((sum, bytes) => sum + bytes, 0)") == stats["liveBytes"]
    counted = page.run("colours.use('owner'); return colours.categories.map(category => category.bytes)")
    for tag in dump["tags"]:
        assert counted[tag["tag"]] == sum(b["place"]["bytes"] for b in blocks if "place" in b and b["tag"] == tag["tag"]), tag
    assert page.run("return data.holeUnits.reduce((sum, size) => sum + size * kUnit, 0)") == sum(c["freeBytes"] for c in dump["chunks"])
    assert f"{len(blocks):,}" in page.text("gauges")
    rows = page.run("return document.querySelectorAll('#chunks tbody tr').length")
    assert rows == len(dump["chunks"]), rows
    for refusal in dump["refusals"]:
        assert refusal["explanation"] in page.text("refusals")
        assert refusal.get("eviction", {}).get("explanation", "") in page.text("refusals")


def filters(page, dump):
    blocks = dump["blocks"]

    def found():
        return page.run("return filter.found")

    page.search("object 17")
    assert found() == sum("object 17" in block["name"] for block in blocks) > 0
    page.choose("by-tag", "2")
    assert found() == sum("object 17" in block["name"] and block["tag"] == 2 for block in blocks) > 0
    page.choose("by-kind", "1")
    dim = page.colours()
    page.search("")
    assert 0 < found() < len(blocks)
    assert page.colours() != dim, "the map shows what was found"
    page.choose("by-state", "4")
    assert found() == 0 and "No block matches" in page.text("found")
    for element in ("by-tag", "by-kind", "by-state"):
        page.choose(element, "")
    assert found() == len(blocks) and page.text("found") == ""


def pointer(page, dump):
    """Under the pointer is what the dump has there; zoomed or not."""
    block = max(dump["blocks"], key=lambda each: each["place"]["bytes"])
    tell = """const block = data.names.indexOf(arguments[0]), item = data.itemOfBlock[block];
        map.show(block); map.drawNow();
        const box = map.canvas.getBoundingClientRect();
        const x = map.x(data.itemOffset[item] + data.itemUnits[item] / 2);
        const y = data.itemChunk[item] * kRowHeight + kBarTop + 4 - map.box.scrollTop;
        map.canvas.dispatchEvent(new PointerEvent('pointermove', {clientX: box.left + x, clientY: box.top + y, bubbles: true}));
        return document.getElementById('tip').textContent;"""
    told = page.run(tell, block["name"])
    assert block["name"] in told and f"chunk {block['place']['chunk']}, offset {block['place']['offset']:,}" in told, told
    assert page.text("range") != ""
    page.run("document.getElementById('whole').click(); map.drawNow()")
    assert page.text("range") == ""
    page.run("document.getElementById('in').click(); map.drawNow()")
    assert page.text("range") != ""


def run(page):
    """A recorded run: at each stop map, plots and numbers belong together; the slider, a click in a plot and the refusals lead to a stop."""
    stops, lines = page.run("return data.facts.stops"), [line["name"] for line in page.run("return data.facts.run.lines")]
    assert len(stops) > 20 and stops[-1]["step"] == page.run("return data.facts.run.steps")
    live, reserved, retired = (lines.index(name) for name in ("live", "reserved", "retired"))
    assert page.run("return data.stepBegan.length * data.facts.run.stride") >= stops[-1]["step"]
    drawn = set()
    for at in (0, len(stops) // 3, 2 * len(stops) // 3, len(stops) - 1):
        page.run("const slider = document.getElementById('stop'); slider.value = arguments[0]; slider.dispatchEvent(new Event('input'));", at)
        assert f"step {stops[at]['step']:,} of" in page.text("when")
        seen = page.run("""let live = 0, places = 0, retired = 0, free = 0;
            for (let i = 0; i < data.blocks; ++i) live += data.stateNow[i] === kGone || data.itemOfBlock[i] === kNone ? 0 : data.live[i];
            for (let i = 0; i < data.items; ++i) {
              if (data.itemWhat[i] === kRetired) retired += data.itemUnits[i] * kUnit; else places += data.itemUnits[i] * kUnit;
            }
            return {live, places, retired, free: data.chunks.reduce((sum, chunk) => sum + chunk.free, 0), chunks: data.chunks.reduce((sum, chunk) => sum + chunk.bytes, 0)};""")
        assert seen["chunks"] == stops[at]["values"][reserved], (at, seen)
        assert seen["places"] + seen["retired"] + seen["free"] == seen["chunks"], (at, seen)
        if at + 1 < len(stops):  # the end is after some more calls
            assert seen["live"] <= stops[at]["values"][live] <= seen["places"], (at, seen)
            assert seen["retired"] <= stops[at]["values"][retired], (at, seen)
        drawn.add(page.run("map.drawNow(); return map.canvas.toDataURL()"))
        page.run("tables.now()")
        assert page.run("return document.querySelectorAll('#chunks tbody tr').length") == page.run("return data.chunks.length")
    assert len(drawn) == 4, "the map follows the slider"
    page.run("run.goToTime(arguments[0])", stops[7]["time"] / 1e9)
    assert page.run("return data.stop") == 7
    page.run("run.goToStep(arguments[0])", stops[9]["step"])
    assert page.run("return data.stop") == 9
    whole = page.run("timeline.drawNow(); return timeline.canvas.toDataURL()")
    page.run("run.setView(run.end / 3, run.end / 2)")
    assert page.run("timeline.drawNow(); return timeline.canvas.toDataURL()") != whole, "the time line follows the range"
    window = page.run("return charts.plots.map(entry => entry.plot.xAxisRange())")
    end = page.run("return run.end")
    assert window and all(abs(f - end / 3) < 1e-9 and abs(t - end / 2) < 1e-9 for f, t in window), window
    told = page.run("""const lane = timeline.lanes.findIndex(lane => lane.name === 'steps');
        const i = data.stepBegan.findIndex(began => began > run.view.from * 1e9);
        return timeline.at(timeline.x(data.stepBegan[i]) + 0.01, lane * kLane + 4);""")
    assert told and told[0].startswith("step "), told
    assert page.run("return document.querySelectorAll('.chart').length") >= 4
    page.run("run.play()")
    for _ in range(100):
        if page.run("return data.stop") > 12:
            break
        time.sleep(0.05)
    else:
        raise AssertionError("it does not play")
    page.run("run.play()")


def test(flux, folder, left):
    before = folder / "before.json"
    after = folder / "after.json"
    big_dump.write(before, 2000, 1, big_dump.NASTY)
    big_dump.write(after, 1500, 1, big_dump.NASTY)
    chromium = browser()
    try:
        inspect(flux, before, "--html", folder / "before.html")
        page = Page(chromium, folder / "before.html")
        dump = json.loads(before.read_text(encoding="utf-8"))
        assert page.colours() > 20, "the map is blank"
        numbers(page, dump)
        filters(page, dump)
        pointer(page, dump)
        for way in ("owner", "kind", "age", "state", "last drawn"):
            page.choose("colour", way)
            assert page.colours() > 4, way
        page.search("onerror")
        assert page.run("return filter.found") == 1 and "onerror" in page.text("found")
        assert page.run("return document.images.length") == 0
        assert "MIT" in page.text("licence")
        page.close()

        told = inspect(flux, "--diff", before, after, "--html", folder / "diff.html")
        page = Page(chromium, folder / "diff.html")
        assert page.run("return data.facts.diff.went") == 500, told
        assert "went" in page.text("changes") and page.colours() > 2
        page.close()

        for file in left:
            html = folder / (file.name + ".html")
            inspect(flux, file, "--html", html)
            page = Page(chromium, html)
            if file.suffix == ".json":
                numbers(page, json.loads(file.read_text(encoding="utf-8")))
            else:
                run(page)
            page.close()

        many = folder / "many.json"
        big_dump.write(many, 100_000)
        inspect(flux, many, "--html", folder / "many.html")
        assert (folder / "many.html").stat().st_size < 20 << 20
        page = Page(chromium, folder / "many.html")
        assert page.run("return data.blocks") == 100_000 and page.colours() > 20
        page.close()
    finally:
        chromium.quit()


def measure(flux, folder):
    for count in (100_000, 1_000_000):
        dump, html = folder / f"{count}.json", folder / f"{count}.html"
        big_dump.write(dump, count)
        begin = time.monotonic()
        inspect(flux, dump, "--html", html)
        made = time.monotonic() - begin
        chromium = browser()
        page = Page(chromium, html)
        opened = page.run("return performance.now()") / 1000
        drawn = page.run("const begin = performance.now(); map.drawNow(); return performance.now() - begin")
        chromium.quit()
        print(f"{count:,} blocks: page of {html.stat().st_size / 1e6:.1f} MB made in {made:.1f} s, open after {opened:.1f} s, drawn in {drawn:.0f} ms")

    world = folder / "world.fluxrec"
    subprocess.run([flux, "view", "--backend", "host", "--objects", "100000", "--frames", "400", "--size", "64x64", "--out", folder, "--record", world],
                   check=True, capture_output=True)
    begin = time.monotonic()
    inspect(flux, world, "--html", folder / "world.html")
    made = time.monotonic() - begin
    chromium = browser()
    page = Page(chromium, folder / "world.html")
    opened = page.run("return performance.now()") / 1000
    slid = page.run("const begin = performance.now(); for (let stop = 0; stop < 20; ++stop) { run.go(stop); map.drawNow(); } return (performance.now() - begin) / 20")
    stops, blocks = page.run("return [data.facts.stops.length, data.blocks]")
    chromium.quit()
    print(f"a run with {blocks:,} blocks, {stops} steps of it: page of {(folder / 'world.html').stat().st_size / 1e6:.1f} MB made in {made:.1f} s, "
          f"open after {opened:.1f} s, {slid:.0f} ms from step to step")


def main(arguments):
    if len(arguments) < 2:
        print(__doc__, file=sys.stderr)
        return 2
    flux, folder = arguments[0], pathlib.Path(arguments[1]).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    if arguments[2:] == ["--measure"]:
        measure(flux, folder)
    else:
        test(flux, folder, [pathlib.Path(name) for name in arguments[2:]])
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
