// Threads that fill staging in place, beside what the same threads reach with plain copies into as much memory that
// nobody manages.
//
//   flux_staging_bench [--quick]
//
// Both take turns, with a geometry thread beside them whose batches read the pages and are done a step later; a ratio
// is the median of those of turns next to each other. Times of threads leave out what other programs and waiting for
// pages take.

#include "protocol/clock.hpp"
#include "protocol/statistics.hpp"
#include "transfer/staging_pages.hpp"

#include <flux/host.hpp>

#include <CLI/CLI.hpp>

#include <array>
#include <atomic>
#include <barrier>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <memory>
#include <span>
#include <thread>
#include <utility>
#include <vector>

namespace {

using namespace flux;
using bench::median;
using bench::medianRatio;
using bench::threadCpuNanoseconds;
using bench::wallNanoseconds;

constexpr ByteCount kPageBytes = 4 * kMiB;
constexpr std::uint32_t kPages = 16;
/// Of all threads in a turn: less than staging has, so that nobody waits for the device.
constexpr ByteCount kTurnBytes = 40 * kMiB;
constexpr std::chrono::microseconds kStep{250};
/// Before a turn, so that all pages have started over.
constexpr std::chrono::microseconds kPause = 4 * kStep;
constexpr std::size_t kThreads[] = {1, 2, 4};

/// Spans as producers take them: so many at once.
struct Take {
  ByteCount bytes;
  std::size_t spans;
};
constexpr Take kTakes[] = {{4 * kKiB, 1}, {4 * kKiB, 16}, {64 * kKiB, 1}, {kMiB, 1}};

/// The default staging of a pool, and a geometry thread that does nothing but hand pages to a device which takes a step
/// to read them.
class Staging {
 public:
  Staging() {
    {
      std::vector<StagedBytes> all;  // opens every page
      all.reserve(kPages);
      for (std::uint32_t i = 0; i < kPages; ++i) all.push_back(pages_.reserve(kPageBytes).value());
    }
    (void)pages_.recycle(0);
    geometry_ = std::jthread([this](const std::stop_token& stop) {
      while (!stop.stop_requested()) {
        std::this_thread::sleep_for(kStep);
        step();
      }
    });
  }

  [[nodiscard]] StagingPages& pages() noexcept { return pages_; }

  /// The next batch reads what lies there. Any thread.
  void handOver(const StagedBytes& staged) noexcept {
    std::atomic<bool>& filled = filled_[static_cast<std::size_t>(StagingPages::spanOf(staged).page)].now;
    if (!filled.load(std::memory_order_relaxed)) filled.store(true, std::memory_order_relaxed);
  }

 private:
  struct alignas(128) Filled {
    std::atomic<bool> now{false};
  };

  void step() {
    for (std::uint32_t i = 0; i < kPages; ++i) {
      if (filled_[i].now.exchange(false, std::memory_order_relaxed)) pages_.use(StagingIndex{i});
    }
    pages_.submitted(++batches_);
    (void)pages_.recycle(batches_ - 1);
  }

  std::unique_ptr<HostDevice> host_ = HostDevice::create({.completion = HostDeviceDesc::Completion::Immediate});
  StagingPages pages_{*host_, kPageBytes, kPages* kPageBytes};
  std::array<Filled, kPages> filled_;
  TimelineValue batches_ = 0;
  std::jthread geometry_;
};

/// What the turns of one kind took.
struct Turns {
  std::vector<double> seconds;
  std::vector<double> threadSeconds;  ///< Of all threads together.

  [[nodiscard]] double gigabytesPerSecond() const { return static_cast<double>(kTurnBytes) / median(seconds) / 1e9; }
};

class Comparison {
 public:
  Comparison(Staging& staging, std::size_t threads, const Take& take, int rounds)
      : staging_(staging),
        threads_(threads),
        spanBytes_(static_cast<std::size_t>(take.bytes)),
        spans_(take.spans),
        rounds_(rounds) {}

  void run() {
    {
      std::vector<std::jthread> others;
      for (std::size_t i = 1; i < threads_; ++i) others.emplace_back([this, i] { takeTurns(i); });
      takeTurns(0);
    }
    std::printf("%8zu %10zu %8zu %12.2f %12.2f %10.2f %16.2f %8.1f\n", threads_, spanBytes_, spans_,
                plain_.gigabytesPerSecond(), staged_.gigabytesPerSecond(), medianRatio(plain_.seconds, staged_.seconds),
                medianRatio(plain_.threadSeconds, staged_.threadSeconds), static_cast<double>(waits_) / rounds_);
  }

 private:
  void takeTurns(std::size_t thread) {
    const std::vector<std::byte> source(spanBytes_, std::byte{1});
    // As many bytes as all threads of a pool have, but each thread keeps to its own.
    std::vector<std::byte> memory(static_cast<std::size_t>(kPages * kPageBytes / threads_), std::byte{0});
    StagingPages::Filling filling(staging_.pages());
    const std::vector<ByteCount> sizes(spans_, spanBytes_);
    std::vector<StagedBytes> staged(spans_);
    std::size_t at = 0;
    for (int round = -1; round < rounds_; ++round) {  // one to warm up
      takeTurn(thread, round, plain_, [&] {
        for (std::size_t i = 0; i < spans_; ++i, at += spanBytes_) {
          if (at + spanBytes_ > memory.size()) at = 0;
          std::memcpy(memory.data() + at, source.data(), spanBytes_);
        }
      });
      takeTurn(thread, round, staged_, [&] {
        while (!reserve(sizes, staged, filling)) {
          ++waits_;
          (void)staging_.pages().waitForRoom(spans_ * spanBytes_, std::chrono::seconds{1});
        }
        for (const StagedBytes& each : staged) std::memcpy(each.bytes().data(), source.data(), spanBytes_);
        for (StagedBytes& each : staged) {
          staging_.handOver(each);
          each = {};
        }
      });
    }
  }

  bool reserve(std::span<const ByteCount> sizes, std::span<StagedBytes> staged, StagingPages::Filling& filling) {
    if (sizes.size() > 1) return staging_.pages().reserveOnAnyThread(sizes, staged, filling).has_value();
    Result<StagedBytes> taken = staging_.pages().reserveOnAnyThread(sizes[0], filling);
    if (taken) staged[0] = std::move(*taken);
    return taken.has_value();
  }

  template <class Copy>
  void takeTurn(std::size_t thread, int round, Turns& turns, const Copy& copy) {
    std::this_thread::sleep_for(kPause);
    together_.arrive_and_wait();
    const std::int64_t begin = wallNanoseconds();
    const std::int64_t threadBegin = threadCpuNanoseconds();
    for (std::size_t copied = 0; copied < kTurnBytes / threads_; copied += spans_ * spanBytes_) copy();
    threadNanoseconds_ += threadCpuNanoseconds() - threadBegin;
    together_.arrive_and_wait();
    if (thread == 0) {
      const std::int64_t threads = threadNanoseconds_.exchange(0);
      if (round < 0) {
        waits_ = 0;
        return;
      }
      turns.seconds.push_back(static_cast<double>(wallNanoseconds() - begin) / 1e9);
      turns.threadSeconds.push_back(static_cast<double>(threads) / 1e9);
    }
  }

  Staging& staging_;
  const std::size_t threads_;
  const std::size_t spanBytes_;
  const std::size_t spans_;  ///< At once.
  const int rounds_;
  std::barrier<> together_{static_cast<std::ptrdiff_t>(threads_)};
  std::atomic<std::int64_t> threadNanoseconds_{0};
  std::atomic<std::uint64_t> waits_{0};
  Turns plain_, staged_;  ///< Of the first thread.
};

}  // namespace

int main(int argc, char** argv) {
  CLI::App options{"Compares filling staging with plain copies, by the same threads"};
  bool quick = false;
  options.add_flag("--quick", quick, "A few turns, to see that all threads get through");
  CLI11_PARSE(options, argc, argv);
  Staging staging;
  std::printf("%8s %10s %8s %12s %12s %10s %16s %8s\n", "threads", "span bytes", "at once", "plain GB/s",
              "staging GB/s", "of plain", "thread, of plain", "waits");
  for (const std::size_t threads : kThreads) {
    for (const Take& take : kTakes) Comparison(staging, threads, take, quick ? 2 : 101).run();
  }
  return 0;
}
