#!/usr/bin/env bash
# Installs the Debian or Ubuntu packages that are missing; needs no network when none is.
#
#   scripts/install_deps.sh            what building and running the command takes
#   scripts/install_deps.sh --tests    and what ./test.sh takes
#   scripts/install_deps.sh --all      and what .ci/run takes
set -euo pipefail

# libvkd3d-dev: Direct3D 12 on Vulkan drivers.
# zlib1g-dev: recordings are packed with it, traces read, and libassimp-dev links it without depending on it.
# libjs-dygraphs: the plots on the page of `flux inspect`.
build=(g++ cmake ninja-build ccache pkg-config libexpected-dev libconcurrentqueue-dev libvulkan-dev libvulkan-volk-dev glslc libglm-dev
  libcli11-dev nlohmann-json3-dev libstb-dev libassimp-dev libtinyobjloader-dev zlib1g-dev libvkd3d-dev libvkd3d-utils1 libegl-dev libgl-dev
  libglfw3-dev libimgui-dev libjs-dygraphs
  libgtest-dev libbenchmark-dev)
run=(libvulkan1 mesa-vulkan-drivers libegl1 libegl-mesa0 libgl1 libglx-mesa0 libgl1-mesa-dri assimp-testmodels)
# xvfb: a display in memory, for windows; xdotool presses their keys.
# chromium-common: a second Vulkan driver (SwiftShader) and a validation layer that is newer than Debian's.
# python3-jsonschema holds dumps to their published form; chromium opens the page of `flux inspect`, driven by python3-selenium.
tests=(vulkan-validationlayers chromium-common chromium chromium-driver binutils python3 python3-jsonschema python3-selenium git spin gdb xvfb xdotool)
# Clang 19: the first of Debian 12 that has all of C++20 that Flux uses is 16.
# libclang-rt-19-dev has its fuzzer and sanitizers.
# For Windows: a compiler, libraries (what is headers alone comes from the packages above, gtest from its sources), and wine, which runs
# the programs, with a display for Direct3D, and compiles the shaders of the Direct3D 12 renderer.
# valgrind counts instructions, gnuplot draws the pictures of docs/design.
ci=(g++-mingw-w64-x86-64-posix libz-mingw-w64-dev googletest wine wine64 xauth directx-headers-dev clang-19 libclang-rt-19-dev clang-tidy-19 clang-format valgrind gnuplot-nox)

wanted=("${build[@]}" "${run[@]}")
case "${1-}" in
  "") ;;
  --tests) wanted+=("${tests[@]}") ;;
  --all) wanted+=("${tests[@]}" "${ci[@]}") ;;
  *) echo "install_deps.sh: unknown option $1 (--tests or --all)" >&2; exit 2 ;;
esac

if ! command -v dpkg-query >/dev/null; then
  echo "install_deps.sh: this system has no dpkg. Install what these Debian packages hold, then build as docs/building.md says:" >&2
  printf '  %s\n' "${wanted[@]}" >&2
  exit 1
fi

# The tests of the WebGPU back end run on Dawn, which is no Debian package. npm, of Debian or not, is the way to it.
dawn=$(dirname "$0")/../tools/dawn.sh
if [[ -z ${1-} ]]; then
  dawn=:
elif ! "$dawn" --installed >/dev/null && ! command -v npm >/dev/null; then
  wanted+=(npm)
fi

missing=()
for package in "${wanted[@]}"; do
  [[ $(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null) == installed ]] || missing+=("$package")
done
if ((${#missing[@]} == 0)); then
  "$dawn" >/dev/null
  echo "All ${#wanted[@]} packages are installed."
  exit 0
fi

apt=(apt-get -o DPkg::Lock::Timeout=900)
if ((EUID != 0)); then
  command -v sudo >/dev/null || { echo "install_deps.sh: needs root, or sudo, to install ${missing[*]}" >&2; exit 1; }
  apt=(sudo env DEBIAN_FRONTEND=noninteractive "${apt[@]}")
fi
export DEBIAN_FRONTEND=noninteractive
echo "Installing ${missing[*]}"
"${apt[@]}" update </dev/null
"${apt[@]}" install -y --no-install-recommends "${missing[@]}" </dev/null
"$dawn" >/dev/null
