#pragma once

#include <flux/host.hpp>

#include <array>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <span>
#include <thread>
#include <vector>

#include "device/used_ranges.hpp"

namespace flux {

/// Work as a queue holds it: resolved to memory when it was submitted.
struct HostWork {
  struct Copy {
    std::byte* destination = nullptr;
    const std::byte* source = nullptr;
    std::size_t bytes = 0;
    bool toPage = false;
  };
  struct Read {
    std::span<const std::byte> bytes;
    std::uint64_t* hash = nullptr;
  };

  std::vector<Copy> copies;
  std::vector<Read> reads;
  std::vector<QueueValue> waits;
  UsedRanges uses;
  /// A chunk that is destroyed too early must still be there to be read: the program is wrong, not the process.
  std::vector<std::shared_ptr<std::byte[]>> keepAlive;

  std::uint64_t duePoll = 0;                      ///< Set by the queue: not before this poll.
  std::vector<std::span<std::byte>> poisonAfter;  ///< Set by the queue: reclaimed while the work ran.
};

/// The queues of the simulated device: they hold work back, run it in order, and count what was reclaimed too early.
///
/// **Thread contract.** `poll`, `wait` and `reclaim` belong to the device's owner; everything else may be
/// called on any thread. Work runs outside the lock, so nobody but `wait` and `allow` waits for it.
///
/// **Invariants.**
/// - Of each queue, seen <= done <= submitted; `works` holds exactly the values in (seen, submitted].
/// - One thread at a time runs work.
/// - Work is remembered until a poll has seen it done. So a range that is reclaimed before is counted,
///   whether or not a worker happened to be faster.
class HostQueues {
 public:
  explicit HostQueues(const HostDeviceDesc& desc);

  [[nodiscard]] TimelineValue submit(QueueId queue, HostWork work);

  /// Lets work up to `value` run as soon as its waits are met, and runs what can be run.
  void allow(QueueId queue, TimelineValue value);

  /// False: the device is lost.
  [[nodiscard]] bool poll();

  /// False: `value` was not reached in time, or never can be.
  [[nodiscard]] bool wait(QueueId queue, TimelineValue value, std::chrono::nanoseconds timeout);

  /// Drops all work that has not happened, and all that is submitted from now on.
  void lose();
  [[nodiscard]] bool lost() const noexcept;

  /// Poisons a range that nobody uses any more; counts the call when unseen work does.
  void reclaim(MemoryKey memory, ByteOffset offset, std::span<std::byte> bytes);

  /// The host is about to write a range: counts the call as a reclaim is counted, and as a copy is.
  void noteWrite(MemoryKey memory, ByteOffset offset, std::span<const std::byte> bytes);

  [[nodiscard]] TimelineValue completed(QueueId queue) const noexcept;
  [[nodiscard]] TimelineValue submitted(QueueId queue) const noexcept;
  [[nodiscard]] std::uint64_t earlyReclaims() const noexcept;
  [[nodiscard]] std::uint64_t overwrites() const noexcept;

 private:
  struct Queue {
    std::deque<HostWork> works;
    TimelineValue submitted = 0;
    TimelineValue done = 0;
    TimelineValue allowed = 0;           ///< Manual only.
    std::atomic<TimelineValue> seen{0};  ///< Written under the lock, read by any thread.
  };

  [[nodiscard]] Queue& at(QueueId queue) noexcept { return queues_[static_cast<std::uint32_t>(queue)]; }
  [[nodiscard]] const Queue& at(QueueId queue) const noexcept { return queues_[static_cast<std::uint32_t>(queue)]; }
  /// The unseen work that uses a range: `running_` if that does, else any, else null.
  [[nodiscard]] const HostWork* user(MemoryKey memory, ByteOffset offset, ByteCount bytes) const noexcept;
  [[nodiscard]] Queue* nextReady() noexcept;
  [[nodiscard]] bool ready(const Queue& queue) const noexcept;
  void runNext(Queue& queue, std::unique_lock<std::mutex>& lock);
  void runReady();
  void allowWithWaits(QueueId queue, TimelineValue value);
  void publishSeen();
  void workerLoop(const std::stop_token& stop);

  const HostDeviceDesc desc_;
  mutable std::mutex mutex_;  ///< Guards everything below.
  std::mutex driving_;        ///< Held while running work; taken before `mutex_`.
  std::condition_variable_any changed_;
  std::array<Queue, kMaxQueues> queues_;
  HostWork* running_ = nullptr;
  std::uint64_t polls_ = 0;
  bool lost_ = false;
  std::uint64_t earlyReclaims_ = 0;
  std::uint64_t overwrites_ = 0;
  std::jthread worker_;  ///< Last: it is joined before the rest goes.
};

}  // namespace flux
