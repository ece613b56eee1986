/// One operation of the frame protocol, again and again, for a tool that counts instructions:
/// scripts/count_instructions.sh. The same work on every run.

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>
#include <vector>

#include "array_table.hpp"
#include "draw_list.hpp"
#include "idle_pool.hpp"
#include "ring_table.hpp"

namespace flux::bench {
namespace {

constexpr std::uint32_t kBlocks = 20'000;

template <class Table, class Lookup>
void lookups(std::uint32_t passes, const Lookup& lookup) {
  Table table(kBlocks);
  const std::vector<BlockHandle> handles = randomHandles(kBlocks, 1);
  std::vector<Draw> draws(handles.size());
  const auto view = table.begin();
  for (std::uint32_t i = 0; i < passes; ++i) {
    recordDraws(handles, draws, [&](const BlockHandle& handle) { return lookup(view, handle); });
    asm volatile("" : : "r"(draws.data()) : "memory");  // the draws are wanted
  }
}

void publishes(std::uint32_t count) {
  constexpr std::uint32_t kChanges = 64;
  constexpr std::uint32_t kRecords = 64 * kChanges;
  // Twice around all records, so that no list grows any more.
  constexpr std::uint32_t kBefore = 2 * kRecords / kChanges;
  RingTable ring(kRecords);
  const std::vector<std::uint32_t> order = shuffledIndices(kRecords, 1);
  std::size_t at = 0;
  for (std::uint32_t i = 0; i < kBefore + count; ++i) {
    for (std::uint32_t change = 0; change < kChanges; ++change) ring.edit(order[at++ % order.size()], i);
    ring.publish();
  }
}

void idleSteps(std::uint32_t count) {
  IdlePool idle(1000);
  for (std::uint32_t i = 0; i < count; ++i) {
    if (!idle.pool().step({}, idle.now()) || idle.pool().publish().changes != 0) std::abort();
  }
}

bool run(std::string_view what, std::uint32_t count) {
  if (what == "array") {
    lookups<ArrayTable>(count, [](const auto& view, const auto& handle) { return ArrayTable::block(view, handle); });
  } else if (what == "block") {
    lookups<RingTable>(count, [](const auto& view, const auto& handle) { return RingTable::block(view, handle); });
  } else if (what == "part") {
    lookups<RingTable>(count, [](const auto& view, const auto& handle) { return RingTable::part(view, handle); });
  } else if (what == "publish") {
    publishes(count);
  } else if (what == "idle") {
    idleSteps(count);
  } else {
    return false;
  }
  return true;
}

}  // namespace
}  // namespace flux::bench

int main(int argc, char** argv) {
  if (argc == 3 && flux::bench::run(argv[1], static_cast<std::uint32_t>(std::atoi(argv[2])))) return 0;
  std::fprintf(
      stderr,
      "flux_instruction_probe array|block|part|publish|idle COUNT   (array, block, part: passes of %u lookups)\n",
      flux::bench::kLookupsPerPass);
  return 2;
}
