#include "record/codec.hpp"

#include <algorithm>
#include <cstring>
#include <functional>
#include <utility>

namespace flux {
namespace {

constexpr unsigned kGroupBits = 7;
constexpr std::uint64_t kGroupMask = (1U << kGroupBits) - 1;
constexpr unsigned kNumberBits = 64;
constexpr std::size_t kMaxPlainBytes = (kNumberBits + kGroupBits - 1) / kGroupBits;

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

void EventEncoder::makeRoom(std::size_t bytes) {
  constexpr std::size_t kLeast = 72U << 10U;
  if (bytes_.size() - size_ < bytes) [[unlikely]]
    bytes_.resize(std::max({kLeast, bytes_.capacity(), 2 * (size_ + bytes)}));
}

void EventEncoder::begin(RecordKind kind, bool byProducer) {
  // Kind, numbers, place, size, characters, rows.
  makeRoom(1 + (RecordedEvent::kMaxNumbers + 3) * kMaxPlainBytes + kMaxTextBytes);
  kind_ = kind;
  last_ = lasts_.of(kind);
  bytes_[size_++] = static_cast<std::byte>(static_cast<std::uint8_t>(kind) | (byProducer ? kByProducer : 0));
}

// A place has the newest name with its hash, so that both tables stay small whatever names there are.
void EventEncoder::text(std::string_view text) {
  text = text.substr(0, kMaxTextBytes);
  const std::size_t place = std::hash<std::string_view>{}(text) % kNamePlaces;
  std::string& name = names_[place];
  const bool known = name == text;
  plain(place << 1U | (known ? 0 : 1));
  if (known) return;
  name = text;
  plain(text.size());
  std::memcpy(bytes_.data() + size_, text.data(), text.size());
  size_ += text.size();
}

void EventEncoder::rows(std::size_t count) {
  plain(count);
}

void EventEncoder::row(std::initializer_list<std::uint64_t> values) {
  makeRoom(kMaxColumns * kMaxPlainBytes);
  std::uint64_t* last = lasts_.ofRows(kind_);
  for (const std::uint64_t value : values) put(value, *last++);
}

std::vector<std::byte> EventEncoder::take(std::vector<std::byte> memory) {
  std::vector<std::byte> taken = std::exchange(bytes_, std::move(memory));
  taken.resize(std::exchange(size_, 0));
  return taken;
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
