#pragma once

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace flux::app {

/// Counts what the checks of a graphics API say and keeps the first few texts.
///
/// **Thread contract.** Any thread may call anything.
class DeviceMessages {
 public:
  static constexpr std::size_t kKeptTexts = 8;

  void add(std::string_view text) {
    const std::scoped_lock lock(mutex_);
    ++count_;
    if (first_.size() < kKeptTexts) first_.emplace_back(text);
  }

  [[nodiscard]] std::uint64_t count() const {
    const std::scoped_lock lock(mutex_);
    return count_;
  }

  [[nodiscard]] std::vector<std::string> first() const {
    const std::scoped_lock lock(mutex_);
    return first_;
  }

  void clear() {
    const std::scoped_lock lock(mutex_);
    count_ = 0;
    first_.clear();
  }

 private:
  mutable std::mutex mutex_;
  std::uint64_t count_ = 0;
  std::vector<std::string> first_;
};

}  // namespace flux::app
