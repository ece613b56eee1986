#!/usr/bin/env bash
# Runs a Windows program under Wine, in a prefix of its own.
#
#   tools/wine.sh PREFIX PROGRAM [ARGUMENT...]
#
# Its output comes when it has ended, by way of files: Wine's own processes keep the streams that they inherit open, and whoever
# reads a pipe would wait for them. Direct3D needs a display, and Wine leaves a server behind: scripts/wine_session.sh
# gives the one and ends the other.
set -uo pipefail
export WINEPREFIX=$1 WINEDEBUG=-all
export WINEDLLOVERRIDES=mscoree,mshtml= # A new prefix asks nobody whether to download .NET and a browser.
shift
mkdir -p "$WINEPREFIX"
streams=$(mktemp -d)
trap 'rm -rf "$streams"' EXIT
wine "$@" </dev/null >"$streams/output" 2>"$streams/errors"
status=$?
cat "$streams/output"
cat "$streams/errors" >&2
exit "$status"
