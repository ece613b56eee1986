#!/usr/bin/env bash
# Explores the models of the frame protocol (docs/design/model) with SPIN: each model as it is, in which nothing may go
# wrong, and with each of its planted bugs, which must be found.
#
#   scripts/check_model.sh           all bounds, in minutes and up to 1.5 GiB of memory
#   scripts/check_model.sh --quick   the small bounds and all planted bugs, in less than a minute
#
# Environment: CC (default cc). The last line is "N passed, N failed"; the exit code is 0 if nothing failed.
set -uo pipefail
models=$(cd "$(dirname "$0")/../docs/design/model" && pwd)

quick=false
optimise=-O2
case "${1-}" in
  "") ;;
  --quick) quick=true optimise=-O1 ;;  # compiling takes longer than the searches
  *) echo "check_model.sh: unknown option $1 (--quick)" >&2; exit 2 ;;
esac
for tool in spin "${CC:-cc}"; do
  command -v "$tool" >/dev/null || { echo "check_model.sh: needs $tool (scripts/install_deps.sh --tests)" >&2; exit 1; }
done

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
passed=0
failed=0

# explore MODEL OPTION...: every interleaving of a model; the outcome is in the file log.
explore() {
  local model=$1 reduction=()
  shift
  # SPIN's reduction of interleavings does not know claims that ask whether a process can go on.
  [[ " $* " != *" -DNEVER_WAITS "* ]] || reduction=(-DNOREDUCE)
  rm -f pan*
  {
    spin "$@" -a "$models/$model.pml" &&
      "${CC:-cc}" "$optimise" -w -DSAFETY -DCOLLAPSE -DMEMLIM=1536 "${reduction[@]}" pan.c -o pan && ./pan -m100000
  } >log 2>&1
}

# unreached: the first statement that a complete search has not executed, for a model that cannot do something shows nothing.
unreached() { awk '/^unreached in/ { process = $3 == "proctype" } process && /^\t[^(]/ { print $0; exit }' log; }

# complete: the search has ended by itself and has seen all there is.
complete() {
  grep -q '^Full statespace search' log && grep -q 'errors: [0-9]' log &&
    ! grep -qiE 'search not completed|max search depth too small|out of memory|memlim|aborting|Error:' log
}

# tell VERDICT WHAT DETAIL: one line.
tell() {
  local states seconds
  states=$(sed -n 's/^ *\([0-9]*\) states, stored.*/\1/p' log)
  seconds=$(sed -n 's/^pan: elapsed time \([0-9.]*\) seconds/\1/p' log)
  if [[ $1 == passed ]]; then passed=$((passed + 1)); else failed=$((failed + 1)); fi
  printf '%-6s  %-68s %10s states  %6s s  %s\n' "$1" "$2" "${states:-no}" "${seconds:--}" "$3"
  [[ $1 == passed ]] || sed 's/^/        /' log
}

# clean MODEL OPTION...: nothing goes wrong, the search is complete, and every statement was executed.
clean() {
  local never
  explore "$@"
  never=$(unreached)
  if complete && grep -q 'errors: 0$' log && [[ -z $never ]]; then
    tell passed "$*" "0 errors"
  else
    tell FAILED "$*" "${never:+never executed:$never}"
  fi
}

# planted BUG EXPECTED MODEL OPTION...: the bug is found, by a message that has EXPECTED in it.
planted() {
  local bug=$1 expected=$2 message
  shift 2
  explore "$@" "-DBUG=$bug"
  message=$(sed -n 's/^pan:1: *//p' log)
  if [[ $message == *"$expected"* ]]; then
    tell passed "$* bug $bug" "found: $message"
  else
    tell FAILED "$* bug $bug" "not found${message:+, but: $message}"
  fi
}

if $quick; then
  clean pin -DK=2 -DUSES=1
  clean pin -DK=3 -DUSES=1
  clean pin -DK=3 -DUSES=1 -DQUEUES=2
  clean ring -DUSES=1
  clean ring -DUSES=1 -DNEVER_WAITS
  clean copy -DR=1 -DCOPIES=2
  clean copy -DR=1 -DCOPIES=2 -DLOSS=1
else
  clean pin -DK=2
  clean pin -DK=3
  clean pin -DK=2 -DQUEUES=2 -DR=3 -DUSES=1 -DF=3
  clean ring -DCHANGES=5
  clean ring -DNEVER_WAITS
  clean copy -DR=2 -DCOPIES=2
  clean copy -DR=1 -DCOPIES=3
  clean copy -DR=1 -DCOPIES=3 -DLOSS=1
fi

planted 1 rangeFree pin -DK=2
planted 2 rangeFree pin -DK=2
planted 3 rangeFree pin -DK=2
planted 4 building pin -DK=2
planted 5 rangeFree pin -DK=2
planted 6 rangeFree pin -DK=2 -DUSES=1 -DQUEUES=2

planted 1 master ring -DUSES=1
planted 2 master ring -DUSES=1
planted 3 'end state in claim' ring -DUSES=1 -DNEVER_WAITS
planted 4 rangeFree ring -DUSES=1

planted 1 holds copy -DR=1 -DCOPIES=2
planted 2 drawWait copy -DR=1 -DCOPIES=2
planted 3 copyTo copy -DR=1 -DCOPIES=2
planted 4 holds copy -DR=1 -DCOPIES=2 -DLOSS=1
planted 5 nothingFrom copy -DR=1 -DCOPIES=2 -DLOSS=1
planted 6 'rangeFree[0]&&rangeFree[1]' copy -DR=1 -DCOPIES=2 -DLOSS=1

printf '\n%d passed, %d failed\n' "$passed" "$failed"
((failed == 0))
