#include "report/json_writer.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace flux {
namespace {

/// Bytes of the UTF-8 sequence (RFC 3629) at the front; 0 if there is none.
std::size_t sequenceLength(std::string_view text) {
  const auto at = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = at(0);
  if (lead < 0x80) return 1;
  const std::size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || text.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if ((at(i) & 0xC0U) != 0x80U) return 0;
  }
  // Overlong forms, surrogates, and what lies beyond U+10FFFF.
  const unsigned char second = at(1);
  if ((lead == 0xE0 && second < 0xA0) || (lead == 0xED && second > 0x9F)) return 0;
  if ((lead == 0xF0 && second < 0x90) || (lead == 0xF4 && second > 0x8F)) return 0;
  return length;
}

/// ASCII that stands for itself.
bool isPlain(char c) {
  return c >= 0x20 && c < 0x7F && c != '"' && c != '\\';
}

}  // namespace

void JsonWriter::newLine() {
  if (lineDepth_ != 0) return;
  out_ += '\n';
  out_.append(static_cast<std::size_t>(depth_) * 2, ' ');
}

void JsonWriter::element() {
  if (afterKey_) {
    afterKey_ = false;
    return;
  }
  if (!first_) out_ += ',';
  if (depth_ > 0) newLine();
  first_ = false;
}

JsonWriter& JsonWriter::open(char bracket) {
  element();
  out_ += bracket;
  ++depth_;
  first_ = true;
  return *this;
}

JsonWriter& JsonWriter::close(char bracket) {
  --depth_;
  if (!first_) newLine();
  out_ += bracket;
  if (depth_ < lineDepth_) lineDepth_ = 0;
  first_ = false;
  return *this;
}

JsonWriter& JsonWriter::key(std::string_view name) {
  element();
  quoted(name);
  out_ += lineDepth_ != 0 ? ":" : ": ";
  afterKey_ = true;
  return *this;
}

JsonWriter& JsonWriter::value(std::string_view text) {
  element();
  quoted(text);
  return *this;
}

JsonWriter& JsonWriter::literal(std::string_view text) {
  element();
  out_ += text;
  return *this;
}

JsonWriter& JsonWriter::integer(std::uint64_t number) {
  std::array<char, 20> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
  return literal({digits.data(), static_cast<std::size_t>(end - digits.data())});
}

JsonWriter& JsonWriter::shortest(double number) {
  std::array<char, 32> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
  return literal({digits.data(), static_cast<std::size_t>(end - digits.data())});
}

void JsonWriter::quoted(std::string_view text) {
  static constexpr std::string_view kHex = "0123456789abcdef";
  out_ += '"';
  while (!text.empty()) {
    const std::size_t plain = static_cast<std::size_t>(std::ranges::find_if_not(text, isPlain) - text.begin());
    out_ += text.substr(0, plain);
    text.remove_prefix(plain);
    if (text.empty()) break;
    const auto byte = static_cast<unsigned char>(text.front());
    const std::size_t length = sequenceLength(text);
    if (length == 0) {
      out_ += "\xEF\xBF\xBD";  // U+FFFD in place of a byte that is no UTF-8
    } else if (byte == '"' || byte == '\\') {
      out_ += '\\';
      out_ += text.front();
    } else if (byte < 0x20) {
      out_ += "\\u00";
      out_ += kHex[byte >> 4U];
      out_ += kHex[byte & 0xFU];
    } else {
      out_ += text.substr(0, length);
    }
    text.remove_prefix(length == 0 ? 1 : length);
  }
  out_ += '"';
}

}  // namespace flux
