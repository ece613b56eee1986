#!/usr/bin/env bash
# Runs a command with an X display of its own, which exists in memory alone, and with OpenGL that draws on the processor.
#
#   scripts/with_display.sh build/release/apps/flux/flux view --window --frames 60
set -euo pipefail

folder=$(mktemp -d)
mkfifo "$folder/number"
# -noreset: a server that starts over when its last window closes refuses the next one for a moment.
Xvfb -displayfd 3 -screen 0 1920x1200x24 -nolisten tcp -noreset 3>"$folder/number" 2>"$folder/errors" &
server=$!
trap 'kill "$server" 2>/dev/null; wait "$server" 2>/dev/null || true; rm -rf "$folder"' EXIT
read -r number <"$folder/number" || { echo "with_display.sh: Xvfb does not start: $(tail -n 1 "$folder/errors")" >&2; exit 1; }

unset WAYLAND_DISPLAY
DISPLAY=:$number LIBGL_ALWAYS_SOFTWARE=true "$@"
