#include <array>
#include <map>
#include <set>
#include <utility>

#include "alloc/size_classes.hpp"
#include "resources/strategies/strategy_base.hpp"

namespace flux {
namespace {

constexpr std::array<ByteCount, 4> kTierSlabBytes{256 * kKiB, kMiB, 0, 0};  // by class; 0: a buffer holds one
constexpr ByteCount kOversizedGrainBytes = 64 * kKiB;
constexpr std::uint64_t kOversizedSteps = 8;
constexpr std::size_t kPeakSteps = 60;

/// Slabs of equal slots, for each size of the ladder its own. Lower slabs are filled first, so that the others drain.
class Tiered final : public StrategyBase {
 public:
  Tiered(std::string_view name, Device& device, const StrategyOptions& options)
      : StrategyBase(name, device, options), limits_(onLadder(options.tierLimits)) {}

  void trim() override { releaseIdle(0); }

 private:
  struct Slab {
    ByteCount slotBytes = 0;
    ByteCount bytes = 0;
    std::size_t slots = 0;
    std::uint64_t idleSince = 0;
    std::vector<std::uint32_t> freeSlots;
  };
  using Idle = std::set<std::pair<std::uint64_t, ChunkIndex>>;  // longest first

  Result<Place> place(ByteCount bytes, ByteCount alignment, std::source_location where) override {
    const ByteCount slotBytes = slotFor(bytes, alignment);
    std::set<ChunkIndex>& roomy = roomy_[slotBytes];
    if (roomy.empty()) {
      const ByteCount slots = std::max<ByteCount>(kTierSlabBytes[classOf(slotBytes)] / slotBytes, 1);
      const Result<ChunkIndex> made = makeBuffer(slots * slotBytes, where);
      if (!made) return Unexpected(made.error());
      Slab& slab = slabs_[*made] = {.slotBytes = slotBytes, .bytes = buffer(*made)->bytes, .slots = slots};
      while (slab.freeSlots.size() < slots) slab.freeSlots.push_back(static_cast<std::uint32_t>(slab.freeSlots.size()));
      roomy.insert(*made);
    }
    const ChunkIndex lowest = *roomy.begin();
    Slab& slab = slabs_[lowest];
    if (slab.freeSlots.size() == slab.slots) {
      idle(slab).erase({slab.idleSince, lowest});
      busyBytes_ += slab.bytes;
      peakBytes_ = std::max(peakBytes_, busyBytes_);
    }
    const ByteOffset begin = slab.freeSlots.back() * slotBytes;
    slab.freeSlots.pop_back();
    if (slab.freeSlots.empty()) roomy.erase(lowest);
    const ByteOffset offset = roundUp(begin, alignment);
    return Place{lowest, offset, begin + slotBytes - offset, {}};
  }

  /// Slots lie at multiples of their size. Where that is none of the alignment, a slot has room to shift the place in
  /// it, or a buffer of its own.
  [[nodiscard]] ByteCount slotFor(ByteCount bytes, ByteCount alignment) const {
    ByteCount slotBytes = bytes > limits_[2] ? roundUp(bytes, kOversizedGrainBytes) : ladderBytes(bytes);
    if (slotBytes % alignment != 0 && kTierSlabBytes[classOf(slotBytes)] != 0) {
      slotBytes = ladderBytes(std::min(bytes + alignment - kPlaceUnitBytes, limits_[1] + 1));
    }
    return std::min(slotBytes, options().maxBufferBytes);
  }

  void reclaim(const Place& place) override {
    Slab& slab = slabs_[place.buffer];
    slab.freeSlots.push_back(static_cast<std::uint32_t>(place.offset / slab.slotBytes));
    roomy_[slab.slotBytes].insert(place.buffer);
    if (slab.freeSlots.size() != slab.slots) return;
    slab.idleSince = stepNumber();
    idle(slab).insert({slab.idleSince, place.buffer});
    busyBytes_ -= slab.bytes;
  }

  /// Oversized slabs go when their time is over; of all, a quarter more is kept than was busy at once in the last
  /// steps.
  void endStep() override {
    Idle& oversized = idle_[1];
    while (!oversized.empty() && oversized.begin()->first + kOversizedSteps <= stepNumber()) {
      release(oversized.begin()->second);
    }
    peaks_[stepNumber() % kPeakSteps] = std::exchange(peakBytes_, busyBytes_);
    const ByteCount peak = *std::max_element(peaks_.begin(), peaks_.end());
    releaseIdle(peak + peak / 4);
  }

  /// Until no more than `keptBytes` are reserved, or nothing is idle.
  void releaseIdle(ByteCount keptBytes) {
    for (Idle& idle : idle_) {
      while (!idle.empty() && stats().reservedBytes > keptBytes) release(idle.begin()->second);
    }
  }

  void release(ChunkIndex buffer) {
    const Slab& slab = slabs_[buffer];
    idle(slab).erase({slab.idleSince, buffer});
    roomy_[slab.slotBytes].erase(buffer);
    slabs_.erase(buffer);
    releaseBuffer(buffer);
  }

  [[nodiscard]] std::size_t classOf(ByteCount bytes) const {
    return static_cast<std::size_t>(sizeClass(bytes, limits_));
  }
  Idle& idle(const Slab& slab) { return idle_[slab.slotBytes > limits_[2] ? 1 : 0]; }

  SizeClassLimits limits_;
  std::map<ByteCount, std::set<ChunkIndex>> roomy_;  // slabs with a free slot, by its size
  std::map<ChunkIndex, Slab> slabs_;
  std::array<Idle, 2> idle_;  // slabs that hold nothing: [1] oversized ones
  ByteCount busyBytes_ = 0;   // of the other slabs
  ByteCount peakBytes_ = 0;   // of busyBytes_, in this step
  std::array<ByteCount, kPeakSteps> peaks_{};
};

}  // namespace

std::unique_ptr<Strategy> makeTiered(std::string_view name, Device& device, const StrategyOptions& options) {
  return std::make_unique<Tiered>(name, device, options);
}

}  // namespace flux
