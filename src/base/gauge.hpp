#pragma once

#include <atomic>

namespace flux {

/// A number that one thread changes and every thread may read: for statistics.
///
/// **Thread contract.** One thread writes, and sees its own writes; any thread reads, and sees each number whole, but
/// two numbers perhaps of different moments. Nothing may be concluded about other memory.
///
/// A change is a plain load and a plain store, no atomic read-modify-write. `std::atomic` itself and not that of
/// `base/sync.hpp`: no thread decides anything by what it reads here, so there is no order worth exploring.
template <class T>
class Gauge {
 public:
  Gauge() = default;
  Gauge(const Gauge&) = delete;
  Gauge& operator=(const Gauge&) = delete;

  // NOLINTNEXTLINE(google-explicit-constructor): it stands for the number
  operator T() const noexcept { return value_.load(std::memory_order_relaxed); }

  // NOLINTNEXTLINE(misc-unconventional-assign-operator): as the number that was assigned
  T operator=(T value) noexcept {
    value_.store(value, std::memory_order_relaxed);
    return value;
  }
  void operator+=(T by) noexcept { *this = static_cast<T>(*this + by); }
  void operator-=(T by) noexcept { *this = static_cast<T>(*this - by); }
  void operator++() noexcept { *this += 1; }
  void operator--() noexcept { *this -= 1; }
  void raiseTo(T least) noexcept {
    if (*this < least) *this = least;
  }

 private:
  std::atomic<T> value_{};
};

}  // namespace flux
