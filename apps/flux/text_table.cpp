#include "text_table.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <ostream>

namespace flux::app {

std::string fixedText(double value, int digits) {
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%.*f", digits, value);
  return text.data();
}

std::string countText(std::uint64_t value) {
  std::string digits = std::to_string(value);
  for (auto i = static_cast<std::ptrdiff_t>(digits.size()) - 3; i > 0; i -= 3) {
    digits.insert(static_cast<std::size_t>(i), ",");
  }
  return digits;
}

std::string bytesText(double value) {
  constexpr std::array<std::string_view, 4> kUnits{"B", "KiB", "MiB", "GiB"};
  std::size_t unit = 0;
  for (; value >= 1024 && unit + 1 < kUnits.size(); ++unit) value /= 1024;
  return fixedText(value, unit == 0 ? 0 : 1) + " " + std::string(kUnits[unit]);
}

std::string bytesText(ByteCount value) {
  return bytesText(static_cast<double>(value));
}

std::string mebibytesText(double value) {
  return fixedText(value / static_cast<double>(kMiB), 1) + " MiB";
}

void TextTable::row(std::string_view name, const std::string& value, const std::string& remark) {
  constexpr std::size_t kNameWidth = 19;
  constexpr std::size_t kValueWidth = 26;
  std::string line = "  " + std::string(name);
  line.resize(kNameWidth, ' ');
  line += value;
  if (!remark.empty()) {
    line.resize(std::max(kNameWidth + kValueWidth, line.size() + 2), ' ');
    line += remark;
  }
  out_ << line << '\n';
}

void printColumns(const std::vector<std::vector<std::string>>& rows, std::string_view indent, std::ostream& out) {
  std::vector<std::size_t> widths(rows.front().size());
  for (const auto& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  for (const auto& row : rows) {
    out << indent << row[0] << std::string(widths[0] - row[0].size(), ' ');
    for (std::size_t i = 1; i < row.size(); ++i) out << "  " << std::string(widths[i] - row[i].size(), ' ') << row[i];
    out << '\n';
  }
}

}  // namespace flux::app
