#!/usr/bin/env bash
# Makes the bytecode of the Direct3D 12 renderer's shaders from their HLSL, with the D3DCompile of Wine (Debian:
# wine64, wine, g++-mingw-w64-x86-64-posix). Nothing that runs natively on Linux compiles HLSL to the bytecode that vkd3d takes, so
# the result lies in the repository.
#
#   tools/compile_hlsl.sh            writes it
#   tools/compile_hlsl.sh --check    fails if the repository has another
set -euo pipefail
cd "$(dirname "$0")/.."
shaders=apps/flux/d3d12/shaders

case "${1-}" in
  "") check=false ;;
  --check) check=true ;;
  *) echo "compile_hlsl.sh: unknown option $1 (--check)" >&2; exit 2 ;;
esac

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
x86_64-w64-mingw32-g++-posix -std=c++20 -O1 -static tools/compile_hlsl.cpp -o "$work/compile_hlsl.exe" -ld3dcompiler_47
export WINEPREFIX=$work/prefix WINEDEBUG=-all DISPLAY= # D3DCompile needs no display.

compile() { # ENTRY PROFILE NAME
  wine "$work/compile_hlsl.exe" "$shaders/world.hlsl" "$1" "$2" "$work/$3.inc" 2>"$work/messages" || { cat "$work/messages" >&2; exit 1; }
}
compile objectVertex vs_5_0 object_vertex
compile objectPixel ps_5_0 object_pixel
compile skyVertex vs_5_0 sky_vertex
compile skyPixel ps_5_0 sky_pixel
wineserver -w

for code in "$work"/*.inc; do
  if $check; then
    cmp "$code" "$shaders/$(basename "$code")" || { echo "compile_hlsl.sh: run tools/compile_hlsl.sh" >&2; exit 1; }
  else
    cp "$code" "$shaders/"
  fi
done
