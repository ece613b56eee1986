#include "printable.hpp"

#include <cstdint>

namespace flux::app {
namespace {

/// The character at the front and its bytes; no bytes: there is no whole one.
struct Character {
  std::uint32_t code = 0;
  std::size_t bytes = 0;
};

Character first(std::string_view text) {
  const auto at = [&](std::size_t i) { return static_cast<std::uint8_t>(text[i]); };
  if (at(0) < 0x80) return {at(0), 1};
  const std::size_t bytes = at(0) >= 0xF0 ? 4 : at(0) >= 0xE0 ? 3 : 2;
  if (at(0) < 0xC2 || at(0) > 0xF4 || text.size() < bytes) return {};
  std::uint32_t code = at(0) & (0x7FU >> bytes);
  for (std::size_t i = 1; i < bytes; ++i) {
    if ((at(i) & 0xC0U) != 0x80U) return {};
    code = code << 6U | (at(i) & 0x3FU);
  }
  return {code, bytes};
}

bool steers(std::uint32_t code) {
  if (code < 0x20 || (code >= 0x7F && code < 0xA0)) return true;  // controls
  if (code == 0x2028 || code == 0x2029) return true;              // ends of lines and paragraphs
  return code == 0x200E || code == 0x200F || code == 0x061C || (code >= 0x202A && code <= 0x202E) ||
         (code >= 0x2066 && code <= 0x2069);  // directions
}

void appendHex(std::string& out, std::uint32_t value, int digits) {
  for (int shift = 4 * (digits - 1); shift >= 0; shift -= 4) out += "0123456789ABCDEF"[value >> shift & 0xFU];
}

}  // namespace

std::string printable(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const auto [code, bytes] = first(text);
    if (bytes == 0 || (steers(code) && code < 0x80)) {
      out += "\\x";
      appendHex(out, static_cast<std::uint8_t>(text.front()), 2);
    } else if (steers(code)) {
      out += "\\u";
      appendHex(out, code, 4);
    } else {
      out += text.substr(0, bytes);
    }
    text.remove_prefix(bytes == 0 ? 1 : bytes);
  }
  return out;
}

}  // namespace flux::app
