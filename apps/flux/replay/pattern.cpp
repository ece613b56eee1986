#include "replay/pattern.hpp"

#include "random.hpp"

#include <algorithm>
#include <cstring>

namespace flux::app {
namespace {

constexpr std::size_t kWordBytes = sizeof(std::uint32_t);
constexpr std::uint32_t kStride = 0x85EBCA6BU;

}  // namespace

void fillPattern(const PatternId& id, ByteOffset offset, std::span<std::byte> out) noexcept {
  const std::uint64_t block = mix(std::uint64_t{id.block.generation} << 32U | id.block.index);
  const auto first = static_cast<std::uint32_t>(
      mix(block ^ mix(std::uint64_t{static_cast<std::uint32_t>(id.part)} << 32U | id.contents)));
  const auto wordAt = [&](std::uint64_t index) { return first + static_cast<std::uint32_t>(index) * kStride; };
  // A piece may begin and end inside a word.
  const auto partOfWord = [&](std::size_t begin, std::size_t bytes) {
    const std::uint32_t word = wordAt(offset / kWordBytes);
    std::byte all[kWordBytes];
    std::memcpy(all, &word, kWordBytes);
    std::memcpy(out.data(), all + begin, bytes);
    out = out.subspan(bytes);
    offset += bytes;
  };
  const std::size_t begin = offset % kWordBytes;
  if (begin != 0 && !out.empty()) partOfWord(begin, std::min(kWordBytes - begin, out.size()));
  const std::size_t words = out.size() / kWordBytes;
  std::uint32_t word = wordAt(offset / kWordBytes);
  for (std::size_t i = 0; i < words; ++i, word += kStride) {
    std::memcpy(out.data() + i * kWordBytes, &word, kWordBytes);
  }
  out = out.subspan(words * kWordBytes);
  offset += words * kWordBytes;
  if (!out.empty()) partOfWord(0, out.size());
}

}  // namespace flux::app
