#include "writer.hpp"

#include <sys/prctl.h>

#include <algorithm>

#include "clock.hpp"

namespace flux::bench {
namespace {

constexpr std::int64_t kPeriodNanoseconds = 1'000'000;  // a step
constexpr std::uint32_t kUpdatesPerStep = 10;
/// A writer that is later than this was kept out by something; then it skips steps, so that it does not come in bursts.
constexpr std::int64_t kMaxLateNanoseconds = 10 * kPeriodNanoseconds;

void sleepUntil(std::int64_t wall) {
  const timespec time{wall / 1'000'000'000, wall % 1'000'000'000};
  clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &time, nullptr);
}

/// Takes the time of `work`, as a sample for each of `count` equal things that it does.
template <class Work>
void measure(Writer::Samples& samples, std::uint32_t count, const Work& work) {
  const std::int64_t wall = wallNanoseconds();
  samples.cpuNanoseconds.push_back(cpuNanosecondsOf(work) / count);
  samples.wallNanoseconds.push_back((static_cast<double>(wallNanoseconds() - wall) - clockNanoseconds()) / count);
}

}  // namespace

Writer::Writer(Tables& tables, std::uint32_t blocks) : tables_(tables), order_(shuffledIndices(blocks, 5)) {
  for (auto* all : {&updates_, &publishes_}) {
    for (Samples& samples : *all) {
      samples.cpuNanoseconds.reserve(1U << 18U);
      samples.wallNanoseconds.reserve(1U << 18U);
    }
  }
  thread_ = std::thread([this] { run(); });
}

void Writer::stop() {
  stop_ = true;
  if (thread_.joinable()) thread_.join();
}

double Writer::updatesPerSecond() const {
  std::size_t updates = 0;
  for (const Samples& samples : updates_) updates += samples.cpuNanoseconds.size();
  return static_cast<double>(updates * kUpdatesPerStep) * 1e9 / static_cast<double>(ranNanoseconds_);
}

void Writer::run() {
  prctl(PR_SET_TIMERSLACK, 1UL);  // the default lets a sleep of 100 us take 150
  const std::int64_t began = wallNanoseconds();
  std::int64_t due = began;
  for (std::uint32_t version = 0; !stop_.load(std::memory_order_relaxed); version += kUpdatesPerStep) {
    due = std::max(due + kPeriodNanoseconds, wallNanoseconds() - kMaxLateNanoseconds);
    sleepUntil(due);
    const Table table = table_.load(std::memory_order_relaxed);
    Samples& updates = updates_[static_cast<std::size_t>(table)];
    Samples& publishes = publishes_[static_cast<std::size_t>(table)];
    const auto change = [&](const auto& update) {
      measure(updates, kUpdatesPerStep, [&] {
        for (std::uint32_t v = version; v < version + kUpdatesPerStep; ++v) update(order_[v % order_.size()], v);
      });
    };
    threadCpuNanoseconds();  // after a sleep the first reading takes longer, which is no cost of an update
    switch (table) {
      case Table::Ring:
        change([&](std::uint32_t index, std::uint32_t v) { tables_.ring.edit(index, v); });
        measure(publishes, 1, [&] { deferred_ += tables_.ring.publish().deferred ? 1 : 0; });
        break;
      case Table::Cow:
        change([&](std::uint32_t index, std::uint32_t v) { tables_.cow.edit(index, v); });
        measure(publishes, 1, [&] { tables_.cow.publish(); });
        break;
      case Table::LockedMap:
        change([&](std::uint32_t index, std::uint32_t v) { tables_.lockedMap.update(index, v); });
        break;
    }
  }
  ranNanoseconds_ = wallNanoseconds() - began;
}

}  // namespace flux::bench
