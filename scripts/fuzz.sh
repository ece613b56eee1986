#!/usr/bin/env bash
# Runs the fuzzers, all at once, for so many seconds, from what they have found before.
#
#   scripts/fuzz.sh SECONDS              finds go to build/fuzz/found; an input that fails is kept beside them
#   scripts/fuzz.sh SECONDS --minimize   and the corpora in tests/fuzz/corpus become the fewest inputs that reach as much
set -euo pipefail
cd "$(dirname "$0")/.."
seconds=${1:?seconds}
corpora=tests/fuzz/corpus
# Who asks for more memory than there is gets none, as outside of a fuzzer.
export ASAN_OPTIONS=allocator_may_return_null=1

cmake --preset core -B build/fuzz -DCMAKE_CXX_COMPILER=clang++-19 -DFLUX_BUILD_FUZZERS=ON -DFLUX_RECORDER=ON -DCMAKE_UNITY_BUILD=ON
subjects=()
for folder in "$corpora"/*/; do
  subject=$(basename "$folder")
  subjects+=("$subject")
  mkdir -p "build/fuzz/found/$subject"
  cmake --build build/fuzz --target "fuzz_$subject"
  if [[ -f tests/fuzz/${subject}_seeds.cpp ]]; then
    cmake --build build/fuzz --target "fuzz_seeds_$subject"
    "build/fuzz/tests/fuzz/fuzz_seeds_$subject" "build/fuzz/found/$subject"
  fi
done

# fuzz SUBJECT OPTION...: one of them, with the limits that all have.
fuzz() {
  local subject=$1
  shift
  "build/fuzz/tests/fuzz/fuzz_$subject" -max_len=4096 -malloc_limit_mb=1048576 "$@"
}

running=()
trap 'kill "${running[@]}" 2>/dev/null' INT TERM
for subject in "${subjects[@]}"; do
  fuzz "$subject" -max_total_time="$seconds" -timeout=20 -print_final_stats=1 -verbosity=0 \
    -artifact_prefix="build/fuzz/found/$subject-" "build/fuzz/found/$subject" "$corpora/$subject" >"build/fuzz/$subject.log" 2>&1 &
  running+=($!)
done
failed=false
for i in "${!subjects[@]}"; do
  wait "${running[i]}" || failed=true
  printf '%s:\n' "${subjects[i]}"
  cat "build/fuzz/${subjects[i]}.log"
done
if $failed; then exit 1; fi

if [[ ${2-} == --minimize ]]; then
  for subject in "${subjects[@]}"; do
    # By code reached, not by how often: dozens of inputs, not thousands.
    rm -rf build/fuzz/minimized
    mkdir build/fuzz/minimized
    fuzz "$subject" -set_cover_merge=1 -use_counters=0 build/fuzz/minimized "build/fuzz/found/$subject" "$corpora/$subject"
    rm -f "$corpora/$subject"/*
    cp build/fuzz/minimized/* "$corpora/$subject"
  done
fi
