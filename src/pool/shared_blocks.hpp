#pragma once

/// Which shared block of an affinity has a gap for a part.

#include <flux/block.hpp>
#include <flux/types.hpp>

#include <compare>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <utility>

namespace flux {

/// Shared blocks by affinity, each under the largest gap that it offers. It knows nothing of what is in them.
///
/// **Thread contract.** Geometry thread only.
///
/// **Cost.** O(log blocks of the affinity) a call, and no heap allocation but for a new block.
class SharedBlocks {
 public:
  struct Key {
    std::uint64_t affinity = 0;
    Lifetime lifetime = Lifetime::Streaming;
    Tag tag = kUntagged;
    friend constexpr auto operator<=>(const Key&, const Key&) noexcept = default;
  };

  /// One block's entry, which its owner keeps.
  class Member;

  /// Size of the block to make for a part when no gap takes it: room for some such parts, and a part of what the
  /// affinity has already; but no more than a block's parts can fill, nor `limitBytes`, nor less than the part. What
  /// one half-empty block wastes stays a small part of all, and the number of blocks grows with the logarithm of all.
  [[nodiscard]] ByteCount nextBlockBytes(const Key& key, ByteCount partBytes, std::uint32_t maxParts,
                                         ByteCount limitBytes) const;

  /// A new block, which offers nothing yet.
  [[nodiscard]] Member add(const Key& key, std::uint32_t block, ByteCount bytes);

  /// How large the block is, and what it offers from now on; 0: it takes no part.
  static void offer(Member& member, ByteCount bytes, std::uint32_t largestGap);

  void remove(const Member& member);

  /// Calls `take(block)` for blocks that may have a gap for `bytes`, until one answers true: that one. First the one
  /// that took the last part, so that what comes and goes together changes one block's layout and not several; then
  /// those with the tightest largest gap. Alignment may make a gap too small that is large enough, so a few such blocks
  /// are asked, and then one whose gap is large enough for any offset.
  template <class Take>
  std::optional<std::uint32_t> find(const Key& key, std::uint32_t bytes, std::uint32_t alignment, const Take& take) {
    const auto affinity = affinities_.find(key);
    if (affinity == affinities_.end()) return std::nullopt;
    std::optional<std::uint32_t>& last = affinity->second.last;
    if (last && take(*last)) return last;
    const Offers& offers = affinity->second.offers;
    int looks = kLooks;
    for (auto at = offers.lower_bound({bytes, 0}); at != offers.end() && looks > 0; ++at, --looks) {
      if (take(at->second)) return last = at->second;
    }
    const auto roomy = offers.lower_bound({bytes + (alignment - 1), 0});
    if (roomy != offers.end() && take(roomy->second)) return last = roomy->second;
    return std::nullopt;
  }

  /// Of the heap for one block, about: a node, as common standard libraries make them.
  static constexpr std::size_t kBlockHeapBytes = 48;

 private:
  static constexpr int kLooks = 4;
  using Offers = std::set<std::pair<std::uint32_t, std::uint32_t>>;  // largest gap, block

  struct Affinity {
    Offers offers;
    std::optional<std::uint32_t> last;  // the block that took a part
    ByteCount bytes = 0;                // of all its blocks
  };

  std::map<Key, Affinity> affinities_;
};

class SharedBlocks::Member {
  friend class SharedBlocks;
  std::map<Key, Affinity>::iterator affinity_;
  Offers::iterator offer_;
  ByteCount bytes_ = 0;
};

}  // namespace flux
