/// What it costs to have a draw list split by measured cost, looked up and handed out, beside recording it in parts of
/// equal counts, and how well both balance a list in which some draws cost ten times as much.

#include <flux/host.hpp>
#include <flux/pool.hpp>
#include <flux/render_scheduler.hpp>

#include <benchmark/benchmark.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <vector>

namespace flux {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::uint32_t kDraws = 10'000;
constexpr std::uint32_t kParts = 4;

/// A pool with kDraws resident blocks of two parts, and their list.
struct Scene {
  Scene() : device(HostDevice::create()), pool(std::move(Pool::create(*device, {}).value())) {
    const std::array<std::byte, 48> bytes{};
    const std::array parts{PartDesc{PartKind::Vertex, bytes.size(), Source::bytes(bytes)},
                           PartDesc{PartKind::Index, bytes.size(), Source::bytes(bytes)}};
    for (std::uint32_t i = 0; i < kDraws; ++i) items.push_back({pool->add({.name = "block", .parts = parts}).value()});
    for (std::uint32_t done = 0; done < kDraws;) done += pool->step()->completedBlocks;
    pool->publish();
  }
  std::unique_ptr<HostDevice> device;
  std::unique_ptr<Pool> pool;
  std::vector<DrawItem> items;
};

/// As much as a command buffer takes in for a draw.
struct Command {
  Place vertices;
  Place indices;
};

/// Writes commands, some of them `repeat` times: the first tenth of the list is expensive.
class Writer final : public DrawRecorder {
 public:
  explicit Writer(std::uint32_t repeat) : commands(kParts), repeat_(repeat) {}
  void begin(std::uint32_t part) override { commands[part].clear(); }
  void record(const Frame& frame, std::uint32_t part, std::span<const ScheduledDraw> draws) override {
    for (const ScheduledDraw& draw : draws) write(frame, part, draw.item, draw.block);
  }
  void write(const Frame& frame, std::uint32_t part, std::uint32_t item, BlockHandle block) {
    const std::uint32_t times = item < kDraws / 10 ? repeat_ : 1;
    for (std::uint32_t i = 0; i < times; ++i) {
      commands[part].push_back({frame.find(block, PartId{0}).place, frame.find(block, PartId{1}).place});
    }
  }
  std::vector<std::vector<Command>> commands;

 private:
  std::uint32_t repeat_;
};

/// The median, because an interruption makes one part much slower than the others. Parts run in one thread, so nothing
/// but the split decides about their times.
class Balance {
 public:
  void add(double imbalance) { frames_.push_back(imbalance); }
  void report(benchmark::State& state) {
    const auto middle = frames_.begin() + static_cast<std::ptrdiff_t>(frames_.size() / 2);
    std::nth_element(frames_.begin(), middle, frames_.end());
    state.counters["imbalance"] = *middle;
  }

 private:
  std::vector<double> frames_;
};

/// Argument: how many times as much the first tenth of the list costs.
void equalCounts(benchmark::State& state) {
  const Scene scene;
  const Frame frame = scene.pool->beginFrame();
  Writer writer(static_cast<std::uint32_t>(state.range(0)));
  Balance balance;
  for (auto _ : state) {
    Clock::duration slowest{};
    const Clock::time_point start = Clock::now();
    Clock::time_point begin = start;
    for (std::uint32_t part = 0; part < kParts; ++part) {
      writer.begin(part);
      for (std::uint32_t i = kDraws * part / kParts; i < kDraws * (part + 1) / kParts; ++i) {
        const BlockLookup found = frame.find(scene.items[i].block);
        if (!found.drawable()) continue;
        frame.use(found.block);
        writer.write(frame, part, i, found.block);
      }
      const Clock::time_point end = Clock::now();
      slowest = std::max(slowest, end - begin);
      begin = end;
    }
    const std::chrono::duration<double> mean = (begin - start) / kParts;
    balance.add(std::chrono::duration<double>(slowest) / mean);
    benchmark::DoNotOptimize(writer.commands.data());
    benchmark::ClobberMemory();
  }
  balance.report(state);
  state.SetItemsProcessed(state.iterations() * kDraws);
}

/// The same through the scheduler.
void scheduled(benchmark::State& state) {
  const Scene scene;
  const Frame frame = scene.pool->beginFrame();
  Writer writer(static_cast<std::uint32_t>(state.range(0)));
  SerialRunner tasks;
  RenderScheduler scheduler({.maxParts = kParts});
  for (int i = 0; i < 10; ++i) scheduler.record(frame, scene.items, tasks, writer);
  Balance balance;
  for (auto _ : state) {
    balance.add(scheduler.record(frame, scene.items, tasks, writer).imbalance);
    benchmark::DoNotOptimize(writer.commands.data());
    benchmark::ClobberMemory();
  }
  balance.report(state);
  state.SetItemsProcessed(state.iterations() * kDraws);
}

/// Takes what it is given and does nothing with it.
class Nothing final : public DrawRecorder {
 public:
  void record(const Frame& frame, std::uint32_t part, std::span<const ScheduledDraw> draws) override {
    (void)frame;
    (void)part;
    benchmark::DoNotOptimize(draws.data());
  }
};

/// What the scheduler does on the calling thread alone, before and after the parts: no part is recorded.
class NoTasks final : public TaskRunner {
 public:
  void run(std::uint32_t count, const std::function<void(std::uint32_t)>& task) override {
    (void)count;
    (void)task;
  }
};

void schedulingOnTheCallingThread(benchmark::State& state) {
  const Scene scene;
  const Frame frame = scene.pool->beginFrame();
  RenderScheduler scheduler({.maxParts = kParts});
  NoTasks tasks;
  Nothing recorder;
  for (auto _ : state) benchmark::DoNotOptimize(scheduler.record(frame, scene.items, tasks, recorder).parts.data());
  state.SetItemsProcessed(state.iterations() * kDraws);
}

/// All that it does, without a recorder's work: look up, measure, learn.
void schedulingAndLookUp(benchmark::State& state) {
  const Scene scene;
  const Frame frame = scene.pool->beginFrame();
  RenderScheduler scheduler({.maxParts = kParts});
  SerialRunner tasks;
  Nothing recorder;
  for (auto _ : state) benchmark::DoNotOptimize(scheduler.record(frame, scene.items, tasks, recorder).parts.data());
  state.SetItemsProcessed(state.iterations() * kDraws);
}

BENCHMARK(equalCounts)->Arg(1)->Arg(10)->Unit(benchmark::kMicrosecond);
BENCHMARK(scheduled)->Arg(1)->Arg(10)->Unit(benchmark::kMicrosecond);
BENCHMARK(schedulingOnTheCallingThread)->Unit(benchmark::kMicrosecond);
BENCHMARK(schedulingAndLookUp)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace flux
