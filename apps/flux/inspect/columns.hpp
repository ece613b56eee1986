#pragma once

#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include <nlohmann/json.hpp>

namespace flux::app {

/// Columns of numbers for a page, one behind the other, and a table of where each is: [type, offset, count]. A million
/// blocks as JSON would take ten times the space, and longer to be read.
class Columns {
 public:
  template <class T>
  void add(std::string_view name, const std::vector<T>& column) {
    static_assert(std::endian::native == std::endian::little, "pages read little-endian numbers");
    while (bytes_.size() % sizeof(double) != 0) bytes_ += '\0';
    table_[std::string(name)] = {typeOf<T>(), bytes_.size(), column.size()};
    const auto raw = std::as_bytes(std::span(column));
    bytes_.append(reinterpret_cast<const char*>(raw.data()), raw.size());
  }
  void addText(std::string_view name, std::string_view text) {
    table_[std::string(name)] = {"text", bytes_.size(), text.size()};
    bytes_ += text;
  }

  [[nodiscard]] const nlohmann::json& table() const { return table_; }
  /// Compressed (zlib), in base64.
  [[nodiscard]] std::string packed() const;

 private:
  template <class T>
  static const char* typeOf() {
    if constexpr (std::same_as<T, std::uint8_t>) {
      return "u8";
    } else if constexpr (std::same_as<T, std::uint32_t>) {
      return "u32";
    } else {
      static_assert(std::same_as<T, double>);
      return "f64";
    }
  }

  std::string bytes_;
  nlohmann::json table_;
};

}  // namespace flux::app
