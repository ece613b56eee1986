#pragma once

#include <cstdint>

namespace flux {

/// A hash of numbers in their order, by which a replay compares many of them with one. It can be undone step by step,
/// so that no step loses what came before: each multiplies by an odd constant and brings high bits down.
///
/// **Cost.** A step waits for the one before. Numbers that belong together are added as one sum (`mixed`).
class NumberHash {
 public:
  void add(std::uint64_t number) noexcept {
    state_ = (state_ ^ number) * 0x9E3779B97F4A7C15ULL;
    state_ ^= state_ >> 32U;
  }
  [[nodiscard]] std::uint64_t value() const noexcept { return state_; }

 private:
  std::uint64_t state_ = 0;
};

/// One number of three. Each is multiplied by an odd constant of its own, so that the processor works on all at once,
/// and that each alone, and which of them it is, tells in the sum.
[[nodiscard]] constexpr std::uint64_t mixed(std::uint64_t a, std::uint64_t b, std::uint64_t c = 0) noexcept {
  return a * 0xBF58476D1CE4E5B9ULL + b * 0x94D049BB133111EBULL + c * 0xD6E8FEB86659FD93ULL;
}

}  // namespace flux
