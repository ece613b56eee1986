#include "pool/shared_blocks.hpp"

#include "base/rounding.hpp"

#include <flux/assert.hpp>

#include <algorithm>

namespace flux {

namespace {

/// A block costs some 700 bytes of records and tables, so a small thing gets one for many like it; a large one gets
/// one for some.
constexpr ByteCount kManyParts = 24;
constexpr ByteCount kSmallestBlockBytes = 32 * kKiB;
constexpr ByteCount kLargestForMany = 64 * kKiB;
constexpr ByteCount kSomeParts = 4;
/// A new block has this part of what the affinity's blocks have.
constexpr ByteCount kGrowthDivisor = 6;

}  // namespace

ByteCount SharedBlocks::nextBlockBytes(const Key& key, ByteCount partBytes, std::uint32_t maxParts,
                                       ByteCount limitBytes) const {
  const auto affinity = affinities_.find(key);
  const ByteCount share = affinity == affinities_.end() ? 0 : wholeUnits(affinity->second.bytes / kGrowthDivisor);
  const ByteCount many = std::clamp(kManyParts * partBytes, kSmallestBlockBytes, kLargestForMany);
  const ByteCount grown = std::max({many, kSomeParts * partBytes, share});
  return std::max(std::min({grown, maxParts * partBytes, limitBytes}), partBytes);
}

SharedBlocks::Member SharedBlocks::add(const Key& key, std::uint32_t block, ByteCount bytes) {
  Member member;
  member.affinity_ = affinities_.try_emplace(key).first;
  member.affinity_->second.bytes += bytes;
  member.bytes_ = bytes;
  const auto [offer, added] = member.affinity_->second.offers.insert({0, block});
  FLUX_ASSERT(added, "a block is added once");
  member.offer_ = offer;
  member.affinity_->second.last = block;
  return member;
}

void SharedBlocks::offer(Member& member, ByteCount bytes, std::uint32_t largestGap) {
  Affinity& affinity = member.affinity_->second;
  affinity.bytes += bytes - member.bytes_;
  member.bytes_ = bytes;
  if (member.offer_->first == largestGap) return;
  auto node = affinity.offers.extract(member.offer_);  // the node changes its place: no heap allocation
  node.value().first = largestGap;
  member.offer_ = affinity.offers.insert(std::move(node)).position;
}

void SharedBlocks::remove(const Member& member) {
  Affinity& affinity = member.affinity_->second;
  affinity.bytes -= member.bytes_;
  if (affinity.last == member.offer_->second) affinity.last.reset();
  affinity.offers.erase(member.offer_);
  if (affinity.offers.empty()) affinities_.erase(member.affinity_);
}

}  // namespace flux
