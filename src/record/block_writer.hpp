#pragma once

#include "base/sync.hpp"
#include "record/codec.hpp"
#include "record/event_words.hpp"

#include <flux/result.hpp>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace flux {

/// Makes bytes of events, packs them and writes them to a file, on a thread of its own.
///
/// **Thread contract.** `push` and `close`: one thread. `error` and `fileBytes`: any thread.
/// **Bounds.** What waits; beyond it `push` gives up, as it does once the disk has failed.
class BlockWriter {
 public:
  /// `name` is for errors.
  BlockWriter(std::ofstream file, std::string name);
  ~BlockWriter() { close(); }
  BlockWriter(const BlockWriter&) = delete;
  BlockWriter& operator=(const BlockWriter&) = delete;

  /// Memory for so many words of events at least: that of events that have been written, if there is some.
  [[nodiscard]] EventBlock spare(std::size_t words);

  /// Takes events (`EventWords`), which become one block of the file. False: they will not be written, nor will what
  /// comes later; `error` says why. Never waits for the disk.
  bool push(EventBlock events);

  /// Waits until all is written.
  void close();

  [[nodiscard]] std::optional<Error> error() const;
  [[nodiscard]] ByteCount fileBytes() const noexcept { return fileBytes_.load(std::memory_order_relaxed); }

 private:
  void run();
  void fail(ErrorCode code);

  std::ofstream file_;  ///< These two are the thread's.
  EventEncoder encoder_;
  const std::string name_;
  sync::Atomic<ByteCount> fileBytes_{0};
  mutable sync::Mutex mutex_;  ///< Guards the rest.
  sync::ConditionVariable wakeUp_;
  std::deque<EventBlock> blocks_;
  std::vector<EventBlock> spares_;
  std::size_t waitingWords_ = 0;
  bool closing_ = false;
  std::optional<Error> error_;
  std::thread thread_;
};

}  // namespace flux
