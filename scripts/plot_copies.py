#!/usr/bin/env python3
"""Draws what copying scattered pieces costs, from the results of flux_copy_bench --json.

    scripts/plot_copies.py FILE.json [PICTURE]      .svg or .png; default: docs/design/copies.svg
"""

import json
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
TERMINALS = {".svg": "svg", ".png": "pngcairo"}
CURVES = [("upload", "flux", "#b22222", 7, "upload, Flux"), ("upload", "regions", "#b22222", 6, "upload, a region a piece"),
          ("move", "flux", "#1f4e9c", 7, "inside the device, Flux"),
          ("move", "regions", "#1f4e9c", 6, "inside the device, a region a piece")]


def rate(case, direction, way):
    return case[direction][way]["gigabytesPerSecond"]


def script(report, picture, folder):
    """The gnuplot script; writes one file of points for each curve."""
    sized = [case for case in report["cases"] if not case["pieces"].startswith("odd")]
    plots = []
    for number, (direction, way, color, point, title) in enumerate(CURVES):
        points = folder / str(number)
        points.write_text("".join(
            f"{case[direction]['flux']['bytes'] / case[direction]['flux']['pieces']} {rate(case, direction, way)}\n"
            for case in sized))
        dash = 1 if way == "flux" else 2
        plots.append(f'"{points}" using 1:2 with linespoints lw 2.5 dt {dash} pt {point} ps 0.7 lc rgb "{color}" title "{title}"')
    return f"""
set terminal {TERMINALS[picture.suffix]} size 960,640 font "DejaVu Sans,15" background "white"
set output "{picture}"
set title "{report['bytes'] >> 20} MiB in scattered pieces, {report['device']}" font ",17"
set xlabel "size of a piece, bytes"
set ylabel "GB/s"
set logscale xy
set xtics ("256" 256, "1 Ki" 1024, "4 Ki" 4096, "16 Ki" 16384, "64 Ki" 65536, "256 Ki" 262144, "1 Mi" 1048576, "16 Mi" 16777216)
set grid xtics ytics lc rgb "#dddddd"
set key top left reverse Left samplen 3 spacing 1.15
set yrange [0.1:200000]
set format y "%g"
set border 3
set tics nomirror
plot {", ".join(plots)}
"""


def main(arguments):
    if not 1 <= len(arguments) <= 2:
        sys.exit(__doc__)
    report = json.loads(pathlib.Path(arguments[0]).read_text())
    picture = pathlib.Path(arguments[1] if len(arguments) == 2 else ROOT / "docs/design/copies.svg")
    if picture.suffix not in TERMINALS:
        sys.exit(f"plot_copies.py: {picture} is neither .svg nor .png")
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["gnuplot"], input=script(report, picture, pathlib.Path(folder)), text=True, check=True)
    print(picture)


main(sys.argv[1:])
