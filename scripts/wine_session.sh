#!/usr/bin/env bash
# Runs a command that starts Windows programs of the build windows-mingw by tools/wine.sh: with a display, in which Wine's
# Direct3D 12 works, and with an end for everything that Wine leaves running in the build's own prefix.
#
#   scripts/wine_session.sh ctest --preset windows-mingw
set -uo pipefail
cd "$(dirname "$0")/.." || exit
readonly limit=3600 # seconds

if [[ ${1-} != --with-display ]]; then
  exec xvfb-run --auto-servernum "$0" --with-display "$@"
fi
shift

prefix=$PWD/build/windows-mingw/wine
# While there still is a display, and where a program hangs too.
end() { WINEPREFIX=$prefix timeout 60 wineserver --kill; }
trap end EXIT

# Programs that start at once would all make the prefix.
timeout 300 tools/wine.sh "$prefix" wineboot --init >/dev/null 2>&1 || { echo "wine_session.sh: Wine does not start" >&2; exit 1; }
timeout --kill-after=60 "$limit" "$@" &
trap 'kill $!; exit 130' INT TERM # At once, as bash would wait for a command in the foreground first.
wait $!
