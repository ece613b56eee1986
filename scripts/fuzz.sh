#!/usr/bin/env bash
# Runs the fuzzers, each for so many seconds, from what they have found before.
#
#   scripts/fuzz.sh SECONDS              finds go to build/fuzz/found; an input that fails is kept beside them
#   scripts/fuzz.sh SECONDS --minimize   and the corpora in tests/fuzz/corpus become the fewest inputs that reach as much
set -euo pipefail
cd "$(dirname "$0")/.."
seconds=${1:?seconds}
corpora=tests/fuzz/corpus
# Who asks for more memory than there is gets none, as outside of a fuzzer.
export ASAN_OPTIONS=allocator_may_return_null=1

cmake --preset core -B build/fuzz -DCMAKE_CXX_COMPILER=clang++-19 -DFLUX_BUILD_FUZZERS=ON -DFLUX_RECORDER=ON
for folder in "$corpora"/*/; do
  subject=$(basename "$folder")
  found=build/fuzz/found/$subject
  mkdir -p "$found"
  cmake --build build/fuzz --target "fuzz_$subject"
  if [[ -f tests/fuzz/${subject}_seeds.cpp ]]; then
    cmake --build build/fuzz --target "fuzz_seeds_$subject"
    "build/fuzz/tests/fuzz/fuzz_seeds_$subject" "$found"
  fi
  "build/fuzz/tests/fuzz/fuzz_$subject" -max_total_time="$seconds" -max_len=4096 -timeout=20 -malloc_limit_mb=1048576 -print_final_stats=1 -verbosity=0 \
    -artifact_prefix="$found-" "$found" "$folder"
  if [[ ${2-} == --minimize ]]; then
    # By code reached, not by how often: dozens of inputs, not thousands.
    rm -rf build/fuzz/minimized
    mkdir build/fuzz/minimized
    "build/fuzz/tests/fuzz/fuzz_$subject" -set_cover_merge=1 -use_counters=0 -max_len=4096 -malloc_limit_mb=1048576 build/fuzz/minimized "$found" "$folder"
    rm -f "$folder"*
    cp build/fuzz/minimized/* "$folder"
  fi
done
