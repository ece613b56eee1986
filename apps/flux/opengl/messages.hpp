#pragma once

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace flux::app {

/// Counts what OpenGL reports and keeps the first few texts.
///
/// **Thread contract.** Any thread may call anything.
class OpenGlMessages {
 public:
  static constexpr std::size_t kKeptTexts = 8;

  void add(std::string_view text);
  [[nodiscard]] std::uint64_t count() const;
  [[nodiscard]] std::vector<std::string> first() const;
  void clear();

 private:
  mutable std::mutex mutex_;
  std::uint64_t count_ = 0;
  std::vector<std::string> first_;
};

}  // namespace flux::app
