#!/usr/bin/env bash
# clang-tidy on the library, the command and the samples, with the checks of .clang-tidy. Needs the release build. Options
# go to clang-tidy.
set -euo pipefail
cd "$(dirname "$0")/.."
errors=$(mktemp)
trap 'rm -f "$errors"' EXIT
git ls-files --cached --others --exclude-standard 'src/*.cpp' 'apps/*.cpp' 'samples/*.cpp' | grep -v '_windows\.cpp$' |
  xargs -P "$(nproc)" -n 4 clang-tidy-19 -p build/release --extra-arg=-Wno-unknown-warning-option --quiet --warnings-as-errors='*' "$@" 2>"$errors" ||
  { cat "$errors"; exit 1; }
