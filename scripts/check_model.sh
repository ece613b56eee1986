#!/usr/bin/env bash
# Explores the models of the frame protocol (docs/design/model) with SPIN: each model as it is, in which nothing may go
# wrong, and with each of its planted bugs, which must be found.
#
#   scripts/check_model.sh           all bounds, and larger ones as bit-state runs, in minutes; 2 processes, 1.5 GiB of memory
#   scripts/check_model.sh --quick   the small bounds and all planted bugs, in less than a minute
#   scripts/check_model.sh --long    all bounds, and far larger ones as bit-state runs, in an hour and 2.5 GiB
#
# A bit-state run keeps a few bits of a table for each state instead of the state. Two states may share them, and then what
# follows the second is not looked at: such a run can find errors, but shows their absence only in most of the states. It
# tells the states it has hashed, the hash factor (bits of the table for each of them) and the coverage to expect.
#
# Environment: CC (default cc). The last line is "N passed, N failed"; the exit code is 0 if nothing failed.
set -uo pipefail
models=$(cd "$(dirname "$0")/../docs/design/model" && pwd)

bounds=full
optimise=-O2
case "${1-}" in
  "") ;;
  --quick) bounds=quick optimise=-O1 ;;  # compiling takes longer than the searches
  --long) bounds=long ;;
  *) echo "check_model.sh: unknown option $1 (--quick, --long)" >&2; exit 2 ;;
esac
for tool in spin "${CC:-cc}"; do
  command -v "$tool" >/dev/null || { echo "check_model.sh: needs $tool (scripts/install_deps.sh --tests)" >&2; exit 1; }
done

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1

# explore COMPILING RUNNING MODEL OPTION...: the interleavings of a model, by a search that is compiled and run with these
# options of SPIN's; the outcome is in the file log.
explore() {
  local compiling running=$2 model=$3
  read -ra compiling <<<"$1"
  shift 3
  # SPIN's reduction of interleavings does not know claims that ask whether a process can go on.
  [[ " $* " != *" -DNEVER_WAITS "* ]] || compiling+=(-DNOREDUCE)
  rm -f pan*
  {
    spin "$@" -a "$models/$model.pml" &&
      "${CC:-cc}" "$optimise" -w -DSAFETY -DMEMLIM=3072 "${compiling[@]}" pan.c -o pan && ./pan -m100000 "$running"
  } >log 2>&1
}

# unreached: the first statement that a complete search has not executed, for a model that cannot do something shows nothing.
unreached() { awk '/^unreached in/ { process = $3 == "proctype" } process && /^\t[^(]/ { print $0; exit }' log; }

# complete KIND: the search has ended by itself and has seen all there is.
complete() {
  grep -q "^$1 statespace search" log && grep -q 'errors: [0-9]' log &&
    ! grep -qiE 'search not completed|max search depth too small|out of memory|memlim|aborting|Error:' log
}

# tell VERDICT WHAT DETAIL: one line, and the log of what failed.
tell() {
  local states seconds line
  states=$(sed -n 's/^ *\([0-9]*\) states, stored.*/\1/p' log)
  seconds=$(sed -n 's/^pan: elapsed time \([0-9.]*\) seconds/\1/p' log)
  printf -v line '%-6s  %-68s %10s states  %6s s  %s' "$1" "$2" "${states:-no}" "${seconds:--}" "$3"
  [[ $1 == passed ]] || line+=$'\n'$(sed 's/^/        /' log)
  printf '%s\n' "$line"
}

# free_of_errors KIND WHAT DETAIL: nothing goes wrong, the search is complete, and every statement was executed.
free_of_errors() {
  local never
  never=$(unreached)
  if complete "$1" && grep -q 'errors: 0$' log && [[ -z $never ]]; then
    tell passed "$2" "0 errors$3"
  else
    tell FAILED "$2" "${never:+never executed:$never}"
  fi
}

# clean MODEL OPTION...: every interleaving.
clean() {
  explore -DCOLLAPSE -w24 "$@"
  free_of_errors Full "$*" ""
}

# bit_state W MODEL OPTION...: with a table of 2^W bits. A state that is met for the first time is taken for an old one if its 3
# bits are set already; the coverage is what that leaves on average while the table fills.
bit_state() {
  local width=$1 factor coverage
  shift
  explore -DBITSTATE "-w$width" "$@"
  factor=$(sed -n 's/^hash factor: \([0-9.]*\).*/\1/p' log)
  coverage=$(awk -v factor="${factor:-1}" 'BEGIN {
    for (i = 0.5; i < 1000; i++) missed += (1 - exp(-3 * i / 1000 / factor)) ^ 3 / 1000
    printf "%.2f", int(10000 * (1 - missed)) / 100
  }')
  free_of_errors Bit "bit-state -w$width $*" ", hash factor ${factor:-unknown}, coverage $coverage %"
}

# planted BUG EXPECTED MODEL OPTION...: the bug is found, by a message that has EXPECTED in it.
planted() {
  local bug=$1 expected=$2 message
  shift 2
  explore "-DCOLLAPSE ${order-}" -w24 "$@" "-DBUG=$bug"
  message=$(sed -n 's/^pan:1: *//p' log)
  if [[ $message == *"$expected"* ]]; then
    tell passed "$* bug $bug" "found: $message"
  else
    tell FAILED "$* bug $bug" "not found${message:+, but: $message}"
  fi
}

small_bounds() {
  clean pin -DK=2 -DUSES=1
  clean pin -DK=3 -DUSES=1
  clean pin -DK=3 -DUSES=1 -DQUEUES=2
  clean ring -DUSES=1 -DCHANGES=3
  clean ring -DUSES=1 -DCHANGES=3 -DNEVER_WAITS
  clean copy -DR=1 -DCOPIES=2
  clean copy -DR=1 -DCOPIES=2 -DHELD=1 -DK=2
  clean copy -DR=2 -DCOPIES=1 -DQUEUES=2
  clean copy -DR=2 -DCOPIES=1 -DLOSS=1
  clean object -DDRAINS=1
  clean in_place -DUPDATES=1
  clean in_place -DR=1 -DQUEUES=2
  clean in_place -DR=1 -DSAME=1
}

all_bounds() {
  clean pin -DK=2
  clean pin -DK=3 -DF=3
  clean pin -DK=2 -DQUEUES=2 -DR=3 -DUSES=1 -DF=3
  clean ring -DCHANGES=3
  clean ring -DCHANGES=3 -DNEVER_WAITS
  clean copy -DR=2 -DCOPIES=2
  clean copy -DR=1 -DCOPIES=3
  clean copy -DR=2 -DCOPIES=2 -DHELD=1 -DK=2
  clean copy -DR=2 -DCOPIES=1 -DLOSS=1 -DQUEUES=2
  clean copy -DR=2 -DCOPIES=1 -DLOSS=1 -DHELD=1 -DK=2
  clean object
  clean object -DDRAINS=1 -DQUEUES=2
  clean object -DDRAINS=1 -DLOSS=1
  clean in_place -DR=3
  clean in_place -DQUEUES=2
  clean in_place -DSAME=1
}

larger_bounds() {
  bit_state 31 pin -DK=3 -DR=3 -DUSES=1 -DQUEUES=2 -DF=3
  bit_state 31 ring
  bit_state 31 copy -DR=1 -DCOPIES=3 -DLOSS=1
}

largest_bounds() {
  bit_state 33 pin -DK=3 -DR=3 -DUSES=1 -DQUEUES=2
  bit_state 33 ring -DCHANGES=5
  bit_state 33 copy -DR=2 -DCOPIES=2 -DLOSS=1
  bit_state 33 copy -DR=2 -DCOPIES=3
  bit_state 33 object -DQUEUES=2 -DLOSS=1
}

bugs() {
  planted 1 rangeFree pin -DK=2
  planted 2 rangeFree pin -DK=2
  planted 3 rangeFree pin -DK=2
  planted 4 building pin -DK=2
  planted 5 rangeFree pin -DK=2
  planted 6 rangeFree pin -DK=2 -DUSES=1 -DQUEUES=2

  planted 1 'slots[((publishedSlot*2)+0)]==master' ring -DUSES=1 -DCHANGES=3
  planted 2 'slots[((slot*2)+0)]==master' ring -DUSES=1 -DCHANGES=3
  planted 3 'end state in claim' ring -DUSES=1 -DCHANGES=3 -DNEVER_WAITS
  planted 4 rangeFree ring -DUSES=1 -DCHANGES=3
  planted 5 rangeFree ring -DUSES=1 -DCHANGES=3
  planted 6 says ring -DUSES=1 -DCHANGES=3

  planted 1 holds copy -DR=1 -DCOPIES=2
  planted 2 drawWait copy -DR=1 -DCOPIES=2
  planted 3 copyTo copy -DR=1 -DCOPIES=2
  planted 4 holds copy -DR=1 -DCOPIES=1 -DLOSS=1
  planted 5 nothingFrom copy -DR=1 -DCOPIES=1 -DLOSS=1
  planted 6 'rangeFree[0]&&rangeFree[1]' copy -DR=1 -DCOPIES=1 -DLOSS=1
  planted 7 'rangeFree[0]&&rangeFree[1]' copy -DR=1 -DCOPIES=1 -DLOSS=1
  planted 8 'rangeFree[0]&&rangeFree[1]' copy -DR=1 -DCOPIES=1 -DLOSS=1

  planted 1 halves in_place -DUPDATES=1
  planted 2 halves in_place -DUPDATES=1
  planted 3 halves in_place -DUPDATES=1
  planted 4 halves in_place -DUPDATES=1
  planted 5 halves in_place -DUPDATES=1
  planted 6 halves in_place -DR=1 -DUPDATES=1
  planted 7 'copied>=drawWait' in_place -DR=1 -DUPDATES=1 -DSAME=1

  planted 7 ran object -DUSES=0 -DTELLS=2
  local order=-DREVERSE  # the other processes go before the geometry thread: these bugs are found in no time
  planted 1 dropped object -DUSES=0 -DDRAINS=1
  planted 2 dropped object -DUSES=0 -DDRAINS=1
  planted 3 recording object -DDRAINS=1
  planted 4 lastUse object -DDRAINS=1
  planted 5 'destroyed<2' object -DDRAINS=1
  planted 6 'destroyed==1' object -DDRAINS=1
  planted 8 lastUse object -DDRAINS=1 -DQUEUES=2
  planted 9 'destroyed==1' object -DDRAINS=1 -DLOSS=1
}

# lane WHAT...: one process that explores, in a directory of its own.
lane() {
  local what
  { mkdir "$1" && cd "$1"; } || { printf 'FAILED  no directory for %s\n' "$1"; exit 1; }
  for what in "$@"; do "$what"; done
}

case $bounds in
  quick) { lane small_bounds & lane bugs & wait; } ;;
  full) { lane all_bounds & lane larger_bounds bugs & wait; } ;;
  long) { lane all_bounds & lane larger_bounds bugs largest_bounds & wait; } ;;
esac | tee results

passed=$(grep -c '^passed ' results)
failed=$(grep -c '^FAILED ' results)
printf '\n%d passed, %d failed\n' "$passed" "$failed"
((failed == 0 && passed > 0))
