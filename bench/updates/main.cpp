// What updates cost: is it worth it to merge ranges that are near each other, and what does a burst of small updates do
// to the step that carries it out and to the next one?
//
// Times of the host are processor time of the thread, so that what else the machine does is not in them; the device's
// are what a wait for all copies takes.
//
//   flux_update_bench [--backend NAME] [--quick]

#include "counting_device.hpp"
#include "on_backend.hpp"
#include "protocol/clock.hpp"
#include "transfer/range_set.hpp"

#include <flux/dynamic_buffer.hpp>
#include <flux/host.hpp>
#include <flux/pool.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <random>
#include <span>
#include <string>
#include <vector>

namespace {

using namespace flux;
using bench::CountingDevice;
using bench::need;
using bench::threadCpuNanoseconds;

double microseconds(std::int64_t nanoseconds) {
  return static_cast<double>(nanoseconds) / 1000;
}

/// The value that a share of all is not above. Sorts.
double percentile(std::vector<double>& values, double share) {
  if (values.empty()) return 0;
  std::ranges::sort(values);
  return values[std::min(values.size() - 1, static_cast<std::size_t>(share * static_cast<double>(values.size())))];
}

/// Hashes on the device what it has of the buffer, and compares.
void verify(app::ReplayTarget& target, Pool& pool, const DynamicBuffer& buffer, BlockHandle block) {
  Frame frame = pool.beginFrame("verify");
  Place place = frame.find(block, DynamicBuffer::kPart).place;
  const ByteCount bytes = std::min<ByteCount>(buffer.size(), kMiB);  // see kHashedAtOnce of the conformance suite
  place.bytes = bytes;
  frame.submitted(app::ReplayTarget::kDrawQueue, target.submit({&place, 1}, frame.waits()));
  const std::uint64_t found = target.finishOldest().front();
  if (found != hashBytes(buffer.bytes().first(bytes))) throw app::Failure("wrong bytes");
}

// ---- Merging -----------------------------------------------------------------------------------------------

struct Pattern {
  const char* name;
  std::size_t writes;
  ByteCount writeBytes;
  ByteCount windowBytes;  ///< The writes of a flush lie in a window somewhere in the buffer.
};

constexpr ByteCount kBufferBytes = 4 * kMiB;

void merging(app::ReplayTarget& target, bool quick) {
  const int rounds = quick ? 4 : 60;
  std::printf("\nWrites to an array of 4 MiB between two flushes, in place; per flush.\n");
  std::printf("%-28s %9s %8s %10s %10s %10s %10s %10s\n", "writes", "tolerance", "ranges", "bytes", "mark us",
              "flush us", "step us", "device us");
  for (const Pattern& pattern :
       {Pattern{"10 x 64 B anywhere", 10, 64, kBufferBytes}, Pattern{"200 x 64 B anywhere", 200, 64, kBufferBytes},
        Pattern{"200 x 64 B in 64 KiB", 200, 64, 64 * kKiB}, Pattern{"1000 x 16 B in 64 KiB", 1000, 16, 64 * kKiB},
        Pattern{"1000 x 16 B in 1 MiB", 1000, 16, kMiB}, Pattern{"40 x 4 KiB anywhere", 40, 4 * kKiB, kBufferBytes}}) {
    for (const ByteCount tolerance : {ByteCount{0}, ByteCount{64}, ByteCount{256}, ByteCount{4096}}) {
      CountingDevice device(target.device());
      const auto pool = need(Pool::create(device, {}));
      DynamicBuffer buffer({.growth = GrowthPolicy::Exact, .updates = UpdateMode::InPlace, .gapBytes = tolerance});
      const auto consumer = buffer.attach(*pool);
      need(buffer.resize(kBufferBytes));
      need(buffer.flush(consumer));
      while (!pool->beginFrame().find(buffer.block(consumer)).drawable()) {
        need(pool->step());
        (void)device.drain();
        need(pool->step());
        pool->publish();
      }
      std::mt19937 random(3);
      std::vector<std::byte> data(static_cast<std::size_t>(pattern.writeBytes));
      std::array<std::vector<double>, 4> times;  // mark, flush, step, device
      ByteCount bytes = 0;
      std::uint64_t ranges = 0;
      for (int round = 0; round < rounds; ++round) {
        const ByteOffset window = random() % ((kBufferBytes - pattern.windowBytes) / 4 + 1) * 4;
        const std::int64_t begin = threadCpuNanoseconds();
        for (std::size_t i = 0; i < pattern.writes; ++i) {
          const ByteOffset at = window + random() % ((pattern.windowBytes - pattern.writeBytes) / 4 + 1) * 4;
          data[0] = static_cast<std::byte>(i);
          need(buffer.write(at, data));
        }
        const std::int64_t marked = threadCpuNanoseconds();
        const FlushReport report = need(buffer.flush(consumer));
        const std::int64_t flushed = threadCpuNanoseconds();
        need(pool->step({}, {}));
        const std::int64_t stepped = threadCpuNanoseconds();
        times[3].push_back(microseconds(device.drain()));
        times[0].push_back(microseconds(marked - begin));
        times[1].push_back(microseconds(flushed - marked));
        times[2].push_back(microseconds(stepped - flushed));
        bytes += report.bytes;
        ranges += report.ranges;
      }
      verify(target, *pool, buffer, buffer.block(consumer));
      const auto count = static_cast<std::uint64_t>(rounds);
      std::printf("%-28s %9llu %8.1f %10llu %10.1f %10.1f %10.1f %10.1f\n", pattern.name,
                  static_cast<unsigned long long>(tolerance), static_cast<double>(ranges) / rounds,
                  static_cast<unsigned long long>(bytes / count), percentile(times[0], 0.5), percentile(times[1], 0.5),
                  percentile(times[2], 0.5), percentile(times[3], 0.5));
    }
  }
}

// ---- How many ranges ---------------------------------------------------------------------------------------

void bounds(bool quick) {
  const int rounds = quick ? 2 : 40;
  std::printf("\nThe same, marked in a set of at most so many ranges, with a tolerance of 256 bytes.\n");
  std::printf("%-28s %9s %8s %10s %14s\n", "writes", "at most", "ranges", "bytes", "mark ns/write");
  for (const std::size_t writes : {100, 1000, 10'000}) {
    for (const std::size_t limit : {16, 64, 256, 1024, 4096}) {
      RangeSet set(kBufferBytes, {.gapBytes = 256, .maxRanges = limit});
      std::mt19937 random(3);
      std::vector<ByteOffset> places(writes);
      ByteCount bytes = 0;
      std::size_t ranges = 0;
      std::int64_t time = 0;
      for (int round = 0; round < rounds; ++round) {
        for (ByteOffset& place : places) place = random() % (kBufferBytes / 64) * 64;
        const std::int64_t begin = threadCpuNanoseconds();
        set.clear();
        for (const ByteOffset place : places) need(set.mark(place, 64));
        time += threadCpuNanoseconds() - begin;
        bytes += set.bytes();
        ranges += set.ranges().size();
      }
      const std::string name = std::to_string(writes) + " x 64 B anywhere";
      std::printf("%-28s %9zu %8.1f %10.0f %14.1f\n", name.c_str(), limit, static_cast<double>(ranges) / rounds,
                  static_cast<double>(bytes) / rounds,
                  static_cast<double>(time) / rounds / static_cast<double>(writes));
    }
  }
}

// ---- A burst -----------------------------------------------------------------------------------------------

/// Steps with a burst of updates now and then: how long they and the steps after them take.
void burst(app::ReplayTarget& target, bool quick, bool inPlace) {
  const std::size_t updates = quick ? 5000 : 100'000;
  const int bursts = quick ? 2 : 20;
  constexpr std::size_t kBlocks = 400;
  constexpr ByteCount kBlockBytes = 64 * kKiB;
  constexpr StepQuota kQuota{.uploadBytes = 128 * kMiB, .pieces = 400'000};
  CountingDevice device(target.device());
  const auto pool = need(Pool::create(device, {}));
  const std::vector<std::byte> bytes(static_cast<std::size_t>(kBlockBytes), std::byte{0x5A});
  std::vector<BlockHandle> blocks;
  for (std::size_t i = 0; i < kBlocks; ++i) {
    const PartDesc part{PartKind::Storage, kBlockBytes, Source::bytes(bytes)};
    blocks.push_back(need(pool->add({.name = "block", .parts = {&part, 1}})));
  }
  const auto settle = [&] {
    StepReport report;
    do {
      report = need(pool->step(kQuota));
      (void)device.drain();
      pool->publish();
    } while (report.waitingBlocks != 0 || report.completedBlocks != 0 || report.pieces != 0);
  };
  settle();

  std::mt19937 random(5);
  std::array<std::vector<double>, 3> times;  // the calls, the step, the next one
  ByteCount sent = 0;
  std::uint64_t pieces = 0;
  std::uint32_t waiting = 0;
  std::uint64_t submissions = 0;
  for (int round = 0; round < bursts; ++round) {
    const std::int64_t begin = threadCpuNanoseconds();
    for (std::size_t i = 0; i < updates; ++i) {
      const ByteCount size = 64 + random() % 113 * 4;
      const PartUpdate update{PartId{0}, Source::bytes(std::span(bytes).first(static_cast<std::size_t>(size))),
                              random() % ((kBlockBytes - 512) / 4) * 4, size};
      const BlockHandle block = blocks[random() % kBlocks];
      if (inPlace) {
        need(pool->updateInPlace(block, {&update, 1}));
      } else {
        need(pool->update(block, {&update, 1}));
      }
    }
    const std::int64_t called = threadCpuNanoseconds();
    const std::uint64_t before = device.submissions;
    const StepReport report = need(pool->step(kQuota));
    const std::int64_t stepped = threadCpuNanoseconds();
    submissions += device.submissions - before;
    waiting += report.waitingBlocks;
    sent += report.uploadedBytes;
    pieces += report.pieces;
    (void)device.drain();
    const std::int64_t next = threadCpuNanoseconds();
    need(pool->step(kQuota));
    times[2].push_back(microseconds(threadCpuNanoseconds() - next));
    times[0].push_back(microseconds(called - begin));
    times[1].push_back(microseconds(stepped - called));
    pool->publish();
    settle();
  }
  std::printf("%-10s %8zu %10.1f %8.0f %12.1f %12.0f %12.0f %12.0f %10.1f %8.1f %8u\n",
              inPlace ? "in place" : "versioned", updates,
              percentile(times[0], 0.5) * 1000 / static_cast<double>(updates), static_cast<double>(pieces) / bursts,
              static_cast<double>(sent) / bursts / static_cast<double>(kMiB), percentile(times[1], 0.5),
              percentile(times[1], 0.99), percentile(times[2], 0.5),
              static_cast<double>(pool->stats().peakStagingBytes) / static_cast<double>(kMiB),
              static_cast<double>(submissions) / bursts, waiting);
}

void run(const std::string& backend, bool quick) {
  const auto target = app::requireBackend(backend).makeTarget({.verify = true});
  std::printf("%s: %s (%s)\n", backend.c_str(), target->device().caps().deviceName.c_str(),
              target->device().caps().driverName.c_str());
  merging(*target, quick);
  bounds(quick);
  std::printf("\nA burst of updates of 64 to 512 bytes, all in one step; blocks of 64 KiB.\n");
  std::printf("%-10s %8s %10s %8s %12s %12s %12s %12s %10s %8s %8s\n", "", "updates", "call ns", "pieces", "MiB sent",
              "step us p50", "step us p99", "next step us", "staging", "submits", "waiting");
  burst(*target, quick, true);
  burst(*target, quick, false);
}

}  // namespace

int main(int argc, char** argv) {
  return bench::runOnBackend(argc, argv, "Measures updates: merged ranges, and bursts of small ones",
                             "A few rounds, to see that all bytes arrive", run);
}
