#pragma once

#include <flux/render_scheduler.hpp>

#include "pool/pool_test_tools.hpp"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <exception>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace flux::test {

/// Threads of its own for each run; they take tasks as they come.
class ThreadRunner final : public TaskRunner {
 public:
  explicit ThreadRunner(std::uint32_t threads) : threads_(threads) {}
  void run(std::uint32_t count, const std::function<void(std::uint32_t)>& task) override {
    std::atomic<std::uint32_t> next{0};
    std::mutex mutex;
    std::exception_ptr failure;
    std::vector<std::thread> threads;
    threads.reserve(threads_);
    for (std::uint32_t i = 0; i < threads_; ++i) {
      threads.emplace_back([&] {
        for (std::uint32_t number = next++; number < count; number = next++) {
          try {
            task(number);
          } catch (...) {
            const std::lock_guard lock(mutex);
            failure = std::current_exception();
          }
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
    if (failure) std::rethrow_exception(failure);
  }

 private:
  std::uint32_t threads_;
};

/// A clock that only moves when a thread says so: each thread's own processor time, so to speak.
class FakeClock {
 public:
  static std::chrono::nanoseconds now() { return std::chrono::nanoseconds(now_); }
  static void advance(std::uint32_t nanoseconds) { now_ += nanoseconds; }

 private:
  inline static thread_local std::int64_t now_ = 0;
};

/// A pool with resident blocks, and their list.
struct Scene {
  explicit Scene(std::uint32_t count) {
    const std::vector<std::byte> bytes = pattern(1, 0, 1, 16);
    for (std::uint32_t i = 0; i < count; ++i) items.push_back({fixture.add("block", bytes)});
    for (std::uint32_t done = 0; done < count;) done += fixture.pool->step()->completedBlocks;
    fixture.pool->publish();
  }

  PoolFixture fixture;
  std::vector<DrawItem> items;
};

}  // namespace flux::test
