#pragma once

/// Which shared block of an affinity has a gap for a part.

#include <flux/block.hpp>
#include <flux/types.hpp>

#include <compare>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <unordered_map>
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
    friend constexpr auto operator<=>(const Key&, const Key&) noexcept = default;
  };

  /// Size of the block to make for a part when no gap takes it: room for a few such parts, and twice as much with each
  /// further block, as chunks grow; but no more than a block's parts can fill, nor `limitBytes`, nor less than the
  /// part.
  [[nodiscard]] ByteCount nextBlockBytes(const Key& key, ByteCount partBytes, std::uint32_t maxParts,
                                         ByteCount limitBytes) const;

  /// A new block, which offers nothing yet.
  void add(const Key& key, std::uint32_t block, ByteCount bytes);

  /// What the block offers from now on; 0: it takes no part.
  void offer(std::uint32_t block, std::uint32_t largestGap);

  void remove(std::uint32_t block);

  /// Calls `take(block)` for blocks that may have a gap for `bytes`, those with the tightest largest gap first, until
  /// one answers true: that one. Alignment may make a gap too small that is large enough, so a few such blocks are
  /// asked, and then one whose gap is large enough for any offset.
  template <class Take>
  std::optional<std::uint32_t> find(const Key& key, std::uint32_t bytes, std::uint32_t alignment,
                                    const Take& take) const {
    const auto affinity = affinities_.find(key);
    if (affinity == affinities_.end()) return std::nullopt;
    const Offers& offers = affinity->second.offers;
    int looks = kLooks;
    for (auto at = offers.lower_bound({bytes, 0}); at != offers.end() && looks > 0; ++at, --looks) {
      if (take(at->second)) return at->second;
    }
    const auto roomy = offers.lower_bound({bytes + (alignment - 1), 0});
    if (roomy != offers.end() && take(roomy->second)) return roomy->second;
    return std::nullopt;
  }

  [[nodiscard]] std::size_t blocks() const { return members_.size(); }

  /// Of the heap for one block, about: a node of each container, as common standard libraries make them.
  static constexpr std::size_t kBlockHeapBytes = 48 + 56;

 private:
  static constexpr int kLooks = 4;
  using Offers = std::set<std::pair<std::uint32_t, std::uint32_t>>;  // largest gap, block

  struct Affinity {
    Offers offers;
    ByteCount largestBlock = 0;
  };
  struct Member {
    std::map<Key, Affinity>::iterator affinity;
    Offers::iterator offer;
  };

  std::map<Key, Affinity> affinities_;
  std::unordered_map<std::uint32_t, Member> members_;  // by block
};

}  // namespace flux
