#include <array>
#include <map>
#include <set>
#include <utility>

#include "alloc/size_classes.hpp"
#include "resources/strategies/strategy_base.hpp"

namespace flux {
namespace {

constexpr ByteCount kFirstSlabBytes = 64 * kKiB;
constexpr ByteCount kOversizedGrainBytes = 64 * kKiB;
constexpr std::array<ByteCount, 4> kMaxSlabBytes{256 * kKiB, 2 * kMiB, 0, 0};  // by class; 0: a slot is a buffer
constexpr std::size_t kPeakSteps = 60;
constexpr std::uint64_t kOversizedSteps = 8;

/// Slabs of equal slots, one set of slabs for each size of the ladder. A slab is as large as all before it of its size,
/// up to its class's limit. Slots of the lowest slab first, so that the others drain.
class Tiered final : public StrategyBase {
 public:
  using StrategyBase::StrategyBase;

  void trim() override {
    while (!idle_.empty()) release(idle_.begin()->second);
  }

 private:
  struct Slab {
    ByteCount slotBytes = 0;
    ByteCount bytes = 0;
    std::uint32_t slots = 0;
    bool oversized = false;
    std::uint64_t idleSince = 0;
    std::vector<std::uint32_t> freeSlots;
  };
  struct Tier {
    std::uint64_t slots = 0;
    std::set<ChunkIndex> roomy;
  };
  using Idle = std::set<std::pair<std::uint64_t, ChunkIndex>>;  // longest first

  Result<Place> place(ByteCount bytes, ByteCount alignment, std::source_location where) override {
    const ByteCount slotBytes = slotFor(bytes, alignment);
    Tier& tier = tiers_[slotBytes];
    if (tier.roomy.empty()) {
      if (const Result<void> made = addSlab(tier, slotBytes, where); !made) return Unexpected(made.error());
    }
    const ChunkIndex buffer = *tier.roomy.begin();
    Slab& slab = slabs_[buffer];
    if (slab.freeSlots.size() == slab.slots) setIdle(buffer, slab, false);
    const ByteOffset slot = slab.freeSlots.back() * slotBytes;
    slab.freeSlots.pop_back();
    if (slab.freeSlots.empty()) tier.roomy.erase(buffer);
    const ByteOffset offset = roundUp(slot, alignment);
    return Place{buffer, offset, slot + slotBytes - offset, {}};
  }

  /// Slots lie at multiples of their size. Where that is none of the alignment, a slot has room to shift in, or is
  /// a buffer of its own.
  [[nodiscard]] ByteCount slotFor(ByteCount bytes, ByteCount alignment) const {
    const SizeClassLimits& limits = options().tierLimits;
    if (sizeClass(bytes, limits) == SizeClass::Oversized) {
      return std::min(roundUp(bytes, kOversizedGrainBytes), options().maxBufferBytes);
    }
    ByteCount slotBytes = ladderBytes(bytes);
    if (slotBytes % alignment != 0 && kMaxSlabBytes[static_cast<std::size_t>(sizeClass(slotBytes, limits))] != 0) {
      slotBytes = ladderBytes(std::min(bytes + alignment - kPlaceUnitBytes, limits[1] + 1));
    }
    return std::min(slotBytes, options().maxBufferBytes);
  }

  Result<void> addSlab(Tier& tier, ByteCount slotBytes, std::source_location where) {
    const SizeClass kind = sizeClass(slotBytes, options().tierLimits);
    const ByteCount wanted = std::max(kFirstSlabBytes, tier.slots * slotBytes);
    const ByteCount slots =
        std::max<ByteCount>(std::min(wanted, kMaxSlabBytes[static_cast<std::size_t>(kind)]) / slotBytes, 1);
    const Result<ChunkIndex> made = makeBuffer(slots * slotBytes, where);
    if (!made) return Unexpected(made.error());
    Slab& slab = slabs_[*made];
    slab = {slotBytes, buffer(*made)->bytes, static_cast<std::uint32_t>(slots), kind == SizeClass::Oversized, 0, {}};
    for (std::uint32_t i = slab.slots; i-- > 0;) slab.freeSlots.push_back(i);
    tier.slots += slots;
    tier.roomy.insert(*made);
    busyBytes_ += slab.bytes;  // as if it had just become idle
    setIdle(*made, slab, true);
    return {};
  }

  void reclaim(const Place& place) override {
    Slab& slab = slabs_[place.buffer];
    slab.freeSlots.push_back(static_cast<std::uint32_t>(place.offset / slab.slotBytes));
    tiers_[slab.slotBytes].roomy.insert(place.buffer);
    if (slab.freeSlots.size() == slab.slots) setIdle(place.buffer, slab, true);
  }

  void setIdle(ChunkIndex buffer, Slab& slab, bool idle) {
    if (idle) {
      slab.idleSince = stepNumber();
      idle_.insert({slab.idleSince, buffer});
      if (slab.oversized) idleOversized_.insert({slab.idleSince, buffer});
      busyBytes_ -= slab.bytes;
    } else {
      idle_.erase({slab.idleSince, buffer});
      idleOversized_.erase({slab.idleSince, buffer});
      busyBytes_ += slab.bytes;
      peakBytes_ = std::max(peakBytes_, busyBytes_);
    }
  }

  /// Keeps at most a quarter more than what was in use at once during the last steps.
  void endStep() override {
    peaks_[stepNumber() % kPeakSteps] = std::exchange(peakBytes_, busyBytes_);
    const ByteCount peak = *std::max_element(peaks_.begin(), peaks_.end());
    while (!idle_.empty() && stats().reservedBytes > peak + peak / 4) release(idle_.begin()->second);
    while (!idleOversized_.empty() && idleOversized_.begin()->first + kOversizedSteps <= stepNumber()) {
      release(idleOversized_.begin()->second);
    }
  }

  void release(ChunkIndex buffer) {
    const Slab& slab = slabs_[buffer];
    idle_.erase({slab.idleSince, buffer});
    idleOversized_.erase({slab.idleSince, buffer});
    Tier& tier = tiers_[slab.slotBytes];
    tier.slots -= slab.slots;
    tier.roomy.erase(buffer);
    if (tier.slots == 0) tiers_.erase(slab.slotBytes);
    slabs_.erase(buffer);
    releaseBuffer(buffer);
  }

  std::map<ByteCount, Tier> tiers_;  // by size of their slots
  std::map<ChunkIndex, Slab> slabs_;
  Idle idle_;
  Idle idleOversized_;
  ByteCount busyBytes_ = 0;  // of slabs that hold something
  ByteCount peakBytes_ = 0;  // of busyBytes_ in this step
  std::array<ByteCount, kPeakSteps> peaks_{};
};

}  // namespace

std::unique_ptr<Strategy> makeTiered(std::string_view name, Device& device, const StrategyOptions& options) {
  return std::make_unique<Tiered>(name, device, options);
}

}  // namespace flux
