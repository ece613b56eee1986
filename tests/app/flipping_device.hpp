#pragma once

#include "device/staging_only.hpp"

#include <cstddef>
#include <span>
#include <unordered_map>
#include <utility>

namespace flux::app {

/// One wrong byte: it changes in staging just before the first batch is copied.
class FlippingDevice final : public test::StagingOnly {
 public:
  using StagingOnly::StagingOnly;
  Result<std::span<std::byte>> openStaging(StagingIndex index, ByteCount bytes, StagingUse use) override {
    Result<std::span<std::byte>> page = inner_.openStaging(index, bytes, use);
    if (page) pages_[index] = *page;
    return page;
  }
  Result<TimelineValue> submit(std::span<const CopyPiece> batch, std::span<const QueueValue> waits) override {
    if (!std::exchange(flipped_, true)) {
      const CopyPiece& piece = batch[batch.size() / 4];
      pages_[piece.source.page()][piece.sourceOffset + piece.bytes / 2] ^= std::byte{1};
    }
    return inner_.submit(batch, waits);
  }

 private:
  std::unordered_map<StagingIndex, std::span<std::byte>> pages_;
  bool flipped_ = false;
};

}  // namespace flux::app
