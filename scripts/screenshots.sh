#!/usr/bin/env bash
# Makes the pictures of the documentation, docs/NAME.png. Needs the release build, Chromium for the pages, and no display.
#
#   scripts/screenshots.sh            all
#   scripts/screenshots.sh window     one
set -euo pipefail
cd "$(dirname "$0")/.."

flux=$PWD/build/release/apps/flux/flux
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT

world() {
  "$flux" view --single-thread --frames 240 --objects 8000 --size 1280x720 --out "$out"
  cp "$out/world.png" docs/world.png
}

window() {
  scripts/with_display.sh "$flux" view --window --frames 80 --objects 3000 --size 1600x900 --screenshot docs/window.png --out "$out"
}

run() { "$flux" view --backend host --single-thread --frames 900 --out "$out" --record "$out/world.fluxrec"; }

inspect() {
  run
  "$flux" inspect "$out/dump.json" --html "$out/dump.html"
  /usr/bin/python3 scripts/screenshot_page.py "$out/dump.html" docs/inspect.png 1240x867 --hover 0.45,0.53
}

inspect-run() {
  run
  "$flux" inspect "$out/world.fluxrec" --html "$out/run.html"
  /usr/bin/python3 scripts/screenshot_page.py "$out/run.html" docs/inspect-run.png 1400x1517 --colour age
}

(($# > 0)) || set -- world window inspect inspect-run
for name in "$@"; do
  case $name in
    world | window | inspect | inspect-run) "$name" ;;
    *) echo "screenshots.sh: no picture $name (world, window, inspect, inspect-run)" >&2; exit 2 ;;
  esac
done
