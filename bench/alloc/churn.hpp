#pragma once

/// Random frees and allocations at a constant load.

#include <flux/types.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <random>
#include <vector>

#include "player.hpp"

namespace flux::bench {

enum class Sizes : std::uint8_t {
  LogUniform,  ///< Multiples of 256.
  PowersOfTwo,
  PowersOfTwoPlus256,
  Odd,  ///< Log-uniform, no multiple of anything.
};

struct SizeRange {
  Sizes kind = Sizes::LogUniform;
  std::uint32_t smallest = 256;
  std::uint32_t largest = 1U << 20U;
};

std::uint32_t drawSize(const SizeRange& sizes, std::mt19937_64& random);

/// Makes operations that fill slots, then replace what random ones hold, so that the live bytes stay where they are
/// without changing the distribution of sizes: of the next sixteen sizes drawn, the one that brings the sum nearest to
/// its target comes first.
class Churn {
 public:
  Churn(std::uint32_t live, const SizeRange& sizes, std::uint64_t seed);

  /// Fills the empty slots.
  [[nodiscard]] std::vector<Operation> fill();

  [[nodiscard]] std::vector<Operation> pairs(std::size_t count);

  /// Frees random slots until so many are left; the churn goes on with those, around the bytes that they hold on
  /// average.
  [[nodiscard]] std::vector<Operation> dropTo(std::uint32_t live);

  /// What each slot holds, 0 if nothing.
  [[nodiscard]] const std::vector<std::uint32_t>& bytesOfSlots() const { return bytes_; }
  /// Sums of sizes rounded up to 256, the alignment that the peers were measured with.
  [[nodiscard]] ByteCount liveBytes() const { return liveBytes_; }
  [[nodiscard]] ByteCount peakLiveBytes() const { return peakLiveBytes_; }

 private:
  Operation replace(std::uint32_t slot);

  SizeRange sizes_;
  std::mt19937_64 random_;
  std::array<std::uint32_t, 16> next_{};
  std::vector<std::uint32_t> bytes_;  // by slot
  std::vector<std::uint32_t> slots_;  // that take part
  double meanBytes_ = 0;
  ByteCount targetBytes_ = 0;
  ByteCount liveBytes_ = 0;
  ByteCount peakLiveBytes_ = 0;
};

}  // namespace flux::bench
