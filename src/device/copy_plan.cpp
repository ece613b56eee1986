#include "device/copy_plan.hpp"

#include <algorithm>
#include <tuple>

namespace flux {

void CopyPlan::build(std::span<const CopyPiece> batch) {
  sorted_.assign(batch.begin(), batch.end());
  commands_.clear();
  regions_.clear();
  std::sort(sorted_.begin(), sorted_.end(), [](const CopyPiece& a, const CopyPiece& b) {
    return std::tie(a.source, a.destination, a.destinationOffset) <
           std::tie(b.source, b.destination, b.destinationOffset);
  });
  for (const CopyPiece& piece : sorted_) {
    const CopyCommand* last = commands_.empty() ? nullptr : &commands_.back();
    const bool sameCommand = last != nullptr && last->source == piece.source && last->destination == piece.destination;
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
