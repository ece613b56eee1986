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

  std::uint64_t duePoll = 0;  ///< Set by the queue: not before this poll.
};

/// A part of a chunk or page, which stays there as long as this.
struct HostBytes {
  std::span<std::byte> bytes;
  std::shared_ptr<std::byte[]> memory;
};

/// The queues of the simulated device: they hold work back, run it in order, and count what was reclaimed too early.
///
/// **Thread contract.** `poll`, `wait`, `settle` and what is said of memory belong to the device's owner; everything
/// else may be called on any thread. Work runs outside the lock, so nobody but `wait` and `allow` waits for it.
///
/// **Invariants.**
/// - Of each queue, seen <= done <= submitted; `works` holds exactly the values in (seen, submitted].
/// - One thread at a time runs work, and poisons.
/// - What was reclaimed before a piece of work runs is poisoned by then, by the thread that runs it: with `Worker` the
///   device's owner neither copies nor fills anything. Only where the host maps chunks it fills them at once.
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

  /// A chunk is new. All that is said of memory here is poisoned before the next work runs.
  void addMemory(HostBytes all);

  /// Nobody uses a range of a chunk any more; counts the call when unseen work does.
  void reclaim(MemoryKey memory, ByteOffset offset, HostBytes range);

  /// A chunk or page goes: likewise. Without such work nobody can see whether it was poisoned.
  void discard(MemoryKey memory, HostBytes all);

  /// Poisons what waits for it.
  void settle();

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
  void poisonSoon(HostBytes range, bool inUse);
  void poison(std::unique_lock<std::mutex>& lock);
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
  std::vector<HostBytes> toPoison_;
  bool poisoning_ = false;
  std::uint64_t polls_ = 0;
  bool lost_ = false;
  std::uint64_t earlyReclaims_ = 0;
  std::uint64_t overwrites_ = 0;
  std::jthread worker_;  ///< Last: it is joined before the rest goes.
};

}  // namespace flux
