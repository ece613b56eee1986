#include "alloc/part_table.hpp"

#include <flux/assert.hpp>

#include <algorithm>
#include <limits>

namespace flux {

namespace {

/// A table grows by so many places, or by that part of its own: doubled, it would be half empty, and there is one for
/// each shared block.
constexpr std::size_t kGrain = 8;

constexpr std::uint16_t kLastGeneration = std::numeric_limits<std::uint16_t>::max();

}  // namespace

std::optional<PartId> PartTable::add(PartKind kind, std::uint32_t bytes) {
  FLUX_ASSERT(bytes != 0, "a part has bytes");
  std::uint32_t index = firstFree_;
  // A free index has the generation of its next part; one that is used up has the last generation.
  while (index < parts_.size() && (parts_[index].bytes != 0 || parts_[index].generation == kLastGeneration)) ++index;
  firstFree_ = index;
  if (index == kMaxPartIndices) return std::nullopt;
  if (index == parts_.size()) {
    if (parts_.size() == parts_.capacity()) parts_.reserve(parts_.size() + std::max(kGrain, parts_.size() / kGrain));
    parts_.emplace_back();
  }
  parts_[index] = {bytes, parts_[index].generation, kind, false};
  firstFree_ = index + 1;
  ++count_;
  return idAt(index);
}

void PartTable::remove(PartId part) {
  Part* const found = find(part);
  FLUX_ASSERT(found != nullptr, "a part that is removed is here");
  if (found == nullptr) return;
  found->bytes = 0;
  found->shown = false;
  ++found->generation;
  if (partIndex(part) < firstFree_) firstFree_ = partIndex(part);
  --count_;
}

const PartTable::Part* PartTable::find(PartId part) const {
  const std::uint32_t index = partIndex(part);
  if (index >= parts_.size()) return nullptr;
  const Part& found = parts_[index];
  return found.bytes != 0 && found.generation == partGeneration(part) ? &found : nullptr;
}

}  // namespace flux
