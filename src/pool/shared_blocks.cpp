#include "pool/shared_blocks.hpp"

#include <flux/assert.hpp>

#include <algorithm>

namespace flux {

namespace {

constexpr ByteCount kSmallestBlockBytes = 1 * kKiB;
constexpr ByteCount kFirstBlockParts = 4;

}  // namespace

ByteCount SharedBlocks::nextBlockBytes(const Key& key, ByteCount partBytes, std::uint32_t maxParts,
                                       ByteCount limitBytes) const {
  const auto affinity = affinities_.find(key);
  const ByteCount largest = affinity == affinities_.end() ? 0 : affinity->second.largestBlock;
  const ByteCount grown = std::max({kFirstBlockParts * partBytes, 2 * largest, kSmallestBlockBytes});
  return std::max(std::min({grown, maxParts * partBytes, limitBytes}), partBytes);
}

void SharedBlocks::add(const Key& key, std::uint32_t block, ByteCount bytes) {
  const auto affinity = affinities_.try_emplace(key).first;
  affinity->second.largestBlock = std::max(affinity->second.largestBlock, bytes);
  const auto offer = affinity->second.offers.insert({0, block}).first;
  const bool added = members_.insert({block, {affinity, offer}}).second;
  FLUX_ASSERT(added, "a shared block has one affinity");
}

void SharedBlocks::offer(std::uint32_t block, std::uint32_t largestGap) {
  const auto member = members_.find(block);
  FLUX_ASSERT(member != members_.end(), "a shared block has an affinity");
  if (member == members_.end() || member->second.offer->first == largestGap) return;
  Offers& offers = member->second.affinity->second.offers;
  auto node = offers.extract(member->second.offer);  // the node changes its place: no heap allocation
  node.value().first = largestGap;
  member->second.offer = offers.insert(std::move(node)).position;
}

void SharedBlocks::remove(std::uint32_t block) {
  const auto member = members_.find(block);
  FLUX_ASSERT(member != members_.end(), "a shared block has an affinity");
  if (member == members_.end()) return;
  const auto affinity = member->second.affinity;
  affinity->second.offers.erase(member->second.offer);
  if (affinity->second.offers.empty()) affinities_.erase(affinity);
  members_.erase(member);
}

}  // namespace flux
