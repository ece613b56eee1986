#pragma once

/// Tables and numbers for people.

#include <flux/types.hpp>

#include <cstdint>
#include <iosfwd>
#include <string>
#include <string_view>
#include <vector>

namespace flux::app {

[[nodiscard]] std::string fixedText(double value, int digits);

/// 1234567 as 1,234,567.
[[nodiscard]] std::string countText(std::uint64_t value);

/// 1536 as 1.5 KiB.
[[nodiscard]] std::string bytesText(double value);
[[nodiscard]] std::string bytesText(ByteCount value);

/// Bytes in mebibytes, whatever their number, so that figures can be compared.
[[nodiscard]] std::string mebibytesText(double value);

/// Rows of a name, a value and a remark, each in its column.
class TextTable {
 public:
  explicit TextTable(std::ostream& out) : out_(out) {}
  void row(std::string_view name, const std::string& value, const std::string& remark = {});

 private:
  std::ostream& out_;
};

/// Of rows below a heading.
constexpr std::string_view kIndent = "    ";

/// Rows of as many cells as the first, the first column to the left, the others to the right. Each line begins with
/// `indent`.
void printColumns(const std::vector<std::vector<std::string>>& rows, std::string_view indent, std::ostream& out);

}  // namespace flux::app
