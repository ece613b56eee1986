#!/usr/bin/env bash
# clang-tidy on the library, the command, the extras and the samples, with the checks of .clang-tidy. Needs the release build. Options
# go to clang-tidy.
set -euo pipefail
cd "$(dirname "$0")/.."
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# Tests compile sources of the library once more, in other ways. Each is looked at as its own library compiles it, once.
python3 - build/release/compile_commands.json "$scratch/compile_commands.json" <<'PYTHON'
import json
import re
import sys

commands = {}
for command in json.load(open(sys.argv[1])):
    if re.search(r" -o (src|apps|extras|samples)/", command["command"]):
        commands[command["file"]] = command
json.dump(list(commands.values()), open(sys.argv[2], "w"))
PYTHON

# What is wrong goes to the standard output; the other one counts files and suppressed warnings, unless clang-tidy itself fails.
git ls-files --cached --others --exclude-standard 'src/*.cpp' 'apps/*.cpp' 'extras/*.cpp' 'samples/*.cpp' | grep -v '_windows\.cpp$' |
  xargs -P "$(nproc)" -n 4 clang-tidy-19 -p "$scratch" --extra-arg=-Wno-unknown-warning-option --quiet --warnings-as-errors='*' "$@" 2>"$scratch/progress" ||
  { grep -vE '^\[[0-9]+/[0-9]+\] Processing file|^[0-9]+ warnings? generated' "$scratch/progress" || true; exit 1; }
