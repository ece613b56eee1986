// What new blocks cost by staging and copies, and what they cost where the host writes them straight into their place:
// the geometry thread's time, and the time until frames can draw them.
//
//   flux_upload_bench [--backend NAME] [--quick]

#include "counting_device.hpp"
#include "on_backend.hpp"
#include "protocol/clock.hpp"

#include <flux/host.hpp>
#include <flux/pool.hpp>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

namespace {

using namespace flux;
using bench::CountingDevice;
using bench::need;
using bench::threadCpuNanoseconds;
using bench::wallNanoseconds;

/// So many new blocks in one step.
struct Load {
  std::size_t blocks;
  ByteCount blockBytes;
};

constexpr Load kLoads[] = {{1, 256},        {16, 256},        {256, 256},       {1, 4 * kKiB},
                           {16, 4 * kKiB},  {256, 4 * kKiB},  {4096, 4 * kKiB}, {1, 64 * kKiB},
                           {16, 64 * kKiB}, {256, 64 * kKiB}, {1, kMiB},        {16, kMiB}};

constexpr StepQuota kQuota{.uploadBytes = 128 * kMiB, .pieces = 400'000};

struct Cost {
  std::vector<double> threadMicroseconds;  ///< The calls and the steps.
  std::vector<double> readyMicroseconds;   ///< From the first call until a snapshot shows the last block.
  double submissions = 0;
  ByteCount directBytes = 0;
};

void verify(app::ReplayTarget& target, Pool& pool, BlockHandle block, std::span<const std::byte> bytes) {
  Frame frame = pool.beginFrame("verify");
  const Place place = frame.find(block, PartId{0}).place;
  frame.submitted(app::ReplayTarget::kDrawQueue, target.submit({&place, 1}, frame.waits()));
  if (target.finishOldest().front() != hashBytes(bytes)) throw app::Failure("wrong bytes");
}

Cost measure(app::ReplayTarget& target, const Load& load, int rounds) {
  CountingDevice device(target.device());
  // Memory that has been used before, as that of a pool which has run for a while.
  const auto pool = need(Pool::create(device, {.reserveBytes = 2 * load.blocks * load.blockBytes}));
  const std::shared_ptr<std::byte[]> bytes(new std::byte[load.blockBytes]);
  std::vector<BlockHandle> blocks(load.blocks);
  Cost cost;
  for (int round = -2; round < rounds; ++round) {  // two to warm up
    std::fill_n(bytes.get(), load.blockBytes, static_cast<std::byte>(round + 3));
    const PartDesc part{PartKind::Storage, load.blockBytes, Source::owned(bytes, load.blockBytes)};
    const std::uint64_t before = device.submissions;
    const std::int64_t begin = threadCpuNanoseconds();
    const std::int64_t wallBegin = wallNanoseconds();
    for (BlockHandle& block : blocks) block = need(pool->add({.name = "block", .parts = {&part, 1}}));
    std::size_t ready = 0;
    std::int64_t waited = 0;
    ByteCount direct = 0;
    while (ready < load.blocks) {
      const StepReport report = need(pool->step(kQuota));
      ready += report.completedBlocks;
      direct += report.directBytes;
      const std::int64_t waits = threadCpuNanoseconds();
      if (ready < load.blocks) device.drain();
      waited += threadCpuNanoseconds() - waits;
    }
    pool->publish();
    if (round >= 0) {
      cost.threadMicroseconds.push_back(static_cast<double>(threadCpuNanoseconds() - begin - waited) / 1000);
      cost.readyMicroseconds.push_back(static_cast<double>(wallNanoseconds() - wallBegin) / 1000);
      cost.submissions += static_cast<double>(device.submissions - before) / rounds;
      cost.directBytes = direct;
    }
    if (round == rounds - 1) verify(target, *pool, blocks.back(), {bytes.get(), load.blockBytes});
    for (const BlockHandle block : blocks) need(pool->remove(block));
    for (int i = 0; i < 3; ++i) {
      need(pool->step(kQuota));
      pool->publish();
    }
  }
  return cost;
}

void run(const std::string& backend, const char* direct, bool quick) {
  // As the command takes it: what makes a device reads it.
  if (setenv("FLUX_DIRECT", direct, 1) != 0) throw app::Failure("setenv");
  const auto target = app::requireBackend(backend).makeTarget({.verify = true});
  std::printf("\nFLUX_DIRECT=%s: %s bytes of a step are written by the host\n", direct,
              target->device().caps().directWriteBytes == kAllBytes
                  ? "all"
                  : std::to_string(target->device().caps().directWriteBytes).c_str());
  std::printf("%8s %10s %14s %14s %12s %12s %12s\n", "blocks", "bytes each", "thread us", "us until ready", "GB/s",
              "submissions", "direct bytes");
  for (const Load& load : kLoads) {
    Cost cost = measure(*target, load, quick ? 2 : 50);
    const double thread = bench::median(cost.threadMicroseconds);
    std::printf("%8zu %10zu %14.1f %14.1f %12.2f %12.1f %12zu\n", load.blocks,
                static_cast<std::size_t>(load.blockBytes), thread, bench::median(cost.readyMicroseconds),
                static_cast<double>(load.blocks * load.blockBytes) / thread / 1000, cost.submissions,
                static_cast<std::size_t>(cost.directBytes));
  }
}

}  // namespace

int main(int argc, char** argv) {
  return bench::runOnBackend(argc, argv, "Measures uploads of new blocks: by staging and copies, and by direct writes",
                             "A few rounds, to see that all bytes arrive", [](const std::string& backend, bool quick) {
                               for (const char* direct : {"none", "all"}) run(backend, direct, quick);
                             });
}
