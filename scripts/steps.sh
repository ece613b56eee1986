# Sourced by test.sh and scripts/ci_slow.sh: steps that are timed and counted, and go on after a failure.
# shellcheck shell=bash

passed=0
failed=0
jobs=$(nproc)

# section TITLE: starts a part of the log.
section() { printf '\n=== %s\n' "$1"; }

# report NAME STATUS STARTED: ends a part of the log with its time.
report() { printf '=== %s: %s (%d s)\n' "$1" "$2" "$((SECONDS - $3))"; }

# step NAME COMMAND...: one step, counted as one test.
step() {
  local name=$1 started=$SECONDS
  shift
  section "$name"
  if "$@" </dev/null; then
    passed=$((passed + 1))
    report "$name" passed "$started"
  else
    failed=$((failed + 1))
    report "$name" FAILED "$started"
    return 1
  fi
}

# build PRESET [CMAKE ARGUMENT...]: configures and builds everything of a preset.
build() {
  local preset=$1
  shift
  cmake --preset "$preset" "$@" && cmake --build --preset "$preset" --parallel "$jobs"
}

# run_tests PRESET [CTEST ARGUMENT...]: CTest, each of its tests counted. No tests at all is a failure.
run_tests() {
  local preset=$1 log=build/$1/tests.log name="tests of $1" started=$SECONDS total bad start=()
  shift
  section "$name"
  if [[ $preset == windows-mingw ]]; then start=(scripts/wine_session.sh); fi
  "${start[@]}" ctest --preset "$preset" --parallel "$jobs" --no-tests=error "$@" </dev/null 2>&1 | tee "$log" || true
  total=$(sed -n 's/.* tests\? failed out of \([0-9]*\)$/\1/p' "$log")
  bad=$(sed -n 's/.*, \([0-9]*\) tests\? failed out of [0-9]*$/\1/p' "$log")
  # A test that reports itself as skipped has shown nothing.
  bad=$((${bad:-0} + $(grep -c '\*\*\*Skipped' "$log" || true)))
  if [[ -z $total ]]; then total=1 bad=1; fi
  passed=$((passed + total - bad))
  failed=$((failed + bad))
  if ((bad == 0)); then report "$name" "$total passed" "$started"; else report "$name" "$bad FAILED" "$started"; fi
}

# summary: the last line of a run, and its exit code.
summary() {
  printf '\n%d passed, %d failed\n' "$passed" "$failed"
  ((failed == 0))
}
