#pragma once

#include <cstdint>
#include <unordered_map>

namespace flux::app {

/// A set of ids in about a bit each, where neighbours occur together.
///
/// **Thread contract.** One thread at a time.
class IdSet {
 public:
  /// False if it was there already.
  bool insert(std::uint32_t id) {
    std::uint64_t& word = words_[id / 64];
    const std::uint64_t bit = std::uint64_t{1} << id % 64;
    if ((word & bit) != 0) return false;
    word |= bit;
    ++count_;
    return true;
  }
  [[nodiscard]] bool contains(std::uint32_t id) const {
    const auto word = words_.find(id / 64);
    return word != words_.end() && (word->second >> id % 64 & 1U) != 0;
  }
  [[nodiscard]] std::uint64_t count() const noexcept { return count_; }

 private:
  std::unordered_map<std::uint32_t, std::uint64_t> words_;
  std::uint64_t count_ = 0;
};

}  // namespace flux::app
