#include "churn.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <numeric>
#include <utility>

namespace flux::bench {

namespace {

constexpr ByteCount rounded(ByteCount bytes) {
  return (bytes + 255) / 256 * 256;
}

}  // namespace

std::uint32_t drawSize(const SizeRange& sizes, std::mt19937_64& random) {
  if (sizes.kind == Sizes::PowersOfTwo || sizes.kind == Sizes::PowersOfTwoPlus256) {
    const auto octaves = static_cast<std::uint32_t>(std::bit_width(sizes.largest / sizes.smallest));
    const std::uint32_t size = sizes.smallest << static_cast<std::uint32_t>(random() % octaves);
    return sizes.kind == Sizes::PowersOfTwo ? size : size + 256;
  }
  const double share = std::uniform_real_distribution<double>(0, 1)(random);
  const double size = sizes.smallest * std::pow(static_cast<double>(sizes.largest) / sizes.smallest, share);
  const auto bytes = static_cast<std::uint32_t>(size);
  return sizes.kind == Sizes::Odd ? (bytes | 1U) : std::max(bytes / 256, 1U) * 256;
}

Churn::Churn(std::uint32_t live, const SizeRange& sizes, std::uint64_t seed)
    : sizes_(sizes), random_(seed), bytes_(live), slots_(live) {
  constexpr std::uint32_t kDraws = 200'000;
  std::mt19937_64 draws(1);
  for (std::uint32_t i = 0; i < kDraws; ++i)
    meanBytes_ += static_cast<double>(rounded(drawSize(sizes, draws))) / kDraws;
  for (std::uint32_t& size : next_) size = drawSize(sizes_, random_);
  std::iota(slots_.begin(), slots_.end(), 0U);
}

Operation Churn::replace(std::uint32_t slot) {
  const ByteCount others = liveBytes_ - rounded(bytes_[slot]);
  const auto distance = [&](std::uint32_t size) {
    const ByteCount sum = others + rounded(size);
    return sum > targetBytes_ ? sum - targetBytes_ : targetBytes_ - sum;
  };
  std::uint32_t& chosen = *std::ranges::min_element(next_, {}, distance);
  const Operation operation{slot, chosen};
  chosen = drawSize(sizes_, random_);
  bytes_[slot] = operation.bytes;
  liveBytes_ = others + rounded(operation.bytes);
  peakLiveBytes_ = std::max(peakLiveBytes_, liveBytes_);
  return operation;
}

std::vector<Operation> Churn::fill() {
  std::vector<Operation> operations;
  operations.reserve(slots_.size());
  for (const std::uint32_t slot : slots_) {
    targetBytes_ = static_cast<ByteCount>(meanBytes_ * static_cast<double>(operations.size() + 1));
    operations.push_back(replace(slot));
  }
  return operations;
}

std::vector<Operation> Churn::pairs(std::size_t count) {
  std::vector<Operation> operations;
  operations.reserve(count);
  while (operations.size() < count) operations.push_back(replace(slots_[random_() % slots_.size()]));
  return operations;
}

std::vector<Operation> Churn::dropTo(std::uint32_t live) {
  std::vector<Operation> operations;
  while (slots_.size() > live) {
    std::swap(slots_[random_() % slots_.size()], slots_.back());
    const std::uint32_t slot = slots_.back();
    slots_.pop_back();
    operations.push_back({slot, 0});
    liveBytes_ -= rounded(std::exchange(bytes_[slot], 0));
  }
  targetBytes_ = static_cast<ByteCount>(meanBytes_ * live);
  return operations;
}

}  // namespace flux::bench
