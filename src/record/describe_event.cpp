#include <flux/recording.hpp>

#include "base/packed_handle.hpp"
#include "base/witness.hpp"
#include "record/codec.hpp"
#include "record/numbers.hpp"

#include <array>
#include <cstddef>

namespace flux {
namespace {

/// How many bytes of valid UTF-8 `text` begins with; 0: with none, or with a control character.
std::size_t printable(std::string_view text) {
  const auto byteAt = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byteAt(0);
  if (first < 0x80) return first >= 0x20 && first != 0x7f && first != '"' && first != '\\' ? 1 : 0;
  const std::size_t size = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4 || text.size() < size) return 0;
  for (std::size_t i = 1; i < size; ++i) {
    if ((byteAt(i) & 0xc0U) != 0x80) return 0;
  }
  // Too long, a surrogate, C1 controls, or beyond the last character.
  if ((first == 0xe0 && byteAt(1) < 0xa0) || (first == 0xed && byteAt(1) > 0x9f) ||
      (first == 0xc2 && byteAt(1) < 0xa0) || (first == 0xf0 && byteAt(1) < 0x90) ||
      (first == 0xf4 && byteAt(1) > 0x8f)) {
    return 0;
  }
  return size;
}

void appendQuoted(std::string& out, std::string_view text) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  out += '"';
  while (!text.empty()) {
    const std::size_t size = printable(text);
    if (size != 0) {
      out += text.substr(0, size);
    } else if (text[0] == '"' || text[0] == '\\') {
      out += '\\';
      out += text[0];
    } else {
      const auto byte = static_cast<unsigned char>(text[0]);
      out += "\\x";
      out += kDigits[byte >> 4U];
      out += kDigits[byte & 0xfU];
    }
    text.remove_prefix(size != 0 ? size : 1);
  }
  out += '"';
}

/// Numbers that mean nothing, as a damaged recording has them, stay numbers.
void appendNumber(std::string& out, std::string_view name, std::uint64_t number) {
  constexpr std::array<std::string_view, kSourceKinds> kSources{"bytes", "staged", "owned", "callback", "lasting"};
  out += name;
  out += '=';
  const BlockHandle handle = unpackedHandle(number);
  if ((name == "block" || name == "fallback") && packed(handle) == number) {
    out += std::to_string(handle.index) + "." + std::to_string(handle.generation);
  } else if (name == "error" && number != 0 && number - 1 <= static_cast<std::uint64_t>(ErrorCode::FileError)) {
    out += '\'';
    out += toString(errorCodeOf(number));
    out += '\'';
  } else if (name == "kind" && number < kPartKindCount) {
    out += toString(static_cast<PartKind>(number));
  } else if (name == "source" && number < 2 * kSourceKinds) {
    out += kSources[number % kSourceKinds];
    if (number >= kSourceKinds) out += "+kept";
  } else {
    out += std::to_string(number);
  }
}

}  // namespace

std::string describe(const RecordedEvent& event) {
  const RecordRow& row = recordRow(event.kind);
  std::string out = event.byProducer ? "producer: " : "";
  out += row.name;
  const auto appendAll = [&](std::string_view names, const std::uint64_t* number) {
    for (bool first = true; !names.empty(); first = false, ++number) {
      const std::size_t space = std::min(names.find(' '), names.size());
      if (!first) out += ' ';
      appendNumber(out, names.substr(0, space), *number);
      names.remove_prefix(std::min(space + 1, names.size()));
    }
  };
  if (!row.numbers.empty()) out += ' ';
  appendAll(row.numbers, event.numbers.data());
  if (row.text) {
    out += ' ';
    appendQuoted(out, event.text);
  }
  const std::size_t columns = columnCount(event.kind);
  for (std::size_t at = 0; columns != 0 && at + columns <= event.list.size(); at += columns) {
    out += " [";
    appendAll(row.columns, event.list.data() + at);
    out += ']';
  }
  return out;
}

}  // namespace flux
