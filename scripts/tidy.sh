#!/usr/bin/env bash
# clang-tidy on the library, the command, the extras and the samples, with the checks of .clang-tidy. Needs the release build. Options
# go to clang-tidy.
set -euo pipefail
cd "$(dirname "$0")/.."
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# What takes the time is what files include: it is looked at once for a few files of the same target. Tests compile sources of
# the library once more, in other ways; each is looked at as its own library compiles it, if one does.
git ls-files --cached --others --exclude-standard 'src/*.cpp' 'apps/*.cpp' 'extras/*.cpp' 'samples/*.cpp' | grep -v '_windows\.cpp$' |
  python3 -c '
import collections
import json
import os
import re
import sys

scratch, together = sys.argv[1], 8
listed = {os.path.abspath(line.rstrip("\n")) for line in sys.stdin}
compiled, alike = set(), collections.defaultdict(list)
entries = json.load(open("build/release/compile_commands.json"))
for entry in sorted(entries, key=lambda entry: " -o tests/" in entry["command"]):
    if entry["file"] in listed - compiled:
        compiled.add(entry["file"])
        command, target = re.fullmatch(r"(.*) -o (\S*\.dir)/\S+ -c \S+", entry["command"]).groups()
        command = re.sub(r" -Winvalid-pch -include \S+", "", command)  # which only the compiler itself can read
        alike[target, entry["directory"], command].append(entry["file"])
if listed - compiled:
    sys.exit("tidy.sh: not compiled in build/release: " + " ".join(sorted(listed - compiled)))
commands = []
for (_, directory, command), files in alike.items():
    for first in range(0, len(files), together):
        name = f"{scratch}/{len(commands)}.cpp"
        with open(name, "w") as unit:
            unit.writelines(f"#include \"{file}\"  // NOLINT(bugprone-suspicious-include)\n" for file in files[first:first + together])
        commands.append({"directory": directory, "command": f"{command} -c {name}", "file": name})
        print(name)
json.dump(commands, open(f"{scratch}/compile_commands.json", "w"))' "$scratch" >"$scratch/units"

# What is wrong goes to the standard output; the other one counts files and suppressed warnings, unless clang-tidy itself fails.
xargs -P "$(nproc)" -n 1 clang-tidy-19 -p "$scratch" --config-file=.clang-tidy --extra-arg=-Wno-unknown-warning-option --quiet \
  --warnings-as-errors='*' "$@" <"$scratch/units" 2>"$scratch/progress" ||
  { grep -vE '^\[[0-9]+/[0-9]+\] Processing file|^[0-9]+ warnings? generated' "$scratch/progress" || true; exit 1; }
