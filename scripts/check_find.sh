#!/usr/bin/env bash
# Shows on the machine code that `Frame::find` takes no lock and executes no atomic read-modify-write and no fence, and that all it
# ever calls are the two functions for what is not inlined, of which the same holds (guarantee G2). For x86-64 and a
# compiler that takes GCC's options.
#
#   scripts/check_find.sh               prints the instructions, fails if one of them is forbidden
#   scripts/check_find.sh --self-test   plants each forbidden thing into a lookup and fails unless it is found
#
# Environment: CXX (default g++), CXXFLAGS (default -O2).
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# The functions that lookups may call, as the linker names them.
slow='_ZNK4flux5Frame(13resolveAbsent|11furtherPart)E[jj]+'

# compile SOURCE OBJECT: without sibling calls, every call is a call instruction.
compile() {
  # shellcheck disable=SC2086
  "${CXX:-g++}" -std=c++20 ${CXXFLAGS:--O2} -fno-optimize-sibling-calls -I"$root/include" -I"$root/src" -c "$1" -o "$2"
}

# instructions OBJECT SYMBOLS: of the functions whose names match, with the parts that compilers put aside (".cold"),
# without addresses, without the calls that are allowed. A relocation stands in the line after its instruction.
instructions() {
  objdump --disassemble --reloc --no-show-raw-insn --no-addresses "$1" |
    awk -v wanted="^<($2)(\\.cold)?>:$" -v allowed="$slow" '
      /^<.*>:$/ { inside = $0 ~ wanted; held = ""; next }
      !inside || NF == 0 || /^Disassembly/ { next }
      /R_X86_64/ { if (!($0 ~ allowed)) print held; else print "\t(allowed) " $NF; held = ""; next }
      { if (held != "") print held; held = $0; if (!($0 ~ /call/)) { print; held = "" } }
      END { if (held != "") print held }'
}

# disassemble BODY: the instructions of a function with this body.
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
  compile "$work/probe.cpp" "$work/probe.o"
  instructions "$work/probe.o" probe
}

# xchg with memory locks without saying so.
forbidden='^\s*(lock|call|mfence|lfence|sfence|cmpxchg|xadd|xchg\s.*\()'

# judge CODE: fails if a forbidden instruction is in it, and prints it.
judge() {
  [[ $(wc -l <<<"$1") -gt 1 ]] || { echo "check_find.sh: the probe has no code" >&2; return 2; }
  if grep -nP "$forbidden" <<<"$1"; then return 1; fi
  echo "$1"
}

# check BODY: judges a function with this body.
check() { judge "$(disassemble "$1")"; }

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

compile "$root/src/frame/frame.cpp" "$work/frame.o"
for name in 13resolveAbsent 11furtherPart; do
  echo "== $name"
  judge "$(instructions "$work/frame.o" "_ZNK4flux5Frame${name}E[jj]+")" ||
    { echo "check_find.sh: forbidden instructions in $name" >&2; exit 1; }
done
