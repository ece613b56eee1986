#include "record/codec.hpp"

#include <algorithm>
#include <functional>
#include <utility>

namespace flux {
namespace {

constexpr unsigned kGroupBits = 7;
constexpr std::uint64_t kGroupMask = (1U << kGroupBits) - 1;
constexpr unsigned kNumberBits = 64;

constexpr std::uint64_t unzigzag(std::uint64_t coded) noexcept {
  return coded >> 1U ^ (0 - (coded & 1U));
}

/// LEB128. False: it does not end, or has more than 64 bits.
bool takePlain(std::span<const std::byte>& bytes, std::uint64_t& value) {
  value = 0;
  for (unsigned shift = 0; shift < kNumberBits && !bytes.empty(); shift += kGroupBits) {
    const auto group = static_cast<std::uint64_t>(bytes.front());
    bytes = bytes.subspan(1);
    const std::uint64_t bits = group & kGroupMask;
    if (shift != 0 && bits >> (kNumberBits - shift) != 0) return false;
    value |= bits << shift;
    if (group <= kGroupMask) return true;
  }
  return false;
}

bool take(std::span<const std::byte>& bytes, std::uint64_t& last) {
  std::uint64_t coded = 0;
  if (!takePlain(bytes, coded)) return false;
  last += unzigzag(coded);
  return true;
}

}  // namespace

// ---- Writing -----------------------------------------------------------------------------------------------

void EventEncoder::encode(const RecordedEvent& event) {
  bytes_.push_back(
      static_cast<std::byte>(static_cast<std::uint8_t>(event.kind) | (event.byProducer ? kByProducer : 0)));
  std::uint64_t* const last = lasts_.of(event.kind);
  for (std::size_t i = 0; i < numberCount(event.kind); ++i) put(event.numbers[i], last[i]);
  if (hasText(event.kind)) putText(event.text);
  const std::size_t columns = columnCount(event.kind);
  if (columns == 0) return;
  plain(event.list.size() / columns);
  std::uint64_t* const lastRow = lasts_.ofRows(event.kind);
  for (std::size_t i = 0; i < event.list.size(); ++i) put(event.list[i], lastRow[i % columns]);
}

void EventEncoder::put(std::uint64_t value, std::uint64_t& last) {
  const std::uint64_t difference = value - std::exchange(last, value);
  // Small magnitudes become small numbers, whatever their sign.
  plain(difference << 1U ^ (0 - (difference >> 63U)));
}

void EventEncoder::plain(std::uint64_t value) {
  for (; value > kGroupMask; value >>= kGroupBits)
    bytes_.push_back(static_cast<std::byte>((value & kGroupMask) | 0x80U));
  bytes_.push_back(static_cast<std::byte>(value));
}

// A place has the newest name with its hash, so that both tables stay small whatever names there are.
void EventEncoder::putText(std::string_view text) {
  text = text.substr(0, kMaxTextBytes);
  const std::size_t place = std::hash<std::string_view>{}(text) % kNamePlaces;
  std::string& name = names_[place];
  const bool known = name == text;
  plain(place << 1U | (known ? 0 : 1));
  if (known) return;
  name = text;
  plain(text.size());
  const std::span<const std::byte> characters = std::as_bytes(std::span(text));
  bytes_.insert(bytes_.end(), characters.begin(), characters.end());
}

std::vector<std::byte> EventEncoder::take(std::vector<std::byte> memory) {
  memory.clear();
  return std::exchange(bytes_, std::move(memory));
}

// ---- Reading -----------------------------------------------------------------------------------------------

bool EventDecoder::next(std::span<const std::byte>& bytes, RecordedEvent& event) {
  if (bytes.empty()) return false;
  const auto first = static_cast<std::uint8_t>(bytes.front());
  bytes = bytes.subspan(1);
  const std::uint8_t kind = first & static_cast<std::uint8_t>(~kByProducer);
  if (kind >= kRecordKindCount) return false;
  event.kind = static_cast<RecordKind>(kind);
  event.byProducer = (first & kByProducer) != 0;
  const RecordRow& row = recordRow(event.kind);
  if (event.byProducer && row.group != RecordGroup::Call) return false;

  event.numbers = {};
  std::uint64_t* const last = lasts_.of(event.kind);
  for (std::size_t i = 0; i < numberCount(event.kind); ++i) {
    if (!flux::take(bytes, last[i])) return false;
    event.numbers[i] = last[i];
  }
  event.text.clear();
  if (row.text) {
    std::uint64_t place = 0;
    if (!takePlain(bytes, place) || place >> 1U >= kNamePlaces) return false;
    std::string& name = names_[static_cast<std::size_t>(place >> 1U)];
    if ((place & 1U) != 0) {
      std::uint64_t size = 0;
      if (!takePlain(bytes, size) || size > kMaxTextBytes || size > bytes.size()) return false;
      name.assign(reinterpret_cast<const char*>(bytes.data()), static_cast<std::size_t>(size));
      bytes = bytes.subspan(static_cast<std::size_t>(size));
    }
    event.text = name;
  }
  event.list.clear();
  const std::size_t columns = columnCount(event.kind);
  if (columns == 0) return true;
  std::uint64_t rows = 0;
  // Each number takes a byte at least, so a list is no longer than what is there.
  if (!takePlain(bytes, rows) || rows > bytes.size() / columns) return false;
  std::uint64_t* const lastRow = lasts_.ofRows(event.kind);
  for (std::uint64_t i = 0; i < rows * columns; ++i) {
    std::uint64_t& number = lastRow[i % columns];
    if (!flux::take(bytes, number)) return false;
    event.list.push_back(number);
  }
  return true;
}

}  // namespace flux
