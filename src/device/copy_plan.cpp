#include "device/copy_plan.hpp"

#include <algorithm>

namespace flux {
void CopyPlan::build(std::span<const CopyPiece> batch) {
  sorted_.resize(batch.size());
  std::ranges::transform(batch, sorted_.begin(), [](const CopyPiece& piece) {
    return Key{std::uint64_t{piece.source.bits()} << 32U | piece.destination.bits(), piece.destinationOffset, &piece};
  });
  commands_.clear();
  regions_.clear();
  // Sorting is most of a plan's cost, so it looks at nothing but the keys.
  std::sort(sorted_.begin(), sorted_.end(), [](const Key& a, const Key& b) {
    return a.buffers != b.buffers ? a.buffers < b.buffers : a.destinationOffset < b.destinationOffset;
  });
  const Key* last = nullptr;
  for (const Key& key : sorted_) {
    const CopyPiece& piece = *key.piece;
    const bool sameCommand = last != nullptr && last->buffers == key.buffers;
    last = &key;
    if (sameCommand) {
      CopyRegion& region = regions_.back();
      if (region.sourceOffset + region.bytes == piece.sourceOffset &&
          region.destinationOffset + region.bytes == piece.destinationOffset) {
        region.bytes += piece.bytes;
        continue;
      }
    } else {
      const auto first = static_cast<std::uint32_t>(regions_.size());
      commands_.push_back({piece.source, piece.destination, first, 0});
    }
    regions_.push_back({piece.sourceOffset, piece.destinationOffset, piece.bytes});
    ++commands_.back().regionCount;
  }
}

}  // namespace flux
