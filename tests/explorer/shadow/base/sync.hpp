#pragma once

/// Found instead of src/base/sync.hpp: the same names, but every access is a step of the explorer. Atomics are
/// sequentially consistent here; whether a weaker order suffices is ThreadSanitizer's to see.

#include "explorer/explorer.hpp"

#include <atomic>
#include <cstdint>
#include <mutex>
#include <utility>

namespace flux::sync {

class Mutex {
 public:
  void lock() { explorer::lock(object_, &held_); }
  bool try_lock() {
    explorer::step(object_, explorer::Access::Write, "try_lock");
    return !std::exchange(held_, true);
  }
  void unlock() { explorer::unlock(object_, &held_); }

 private:
  explorer::Object object_{"mutex"};
  bool held_ = false;
};

/// Time does not pass here: who waits with a timeout waits until he is woken, and a lost wake-up is a deadlock.
class ConditionVariable {
 public:
  template <class Lock, class Predicate>
  void wait(Lock& lock, const Predicate& predicate) {
    while (!predicate()) {
      explorer::step(object_, explorer::Access::Read, "sleep on");
      const std::uint64_t seen = wakeUps_;  // in one step with the unlock
      lock.unlock();
      explorer::await(object_, explorer::Access::Read, "wait for", [this, seen] { return wakeUps_ != seen; });
      lock.lock();
    }
  }
  template <class Lock, class Duration, class Predicate>
  bool wait_for(Lock& lock, const Duration&, const Predicate& predicate) {
    wait(lock, predicate);
    return true;
  }
  void notify_all() {
    explorer::step(object_, explorer::Access::Write, "notify");
    ++wakeUps_;
  }

 private:
  explorer::Object object_{"condition"};
  std::uint64_t wakeUps_ = 0;
};

template <class T>
class Atomic {
 public:
  Atomic() = default;
  Atomic(T value) : value_(value) {}

  T load(std::memory_order = std::memory_order_seq_cst) const { return read(); }
  operator T() const { return read(); }
  void store(T value, std::memory_order = std::memory_order_seq_cst) { write("store") = value; }
  T operator=(T value) { return write("store") = value; }
  T exchange(T value, std::memory_order = std::memory_order_seq_cst) { return std::exchange(write("exchange"), value); }
  bool compare_exchange_strong(T& expected, T desired, std::memory_order = std::memory_order_seq_cst,
                               std::memory_order = std::memory_order_seq_cst) {
    T& value = write("compare_exchange");
    if (value != expected) {
      expected = value;
      return false;
    }
    value = desired;
    return true;
  }
  bool compare_exchange_weak(T& expected, T desired, std::memory_order = std::memory_order_seq_cst,
                             std::memory_order = std::memory_order_seq_cst) {
    return compare_exchange_strong(expected, desired);
  }
  T fetch_add(T operand, std::memory_order = std::memory_order_seq_cst) {
    return modify([&](T v) { return v + operand; });
  }
  T fetch_sub(T operand, std::memory_order = std::memory_order_seq_cst) {
    return modify([&](T v) { return v - operand; });
  }
  T fetch_or(T operand, std::memory_order = std::memory_order_seq_cst) {
    return modify([&](T v) { return v | operand; });
  }
  T fetch_and(T operand, std::memory_order = std::memory_order_seq_cst) {
    return modify([&](T v) { return v & operand; });
  }

 private:
  T read() const {
    explorer::step(object_, explorer::Access::Read, "load");
    return value_;
  }
  T& write(const char* what) {
    explorer::step(object_, explorer::Access::Write, what);
    return value_;
  }
  template <class Operation>
  T modify(const Operation& operation) {
    T& value = write("read-modify-write");
    return std::exchange(value, static_cast<T>(operation(value)));
  }

  explorer::Object object_{"atomic"};
  T value_{};
};

}  // namespace flux::sync
