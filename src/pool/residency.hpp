#pragma once

#include <flux/types.hpp>

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace flux {

/// When blocks leave the device.
struct ResidencyPolicy {
  std::uint32_t idleFrames = 8;      ///< A block that some frame has drawn since then does not leave.
  std::uint32_t settledSteps = 8;    ///< Nor one that got contents since then.
  std::uint32_t patienceSteps = 30;  ///< A block that frames missed, and miss no more, is not waited for any longer.
  std::uint32_t looks = 32'768;      ///< Blocks that are looked at in a step in which some have to leave.
  std::uint32_t closeLooks = 1024;   ///< Of them: closely.
  std::uint8_t roundsBarred = 16;    ///< So often one that could not leave is passed over.
  std::uint32_t refusals = 16;       ///< Blocks that ask in vain for room in a step.
  std::uint32_t counted = 4096;      ///< Blocks behind them for which it is made as well, of each priority.
  std::uint32_t softPercent = 90;    ///< The soft limit of the hard one; the rest is for updates and moves.
};

/// Which blocks are the coldest. It knows when a block was drawn last, and how often it was found in use; whether it
/// may leave is for others to say.
///
/// The coldest are those with the most *idle x size / warmth*. Idle: frames since one drew it. Size: 1 up to 8 KiB, and
/// an eighth more from there on and for each doubling: of two that are as cold the larger one makes more room. Warmth:
/// 1, one more for every two looks that found it in use (looks in vain halve them), one for each owner but the first,
/// up to four, and one or two if it was missed last with normal or high priority. It looks only when somebody has to
/// leave, and then at so many blocks, one after the other, that it sees all of them in one step unless they are very
/// many. So nothing is kept in order while nobody leaves, and a draw costs no more than its stamp.
///
/// **Thread contract.** Geometry thread only.
class Residency {
 public:
  explicit Residency(const ResidencyPolicy& policy) : policy_(policy) {}

  [[nodiscard]] const ResidencyPolicy& policy() const noexcept { return policy_; }

  struct Cold {
    std::uint32_t index = 0;
    std::uint64_t coldness = 0;
  };

  /// Gathers the cold ones of the next `looks` blocks of `count`, by `lastUsed(index)`: the stamp of the last frame
  /// that drew a block, 0: none did, or nothing if it is not there. `frame`: that of the newest frame. O(`looks`).
  template <class LastUsed>
  void look(std::uint32_t looks, std::uint32_t count, std::uint32_t frame, const LastUsed& lastUsed) {
    cold_.clear();
    if (uses_.size() < count) uses_.resize(count);
    for (looks = std::min(looks, count); looks > 0; --looks) {
      if (++hand_ >= count) hand_ = 0;
      const auto stamp = lastUsed(hand_);
      if (stamp) consider(hand_, *stamp, frame);
    }
    std::ranges::make_heap(cold_, {}, &Cold::coldness);
  }

  /// Takes the coldest of those that `look` gathered. REQUIRES: there is one.
  [[nodiscard]] Cold takeColdest() {
    std::ranges::pop_heap(cold_, {}, &Cold::coldness);
    const Cold coldest = cold_.back();
    cold_.pop_back();
    return coldest;
  }
  [[nodiscard]] bool empty() const noexcept { return cold_.empty(); }

  /// It could not leave.
  void bar(std::uint32_t index) { uses_[index].barred = policy_.roundsBarred; }

  /// It has come back, because somebody wanted it with this priority, and is about to draw it.
  void touch(std::uint32_t index, std::uint32_t frame, Priority priority) {
    Use& use = useOf(index);
    use.touched = frame;
    use.barred = 0;
    use.priority = static_cast<std::uint8_t>(priority);
  }
  /// It takes so many bytes.
  void setBytes(std::uint32_t index, ByteCount bytes) {
    useOf(index).doublings = static_cast<std::uint8_t>(std::bit_width(bytes / kSmallBytes));
  }
  void setOwners(std::uint32_t index, std::uint32_t owners) {
    useOf(index).coOwners = static_cast<std::uint8_t>(std::clamp(owners, 1U, kMostCoOwners + 1) - 1);
  }
  /// The index gets a new block.
  void reset(std::uint32_t index) {
    if (index < uses_.size()) uses_[index] = {};
  }

  /// Frames since one drew it, or it was touched. REQUIRES: `look` has seen it.
  [[nodiscard]] std::uint32_t age(std::uint32_t index, std::uint32_t lastUsed, std::uint32_t frame) const {
    const std::uint32_t touched = uses_[index].touched;
    if (lastUsed == 0 && touched == 0) return kNever;
    const std::uint32_t used = lastUsed != 0 ? frame - lastUsed : kNever;
    return touched != 0 ? std::min(used, frame - touched) : used;
  }

 private:
  static constexpr std::uint32_t kNever = UINT32_MAX;
  static constexpr std::uint8_t kMostHeat = 30;
  static constexpr std::uint32_t kMostCoOwners = 4;
  static constexpr ByteCount kSmallBytes = 8 * kKiB;  ///< From here on size counts.

  struct Use {
    std::uint32_t stamp = 0;  ///< When it was looked at last.
    std::uint32_t touched = 0;
    std::uint8_t barred = 0;
    std::uint8_t heat = 0;
    std::uint8_t doublings = 0;
    std::uint8_t coOwners = 0;
    std::uint8_t priority = 0;
  };

  [[nodiscard]] Use& useOf(std::uint32_t index) {
    if (uses_.size() <= index) uses_.resize(std::size_t{index} + 1);
    return uses_[index];
  }

  void consider(std::uint32_t index, std::uint32_t lastUsed, std::uint32_t frame) {
    Use& use = uses_[index];
    if (use.barred != 0) --use.barred;
    if (lastUsed != use.stamp) {
      use.stamp = lastUsed;
      use.heat = std::min(static_cast<std::uint8_t>(use.heat + 1), kMostHeat);
    } else {
      use.heat /= 2;
    }
    const std::uint32_t idle = age(index, lastUsed, frame);
    if (use.barred != 0 || idle < policy_.idleFrames) return;
    constexpr std::uint64_t kEighths = 8;
    const std::uint32_t wish = use.priority > 1 ? use.priority - 1U : 0U;
    const std::uint64_t warmth = 1U + use.heat / 2U + use.coOwners + wish;
    // In 1/64, so that small numbers differ, too.
    cold_.push_back({index, kEighths * idle * (kEighths + use.doublings) / warmth});
  }

  ResidencyPolicy policy_;
  std::vector<Use> uses_;  ///< By block.
  std::vector<Cold> cold_;
  std::uint32_t hand_ = 0;
};

}  // namespace flux
