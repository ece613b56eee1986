#include "pool/edit_ranges.hpp"

#include <iterator>
#include <utility>

namespace flux {

EditRange cut(EditRange& range, std::uint32_t at) {
  EditRange behind = range;
  behind.bytes -= at;
  if (range.contents.staged) behind.contents.stagedOffset += at;
  range.bytes = at;
  return behind;
}

void supersede(EditRanges& ranges, std::uint32_t offset, EditRange range) {
  const std::uint32_t end = offset + range.bytes;
  auto next = ranges.lower_bound(offset);
  if (next != ranges.begin()) {
    auto& [begin, before] = *std::prev(next);
    if (begin + before.bytes > offset) next = ranges.emplace_hint(next, offset, cut(before, offset - begin));
  }
  while (next != ranges.end() && next->first < end) {
    auto& [begin, old] = *next;
    if (begin + old.bytes > end) ranges.emplace_hint(std::next(next), end, cut(old, end - begin));
    next = ranges.erase(next);
  }
  ranges.emplace_hint(next, offset, std::move(range));
}

bool coversAll(const EditRanges& ranges, std::uint32_t bytes) {
  std::uint64_t covered = 0;
  for (const auto& [offset, range] : ranges) covered += range.bytes;
  return covered == bytes;
}

}  // namespace flux
