#!/usr/bin/env bash
# The checks that take longer than ./test.sh: other presets, compilers and platforms, sanitizers, the acceptance run
# of `flux view`, style. The last line is "N passed, N failed"; the exit code is 0 if nothing failed.
set -uo pipefail
cd "$(dirname "$0")/.." || exit
# shellcheck source=scripts/steps.sh
source scripts/steps.sh
out=build/ci
mkdir -p "$out"

# The C++ files that the repository has.
sources() { git ls-files --cached --others --exclude-standard '*.cpp' '*.hpp'; }

format() { sources | xargs clang-format --dry-run -Werror; }

# Core and Host without a graphics SDK.
core() { build core && ls -l build/core/src/libflux_core.a build/core/src/device/host/libflux_host.a; }

# A program of others that links the library for Windows.
windows_consumer() {
  cmake -S tests/package/consumer -B "$out/windows-consumer" -G Ninja -DFLUX_SOURCE_DIR="$PWD" -DFLUX_VULKAN=OFF -DFLUX_OPENGL=OFF -DCMAKE_UNITY_BUILD=ON \
    -DCMAKE_TOOLCHAIN_FILE="$PWD/cmake/mingw-w64.cmake" -DCMAKE_BUILD_TYPE=Release &&
    cmake --build "$out/windows-consumer" && ls -l "$out/windows-consumer/consumer.exe"
}

# The Direct3D 12 back end with Microsoft's headers, which know more than those of vkd3d and mingw-w64: compiled, not run.
microsoft_headers() {
  local file
  for file in src/device/d3d12/*.cpp; do
    g++ -std=c++20 -fsyntax-only -Wall -Wextra -Werror -Itests/d3d12/microsoft_headers -Iinclude -Isrc \
      -isystem build/release/tl-expected -isystem /usr/include/wsl/stubs "$file" || return
  done
}

# The library and the command with the other compiler, warnings as errors. Each target's sources are compiled as one, which also
# shows that none of their names gets in the way of another one, however unity builds cut them.
clang() {
  cmake --preset core -B build/clang -DCMAKE_CXX_COMPILER=clang++-19 -DFLUX_VULKAN=ON -DFLUX_D3D12=ON -DFLUX_OPENGL=ON -DFLUX_WEBGPU=ON \
    -DFLUX_RECORDER=ON -DFLUX_BUILD_APP=ON -DCMAKE_UNITY_BUILD=ON -DCMAKE_UNITY_BUILD_BATCH_SIZE=0 &&
    cmake --build build/clang --parallel "$jobs"
}

# view NAME FLUX OPTION...: one run of `flux view` and the checks of its report.
view() {
  local name=$1 flux=$2
  shift 2
  rm -rf "${out:?}/$name"
  "$flux" view --out "$out/$name" --json "$out/$name.json" --verify "$@" && scripts/check_report.py "$out/$name.json"
}

# The run that the guarantees are judged by, with a validation layer that understands timeline semaphores.
acceptance() {
  local layers
  layers=$(tools/validation_layer.sh "$out/layers") || return
  VK_LAYER_PATH=$layers VK_KHRONOS_VALIDATION_SYNCVAL_SHADER_ACCESSES_HEURISTIC=1 view acceptance \
    build/release/apps/flux/flux --validate --frames 120 --objects 8000 --render-threads 4 --size 320x240
}

# With a quarter of the memory that the world takes.
budget() {
  view budget build/release/apps/flux/flux --backend host --single-thread --frames 200 --objects 8000 --budget 23MiB
}

# The driver stays loaded, so that what it leaks itself has a name and can be told from what Flux leaks.
sanitized_view() (
  driver=$(sed -n 's/.*"library_path": *"\([^"]*\)".*/\1/p' /usr/share/vulkan/icd.d/lvp_icd.*.json)
  if [[ $1 == asan ]]; then export LD_PRELOAD=$driver ASAN_OPTIONS=verify_asan_link_order=0; fi
  view "$1" "build/$1/apps/flux/flux" --frames 24 --objects 600 --render-threads 3 --size 160x120
)

# Drivers are not instrumented, and are closed before leaks are counted.
suppressions=$PWD/tests/sanitizers
export LSAN_OPTIONS="suppressions=$suppressions/drivers.lsan.supp:print_suppressions=0"
export TSAN_OPTIONS="suppressions=$suppressions/tsan.supp:ignore_noninstrumented_modules=1:halt_on_error=1"
export UBSAN_OPTIONS="print_stacktrace=1"

step "packages" scripts/install_deps.sh --all || { summary; exit 1; }
step "clang-format" format
step "core without a graphics SDK" core
step "program for Windows that links the library" windows_consumer
# The matrix of back ends, below, has the conformance suite and the rest of what Wine draws.
if step "Windows cross build" build windows-mingw; then
  run_tests windows-mingw --label-exclude '^matrix$'
fi
step "Direct3D 12 with Microsoft's headers" microsoft_headers
step "clang" clang
step "bytecode of the Direct3D 12 shaders" tools/compile_hlsl.sh --check
step "acceptance run of flux view" acceptance
step "flux view with less memory than data" budget
step "matrix of back ends" scripts/backend_matrix.py --check
step "instruction counts" scripts/count_instructions.sh --check
step "fuzzers" scripts/fuzz.sh 60
step "models of the frame protocol" scripts/check_model.sh
# Of views the one below is enough, not that of all drivers.
views='^(view|picture)\.'
# What only ever runs on one thread has nothing to show ThreadSanitizer, and is half of the time that all tests take.
one_thread='^(replay|app_replay|app_replay_test|flux_strategies_tests|alloc_test)\.|\.Pool(Fault|Property|Residency|Eviction|Budget)\.|RangeSetProperty'
declare -A left_out=([asan]="$views" [tsan]="$views|$one_thread")
for preset in asan tsan; do
  step "build $preset" build "$preset" || continue
  run_tests "$preset" --exclude-regex "${left_out[$preset]}"
  step "flux view under $preset" sanitized_view "$preset"
done
step "clang-tidy" scripts/tidy.sh --checks='-clang-analyzer-*'  # which takes twice as long as all others: ./test.sh --all
summary
