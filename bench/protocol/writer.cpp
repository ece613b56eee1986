#include "writer.hpp"

#include <sys/prctl.h>

#include <algorithm>

#include "clock.hpp"

namespace flux::bench {
namespace {

constexpr std::int64_t kPeriodNanoseconds = 100'000;  // 10,000 updates a second
/// A writer that is later than this was kept out by something; then it skips ticks, so that it does not come in bursts.
constexpr std::int64_t kMaxLateNanoseconds = 100 * kPeriodNanoseconds;

void sleepUntil(std::int64_t wall) {
  const timespec time{wall / 1'000'000'000, wall % 1'000'000'000};
  clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &time, nullptr);
}

}  // namespace

Writer::Writer(Tables& tables, std::uint32_t blocks) : tables_(tables), order_(shuffledIndices(blocks, 5)) {
  for (Samples& samples : samples_) {
    samples.cpuNanoseconds.reserve(1U << 18U);
    samples.wallNanoseconds.reserve(1U << 18U);
  }
  thread_ = std::thread([this] { run(); });
}

void Writer::stop() {
  stop_ = true;
  if (thread_.joinable()) thread_.join();
}

double Writer::updatesPerSecond() const {
  std::size_t updates = 0;
  for (const Samples& samples : samples_) updates += samples.cpuNanoseconds.size();
  return static_cast<double>(updates) * 1e9 / static_cast<double>(ranNanoseconds_);
}

void Writer::run() {
  prctl(PR_SET_TIMERSLACK, 1UL);  // the default lets a sleep of 100 us take 150
  const std::int64_t began = wallNanoseconds();
  std::int64_t due = began;
  for (std::uint32_t tick = 0; !stop_.load(std::memory_order_relaxed); ++tick) {
    due = std::max(due + kPeriodNanoseconds, wallNanoseconds() - kMaxLateNanoseconds);
    sleepUntil(due);
    const Table table = table_.load(std::memory_order_relaxed);
    const std::uint32_t index = order_[tick % order_.size()];
    threadCpuNanoseconds();  // after a sleep the first reading takes longer, which is no cost of an update
    const std::int64_t wall = wallNanoseconds();
    const double cpu = cpuNanosecondsOf([&] {
      switch (table) {
        case Table::Ring:
          tables_.ring.edit(index, tick);
          if (tables_.ring.publish().deferred) ++deferred_;
          break;
        case Table::Cow:
          tables_.cow.edit(index, tick);
          tables_.cow.publish();
          break;
        case Table::LockedMap:
          tables_.lockedMap.update(index, tick);
          break;
      }
    });
    Samples& samples = samples_[static_cast<std::size_t>(table)];
    samples.cpuNanoseconds.push_back(cpu);
    samples.wallNanoseconds.push_back(static_cast<double>(wallNanoseconds() - wall) - clockNanoseconds());
  }
  ranNanoseconds_ = wallNanoseconds() - began;
}

}  // namespace flux::bench
