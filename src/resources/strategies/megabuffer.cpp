#include <flux/assert.hpp>

#include "resources/strategies/strategy_base.hpp"

namespace flux {
namespace {

/// One buffer that grows by doubling; at the largest size another one is begun. A space of the allocator is such a
/// buffer, whatever chunk it is at the moment, so that growth changes no offset.
class Megabuffer final : public StrategyBase {
 public:
  using StrategyBase::StrategyBase;

  void trim() override {
    for (std::uint32_t space = 0; space < buffers_.size(); ++space) {
      if (capacity(space) != 0 && ranges_.removeSpace(space) == RangeStatus::Ok) releaseBuffer(buffers_[space]);
    }
  }

 private:
  Result<Place> place(ByteCount bytes, ByteCount alignment, std::source_location where) override {
    const auto units = static_cast<std::uint32_t>(bytes / kPlaceUnitBytes);
    const auto unitAlignment = static_cast<std::uint32_t>(alignment / kPlaceUnitBytes);
    RangeAllocator::Allocation found = ranges_.allocate(units, unitAlignment);
    if (found.status != RangeStatus::Ok) {
      if (const Result<void> room = addRoom(bytes, alignment, where); !room) return Unexpected(room.error());
      found = ranges_.allocate(units, unitAlignment);
      FLUX_ASSERT(found.status == RangeStatus::Ok, "a buffer that has grown has room");
    }
    const Range& range = found.range;
    return Place{buffers_[range.space], ByteOffset{range.offset} * kPlaceUnitBytes,
                 ByteCount{range.size} * kPlaceUnitBytes, range.id};
  }

  /// Room at the end of the newest buffer, or else in another one.
  Result<void> addRoom(ByteCount bytes, ByteCount alignment, std::source_location where) {
    const ByteCount limit = options().maxBufferBytes;
    if (!buffers_.empty() && capacity(newest()) != 0) {
      const ByteCount now = capacity(newest());
      const ByteCount needed = roundUp(now, alignment) + bytes;
      if (const Result<ByteCount> more = grownCapacity(GrowthPolicy::Exponential, now, needed, limit, where)) {
        const Result<ChunkIndex> grown = growBuffer(buffers_[newest()], *more, where);
        if (!grown) return Unexpected(grown.error());
        buffers_[newest()] = *grown;
        ranges_.growSpace(newest(), unitsOf(*more));
        return {};
      }
    }
    const Result<ByteCount> first = grownCapacity(GrowthPolicy::Exponential, options().firstBytes, bytes, limit, where);
    if (!first) return Unexpected(first.error());
    const Result<ChunkIndex> made = makeBuffer(*first, where);
    if (!made) return Unexpected(made.error());
    buffers_.push_back(*made);
    ranges_.addSpace(newest(), unitsOf(*first));
    return {};
  }

  void reclaim(const Place& place) override { ranges_.free(place.range); }

  static std::uint32_t unitsOf(ByteCount bytes) { return static_cast<std::uint32_t>(bytes / kPlaceUnitBytes); }
  [[nodiscard]] std::uint32_t newest() const { return static_cast<std::uint32_t>(buffers_.size()) - 1; }
  [[nodiscard]] ByteCount capacity(std::uint32_t space) const {
    return ByteCount{ranges_.useOf(space).units} * kPlaceUnitBytes;
  }

  RangeAllocator ranges_;
  std::vector<ChunkIndex> buffers_;  // by space
};

}  // namespace

std::unique_ptr<Strategy> makeMegabuffer(std::string_view name, Device& device, const StrategyOptions& options) {
  return std::make_unique<Megabuffer>(name, device, options);
}

}  // namespace flux
