#!/usr/bin/env bash
# Shows on the machine code that `Frame::find` takes no lock, makes no call, and executes no atomic read-modify-write and no
# fence (guarantee G2). For x86-64 and a compiler that takes GCC's options.
#
#   scripts/check_find.sh               prints the instructions of both lookups, fails if one of them is forbidden
#   scripts/check_find.sh --self-test   plants each forbidden thing into a lookup and fails unless it is found
#
# Environment: CXX (default g++), CXXFLAGS (default -O2).
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# disassemble BODY: the instructions of a function with this body, without addresses.
disassemble() {
  cat >"$work/probe.cpp" <<PROBE
#include <flux/frame.hpp>
#include <atomic>
#include <mutex>
using namespace flux;
[[maybe_unused]] static std::atomic<unsigned> counter;
[[maybe_unused]] static std::mutex mutex;
extern "C" [[gnu::flatten]] void probe([[maybe_unused]] const Frame& frame, [[maybe_unused]] BlockHandle block,
                                       [[maybe_unused]] PartId part, [[maybe_unused]] BlockLookup& wholeBlock,
                                       [[maybe_unused]] PartLookup& onePart) {
  $1
}
PROBE
  # Without sibling calls, every call is a call instruction.
  # shellcheck disable=SC2086
  "${CXX:-g++}" -std=c++20 ${CXXFLAGS:--O2} -fno-optimize-sibling-calls -I"$root/include" -c "$work/probe.cpp" -o "$work/probe.o"
  objdump --disassemble=probe --no-show-raw-insn --no-addresses "$work/probe.o" | sed -n '/<probe>:/,$p' | tail -n +2
}

# xchg with memory locks without saying so.
forbidden='^\s*(lock|call|mfence|lfence|sfence|cmpxchg|xadd|xchg\s.*\()'

# check BODY: fails if a forbidden instruction is in it, and prints it.
check() {
  local code
  code=$(disassemble "$1")
  [[ $(wc -l <<<"$code") -gt 1 ]] || { echo "check_find.sh: the probe has no code" >&2; return 2; }
  if grep -nP "$forbidden" <<<"$code"; then return 1; fi
  echo "$code"
}

block='wholeBlock = frame.find(block);'
part='onePart = frame.find(block, part);'

if [[ ${1-} == --self-test ]]; then
  for planted in 'counter.fetch_add(1);' 'counter.exchange(1);' 'counter.store(1, std::memory_order_seq_cst);' \
    'unsigned old = 0; counter.compare_exchange_strong(old, 1);' \
    'std::atomic_thread_fence(std::memory_order_seq_cst);' 'std::lock_guard lock(mutex);'; do
    status=0
    check "$block $planted" >"$work/found" || status=$?
    ((status == 1)) || { echo "check_find.sh: did not find $planted" >&2; exit 1; }
    printf 'found: %-60s %s\n' "$planted" "$(head -n 1 "$work/found" | tr -s '\t ' ' ')"
  done
  exit 0
fi

for body in "$block" "$part"; do
  echo "== $body"
  check "$body" || { echo "check_find.sh: forbidden instructions in $body" >&2; exit 1; }
done
