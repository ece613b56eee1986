#!/usr/bin/env bash
# Counts the instructions of one lookup (beside a read of a plain array), one publish, one idle step, one call and its
# recording, one pair of allocate and free, and on Vulkan (a driver that does nothing) one batch of plain copies and one
# piece for the copy kernel, under Valgrind, and compares them with bench/instructions/instructions.txt. Counts do not
# depend on what else the machine does, so they show what times hide. Each is the difference of two runs of different
# length, so that what a program does before and after is not in it.
#
#   scripts/count_instructions.sh             prints the counts beside the reference
#   scripts/count_instructions.sh --check     fails where one differs from its reference by more than 3 %
#   scripts/count_instructions.sh --update    writes the reference
#
# The reference is of GCC 12 on x86-64 (Debian 12), release preset; with another compiler --check refuses.
set -euo pipefail
cd "$(dirname "$0")/.."
reference=bench/instructions/instructions.txt
build=build/release
tolerance=3 # percent

mode=${1-}
case "$mode" in
  "" | --check | --update) ;;
  *) echo "count_instructions.sh: unknown option $mode (--check or --update)" >&2; exit 2 ;;
esac

cmake --preset release >/dev/null
compiler=$(sed -n 's/^CMAKE_CXX_COMPILER:[A-Z]*=//p' "$build/CMakeCache.txt")
if [[ -n $mode ]] && ! [[ $("$compiler" -dumpversion) == 12* && $("$compiler" -dumpmachine) == x86_64-linux-gnu* ]]; then
  echo "count_instructions.sh: the reference is of GCC 12 on x86-64, not of $compiler" >&2
  exit 2
fi
cmake --build "$build" --target flux_instruction_probe --parallel >/dev/null
probe=$build/bench/instructions/flux_instruction_probe

# instructions WHAT COUNT: of a whole run; of calls, of the thread that makes them alone.
instructions() {
  local only=()
  [[ $1 == *call ]] && only=(--toggle-collect='*countedCalls*')
  # The totals are all that is wanted. Valgrind's processor has no AVX-512, so all machines take the same ways.
  valgrind --tool=callgrind --callgrind-out-file=/dev/null "${only[@]}" "$probe" "$1" "$2" 2>&1 |
    sed -n 's/.*Collected : \([0-9]*\).*/\1/p'
}

# count NAME WHAT FEW MANY OPERATIONS: prints NAME and the instructions of one operation; the probe does OPERATIONS for
# each one that is asked for.
count() {
  local few many
  few=$(instructions "$2" "$3")
  many=$(instructions "$2" "$4")
  awk -v name="$1" -v d="$((many - few))" -v n="$((($4 - $3) * $5))" 'BEGIN { printf "%s %.1f\n", name, d / n }'
}

plain=$(mktemp)
trap 'rm -f "$plain"' EXIT
counts=$(
  count array_read array 2 6 16384
  count block_lookup block 2 6 16384
  count part_lookup part 2 6 16384
  count publish_64_changes publish 64 192 1
  count idle_step idle 500 1500 1
  count call call 1600 6400 1 | tee "$plain"
  count recorded_call recorded-call 1600 6400 1 |
    awk 'FNR == NR { plain = $2; next } { printf "recording_of_a_call %.1f\n", $2 - plain }' "$plain" -
  count range_pair range 20000 80000 1
  count range_refusal refusal 20000 80000 1
  count close_refusal close-refusal 20000 80000 1
  count chunk_pair chunk 20000 80000 1
  count vulkan_submit_64_copies submit 500 1500 1
  count vulkan_kernel_piece kernel 4 12 4096
)

if [[ $mode == --update ]]; then
  {
    echo "# Instructions of one operation, as scripts/count_instructions.sh counts them (--update writes this file)."
    echo "# Array reads and lookups with the recording of the draw, the publish with its edits, the idle step with its publish."
    echo "# A call on a streamed pool with its share of steps, publishes and frames; recording it, some 4.7 events."
    echo "# Pairs of allocate and free with 10,000 live, in one space and over chunks; a request that fits nowhere,"
    echo "# far too large and almost held."
    echo "# A batch of 64 plain copies on Vulkan: planned, recorded, submitted, polled; a piece of 4,096 for its copy kernel."
    echo "$counts"
  } >"$reference"
fi

awk -v check="$mode" -v tolerance="$tolerance" '
  FNR == NR { if ($1 != "#") wanted[$1] = $2; next }
  {
    known = ($1 in wanted) && wanted[$1] > 0
    change = known ? ($2 / wanted[$1] - 1) * 100 : 0
    bad = !known || change > tolerance || change < -tolerance
    over += bad
    printf "%-24s %10.1f   reference %10.1f   %+6.1f %%%s\n", $1, $2, wanted[$1], change, bad ? "   DIFFERS" : ""
  }
  END { exit check == "--check" && over > 0 }' "$reference" - <<<"$counts"
