#pragma once

#include "base/prefetch.hpp"
#include "record/codec.hpp"

#include <flux/record_kind.hpp>
#include <flux/recording.hpp>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <memory>
#include <span>
#include <string_view>
#include <utility>

namespace flux {

/// Memory for events, and how much of it they take. It is used again and again, so it begins with anything in it.
struct EventBlock {
  EventBlock() = default;
  explicit EventBlock(std::size_t words)
      : memory(std::make_unique_for_overwrite<std::uint64_t[]>(words)), capacity(words) {}

  [[nodiscard]] std::span<const std::uint64_t> events() const noexcept { return {memory.get(), size}; }

  std::unique_ptr<std::uint64_t[]> memory;
  std::size_t capacity = 0;
  std::size_t size = 0;
};

/// Events as the geometry thread leaves them: it copies their numbers as they are, and the thread that writes the file
/// makes bytes of them. An event is its kind, its numbers, the size and the characters of its name if the kind has one,
/// and the number of rows and the rows themselves if the kind has those.
///
/// **Thread contract.** One thread. **Units.** Words of 64 bits.
class EventWords {
 public:
  /// An event that is being written: its numbers, as many as its kind has, then its name, then its rows, if the kind
  /// has them. There is room for it (`hasRoom`), so that nothing is asked word by word.
  class Event {
   public:
    void number(std::uint64_t value) {
#if defined(__GNUC__)
      // Word by word: the caller has just written these numbers, each by itself, and the processor holds up who reads
      // two of them at once until the first has reached the cache, behind all other writes.
      asm volatile("" : "+r"(value));
#endif
      *at_++ = value;
    }
    /// Cut to `kMaxTextBytes`.
    void text(std::string_view text) {
      text = text.substr(0, kMaxTextBytes);
      number(text.size());
      copy(text.data(), text.size(), reinterpret_cast<char*>(at_));
      at_ += wordsOfText(text.size());
    }
    void numbers(std::span<const std::uint64_t> values) {
      for (const std::uint64_t value : values) number(value);
    }
    void numbers(std::initializer_list<std::uint64_t> values) {
      numbers(std::span(values.begin(), values.size()));
    }

   private:
    friend EventWords;
    /// Names are short: what is made for long copies takes longer to begin.
    static void copy(const char* from, std::size_t bytes, char* to) {
      constexpr std::size_t kWord = sizeof(std::uint64_t);
      if (bytes < kWord) {
        for (std::size_t i = 0; i < bytes; ++i) to[i] = from[i];
        return;
      }
      for (std::size_t i = 0; i + kWord < bytes; i += kWord) std::memcpy(to + i, from + i, kWord);
      std::memcpy(to + bytes - kWord, from + bytes - kWord, kWord);
    }
    explicit Event(std::uint64_t* at) : at_(at) {}
    std::uint64_t* at_;
  };

  /// So much an event with so many rows takes at most.
  static constexpr std::size_t mostWords(std::size_t rows) {
    // Kind, numbers, size, characters, number of rows.
    return 3 + RecordedEvent::kMaxNumbers + wordsOfText(kMaxTextBytes) + rows * kMaxColumns;
  }

  [[nodiscard]] bool hasRoom(std::size_t words) const noexcept {
    return static_cast<std::size_t>(end_ - at_) >= words;
  }
  [[nodiscard]] bool empty() const noexcept {
    return at_ == block_.memory.get();
  }

  /// REQUIRES: room for all of it.
  [[nodiscard]] Event begin(RecordKind kind, bool byProducer = false) {
    // The thread that writes the file has had this memory last. The processor keeps few writes that wait for memory,
    // and sometimes holds up reads until all of them are done.
    for (std::size_t line = 0; line < kLinesAnEvent; ++line) {
      prefetchToWriteBehind(at_, kAheadBytes + line * kLineBytes);
    }
    Event event(at_);
    event.number(static_cast<std::uint64_t>(kind) | (byProducer ? kByProducer : 0U));
    return event;
  }
  /// It is whole.
  void end(const Event& event) noexcept {
    at_ = event.at_;
  }

  /// What has been written since the last call. What comes next goes to `next`.
  [[nodiscard]] EventBlock take(EventBlock next);

  /// Takes one event from the front of words that were written whole.
  static void next(std::span<const std::uint64_t>& words, RecordedEvent& event);

 private:
  static constexpr std::size_t kLineBytes = 64;
  static constexpr std::size_t kLinesAnEvent = 2;  ///< As a rule.
  static constexpr std::size_t kAheadBytes = 768;  ///< Some 8 events.

  static constexpr std::size_t wordsOfText(std::size_t bytes) {
    return (bytes + sizeof(std::uint64_t) - 1) / sizeof(std::uint64_t);
  }

  EventBlock block_;
  std::uint64_t* at_ = nullptr;  ///< The next event.
  std::uint64_t* end_ = nullptr;
};

}  // namespace flux
