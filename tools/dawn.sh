#!/usr/bin/env bash
# Makes Dawn, an implementation of WebGPU, usable by the command and the tests. It has no package of its own; this is the
# one that the npm package bun-webgpu-linux-x64 brings, of which nothing else is used.
#
#   tools/dawn.sh                prints the path of the library, after downloading it once (7 MB; needs npm)
#   tools/dawn.sh --installed    prints the path, or nothing and exit code 1 where it has not been downloaded
set -euo pipefail

package=bun-webgpu-linux-x64@0.1.7
checksum=3190c3777f2c07fcf6a0640833cbf5d0cde859dc53aed6d9083946d093198788
folder=${XDG_CACHE_HOME:-$HOME/.cache}/flux/dawn-0.1.7
library=$folder/libwebgpu_wrapper.so

is_whole() { [[ -f $library ]] && echo "$checksum  $library" | sha256sum --check --status; }

if ! is_whole; then
  if [[ ${1-} == --installed ]]; then exit 1; fi
  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
  (cd "$work" && npm pack --silent "$package" >/dev/null && tar xzf ./*.tgz)
  mkdir -p "$folder"
  # The package's licence stays beside it.
  cp "$work/package/LICENSE" "$folder/"
  cp "$work/package/libwebgpu_wrapper.so" "$library.new"
  mv "$library.new" "$library"
  is_whole || { echo "dawn.sh: $package is not the one that is expected" >&2; exit 1; }
fi
echo "$library"
