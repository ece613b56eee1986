#!/usr/bin/env bash
# Makes the pictures of the documentation: docs/world.png and docs/window.png. Needs the release build, and no display.
#
#   scripts/screenshots.sh            both
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

(($# > 0)) || set -- world window
for name in "$@"; do
  case $name in
    world | window) "$name" ;;
    *) echo "screenshots.sh: no picture $name (world, window)" >&2; exit 2 ;;
  esac
done
