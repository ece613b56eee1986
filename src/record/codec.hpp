#pragma once

#include <flux/record_kind.hpp>
#include <flux/recording.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace flux {

/// How events become bytes. One begins with its kind (its highest bit: a producer has asked for it); then come its
/// numbers, each as the difference to that of the last event of the kind, zigzag and LEB128, so that what goes on as
/// before takes a byte; then its name, as a place in a table that both sides keep and, if it is new there, its
/// characters; then the rows of its list, as numbers are.
inline constexpr std::uint8_t kByProducer = 0x80;
inline constexpr std::size_t kMaxColumns = 5;
inline constexpr std::size_t kMaxTextBytes = 255;
inline constexpr std::size_t kNamePlaces = 4096;

namespace detail {

constexpr std::uint8_t words(std::string_view text) {
  return text.empty() ? 0 : static_cast<std::uint8_t>(1 + std::count(text.begin(), text.end(), ' '));
}
constexpr auto wordsOf(std::string_view RecordRow::*names) {
  std::array<std::uint8_t, kRecordKindCount> all{};
  for (std::size_t i = 0; i < all.size(); ++i) all[i] = words(recordRow(static_cast<RecordKind>(i)).*names);
  return all;
}
inline constexpr auto kNumberCounts = wordsOf(&RecordRow::numbers);
inline constexpr auto kColumnCounts = wordsOf(&RecordRow::columns);
inline constexpr auto kHasText = [] {
  std::array<bool, kRecordKindCount> all{};
  for (std::size_t i = 0; i < all.size(); ++i) all[i] = recordRow(static_cast<RecordKind>(i)).text;
  return all;
}();
static_assert(std::ranges::max(kNumberCounts) <= RecordedEvent::kMaxNumbers);
static_assert(std::ranges::max(kColumnCounts) <= kMaxColumns);

}  // namespace detail

[[nodiscard]] constexpr std::size_t numberCount(RecordKind kind) noexcept {
  return detail::kNumberCounts[static_cast<std::size_t>(kind)];
}
[[nodiscard]] constexpr std::size_t columnCount(RecordKind kind) noexcept {
  return detail::kColumnCounts[static_cast<std::size_t>(kind)];
}

[[nodiscard]] constexpr bool hasText(RecordKind kind) noexcept {
  return detail::kHasText[static_cast<std::size_t>(kind)];
}

/// What the numbers of an event and those of its rows differ from.
class LastNumbers {
 public:
  [[nodiscard]] std::uint64_t* of(RecordKind kind) noexcept { return numbers_[static_cast<std::size_t>(kind)].data(); }
  [[nodiscard]] std::uint64_t* ofRows(RecordKind kind) noexcept { return rows_[static_cast<std::size_t>(kind)].data(); }

 private:
  std::array<std::array<std::uint64_t, RecordedEvent::kMaxNumbers>, kRecordKindCount> numbers_{};
  std::array<std::array<std::uint64_t, kMaxColumns>, kRecordKindCount> rows_{};
};

/// **Thread contract.** One thread.
class EventEncoder {
 public:
  EventEncoder() { names_.resize(kNamePlaces); }

  void encode(const RecordedEvent& event);

  /// What has been written since the last call. `memory` is used for what comes next.
  [[nodiscard]] std::vector<std::byte> take(std::vector<std::byte> memory = {});

 private:
  void put(std::uint64_t value, std::uint64_t& last);
  void plain(std::uint64_t value);
  void putText(std::string_view text);

  std::vector<std::byte> bytes_;
  LastNumbers lasts_;
  std::vector<std::string> names_;
};

/// The other way round. It believes nothing: what makes no sense ends it.
class EventDecoder {
 public:
  EventDecoder() { names_.resize(kNamePlaces); }

  /// Takes one event from the front of `bytes`. False: they are damaged.
  [[nodiscard]] bool next(std::span<const std::byte>& bytes, RecordedEvent& event);

 private:
  LastNumbers lasts_;
  std::vector<std::string> names_;
};

}  // namespace flux
