#pragma once

#include "base/prefetch.hpp"
#include "record/codec.hpp"

#include <flux/record_kind.hpp>
#include <flux/recording.hpp>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

namespace flux {

/// Events as the geometry thread leaves them: it copies their numbers as they are, and the thread that writes the file
/// makes bytes of them. An event is its kind, its numbers, the size and the characters of its name if the kind has one,
/// and the number of rows and the rows themselves if the kind has those.
///
/// **Thread contract.** One thread. **Units.** Words of 64 bits.
class EventWords {
 public:
  /// An event: its numbers, as many as its kind has, then its name, then its rows, if the kind has them.
  void begin(RecordKind kind, bool byProducer = false) {
    // Kind, numbers, size, characters, number of rows.
    makeRoom(3 + RecordedEvent::kMaxNumbers + wordsOfText(kMaxTextBytes));
    // The thread that writes the file has had this memory last. The processor keeps few writes that wait for memory,
    // and sometimes holds up reads until all of them are done.
    for (std::size_t line = 0; line < kLinesAnEvent; ++line) {
      prefetchToWriteBehind(words_.data() + size_, kAheadBytes + line * kLineBytes);
    }
    number(static_cast<std::uint64_t>(kind) | (byProducer ? kByProducer : 0U));
  }
  void number(std::uint64_t value) { words_[size_++] = value; }
  /// Cut to `kMaxTextBytes`.
  void text(std::string_view text) {
    text = text.substr(0, kMaxTextBytes);
    number(text.size());
    std::memcpy(words_.data() + size_, text.data(), text.size());
    size_ += wordsOfText(text.size());
  }
  void rows(std::size_t count) {
    number(count);
    makeRoom(count * kMaxColumns);
  }
  void row(std::initializer_list<std::uint64_t> values) {
    for (const std::uint64_t value : values) number(value);
  }

  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  /// What has been written since the last call. `memory` is used for what comes next.
  [[nodiscard]] std::vector<std::uint64_t> take(std::vector<std::uint64_t> memory = {}) {
    std::vector<std::uint64_t> taken = std::exchange(words_, std::move(memory));
    taken.resize(std::exchange(size_, 0));
    return taken;
  }

  /// Takes one event from the front of words that were written whole.
  static void next(std::span<const std::uint64_t>& words, RecordedEvent& event);

 private:
  static constexpr std::size_t kLineBytes = 64;
  static constexpr std::size_t kLinesAnEvent = 2;  ///< As a rule.
  static constexpr std::size_t kAheadBytes = 768;  ///< Some 8 events.

  static constexpr std::size_t wordsOfText(std::size_t bytes) {
    return (bytes + sizeof(std::uint64_t) - 1) / sizeof(std::uint64_t);
  }
  void makeRoom(std::size_t words) {
    if (words_.size() - size_ < words) [[unlikely]]
      grow(words);
  }
  void grow(std::size_t words);

  std::vector<std::uint64_t> words_;  ///< Of which `size_` are written.
  std::size_t size_ = 0;
};

}  // namespace flux
