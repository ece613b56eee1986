#pragma once

#include "base/sync.hpp"

#include <concurrentqueue.h>

#include <chrono>
#include <cstdint>
#include <deque>
#include <mutex>
#include <utility>

namespace flux {

/// What any thread asks of the geometry thread: a bounded queue that is emptied once a step.
///
/// **Thread contract.** `push`, `waitForRoom` and `release`: any thread, each with a `Producer` of its own for `push`.
/// `drain`: geometry thread.
///
/// **Invariants.** The instructions of one producer run in their order, each once. One that is pushed while a drain
/// runs is run by the next one, so a drain ends. Everything that was pushed before something that the draining thread
/// knows of is seen by that drain. No more than the limits wait: instructions, and the bytes that came with them, which
/// count until they are released.
///
/// Built on moodycamel::ConcurrentQueue (lock-free, FIFO for each producer).
template <class Instruction>
class InstructionQueue {
  struct Item {
    std::uint64_t epoch = 0;
    Instruction instruction;
  };
  using Queue = moodycamel::ConcurrentQueue<Item>;

 public:
  using Producer = moodycamel::ProducerToken;

  InstructionQueue(std::uint32_t maxInstructions, std::uint64_t maxBytes)
      : maxInstructions_(maxInstructions), maxBytes_(maxBytes) {}
  InstructionQueue(const InstructionQueue&) = delete;
  InstructionQueue& operator=(const InstructionQueue&) = delete;

  [[nodiscard]] Producer makeProducer() { return Producer(queue_); }

  /// Takes room for bytes that will come with an instruction. False: there is none. More than the whole limit gets in
  /// when nothing else waits, or it never would.
  [[nodiscard]] bool acquire(std::uint64_t bytes) noexcept {
    const std::uint64_t before = bytes_.fetch_add(bytes, std::memory_order_relaxed);
    if (before == 0 || before + bytes <= maxBytes_) return true;
    release(bytes);
    return false;
  }

  /// The bytes are gone. Any thread.
  void release(std::uint64_t bytes) noexcept {
    bytes_.fetch_sub(bytes, std::memory_order_relaxed);
    wake();
  }

  /// False, and the instruction is as it was: the queue is full.
  [[nodiscard]] bool push(const Producer& producer, Instruction& instruction) {
    if (count_.fetch_add(1, std::memory_order_release) < maxInstructions_) {
      Item item{epoch_.load(std::memory_order_relaxed), std::move(instruction)};
      if (queue_.enqueue(producer, std::move(item))) return true;
      // NOLINTNEXTLINE(bugprone-use-after-move): it is moved from only if it was queued
      instruction = std::move(item.instruction);
    }
    count_.fetch_sub(1, std::memory_order_relaxed);
    wake();  // who waits may have counted this instruction too
    return false;
  }

  /// Calls `run(instruction)` for all that was pushed before; returns how many. How long that takes is bounded by the
  /// number of instructions that may wait: who sends more has to wait himself.
  template <class Run>
  std::uint32_t drain(const Run& run) {
    std::uint32_t drained = 0;
    const std::uint64_t epoch = epoch_.fetch_add(1, std::memory_order_relaxed);
    const auto runOne = [&](Instruction& instruction) {
      run(instruction);
      count_.fetch_sub(1, std::memory_order_relaxed);
      ++drained;
    };
    for (std::size_t left = early_.size(); left > 0; --left) {
      runOne(early_.front());
      early_.pop_front();
    }
    // At most as many come early as may wait, so this loop ends even if others never stop pushing.
    for (Item item; queue_.try_dequeue(item);) {
      // The queue has ordered this after the push already, by fences that ThreadSanitizer does not understand.
      (void)count_.load(std::memory_order_acquire);
      if (item.epoch > epoch) {
        early_.push_back(std::move(item.instruction));
      } else {
        runOne(item.instruction);
      }
    }
    if (drained > 0) wake();
    return drained;
  }

  /// Waits until something has been run or released since the queue was found full, or for `timeout`. False: it timed
  /// out. Must not be called on the geometry thread, which is who makes room.
  [[nodiscard]] bool waitForRoom(std::chrono::nanoseconds timeout) {
    std::unique_lock lock(mutex_);
    ++waiting_;
    const bool room = wakeUp_.wait_for(lock, timeout, [this] {
      const std::uint64_t bytes = bytes_.load(std::memory_order_relaxed);
      return count_.load(std::memory_order_relaxed) < maxInstructions_ && (bytes == 0 || bytes < maxBytes_);
    });
    --waiting_;
    return room;
  }

  [[nodiscard]] std::uint32_t waiting() const noexcept { return count_.load(std::memory_order_relaxed); }
  [[nodiscard]] std::uint64_t waitingBytes() const noexcept { return bytes_.load(std::memory_order_relaxed); }

 private:
  /// The lock orders this after a waiter's look at the counters; without a waiter it costs one uncontended lock.
  void wake() noexcept {
    const std::lock_guard lock(mutex_);
    if (waiting_ > 0) wakeUp_.notify_all();
  }

  const std::uint32_t maxInstructions_;
  const std::uint64_t maxBytes_;
  sync::Atomic<std::uint64_t> epoch_{0};
  sync::Atomic<std::uint32_t> count_{0};  ///< Queued, and early ones.
  sync::Atomic<std::uint64_t> bytes_{0};
  sync::Mutex mutex_;
  sync::ConditionVariable wakeUp_;
  std::uint32_t waiting_ = 0;
  // Last: what instructions bring along is released when they go.
  Queue queue_;
  std::deque<Instruction> early_;  ///< Pushed during the last drain; first in the next one.
};

}  // namespace flux
