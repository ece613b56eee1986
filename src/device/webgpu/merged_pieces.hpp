#pragma once

#include <flux/device.hpp>

#include <algorithm>
#include <span>
#include <tuple>
#include <vector>

namespace flux::webgpu {

/// The pieces of a batch by source and destination, those that continue each other on both sides as one.
///
/// **Thread contract.** One thread. **Invariant.** They cover exactly the bytes of the batch.
class MergedPieces {
 public:
  /// O(n log n). The result is valid until the next call; its memory is kept.
  std::span<const CopyPiece> merge(std::span<const CopyPiece> batch) {
    pieces_.assign(batch.begin(), batch.end());
    std::sort(pieces_.begin(), pieces_.end(), [](const CopyPiece& a, const CopyPiece& b) {
      return std::tie(a.from, a.source, a.destination, a.destinationOffset) <
             std::tie(b.from, b.source, b.destination, b.destinationOffset);
    });
    std::size_t kept = 0;
    for (const CopyPiece& piece : pieces_) {
      CopyPiece* const last = kept != 0 ? &pieces_[kept - 1] : nullptr;
      if (last != nullptr && last->from == piece.from && last->source == piece.source &&
          last->destination == piece.destination && last->sourceOffset + last->bytes == piece.sourceOffset &&
          last->destinationOffset + last->bytes == piece.destinationOffset) {
        last->bytes += piece.bytes;
      } else {
        pieces_[kept++] = piece;
      }
    }
    pieces_.resize(kept);
    return pieces_;
  }

 private:
  std::vector<CopyPiece> pieces_;
};

}  // namespace flux::webgpu
