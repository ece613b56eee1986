// Are copies on the host needed? What it costs to keep one of a part, beside what it takes to read the part back from
// the device.
//
// Updates are processor time of the thread; reading is wall time from the question to the bytes, with a step after the
// other in between, and the device waited for.
//
//   flux_shadow_bench [--backend NAME] [--rounds N]

#include "on_backend.hpp"
#include "protocol/clock.hpp"
#include "protocol/statistics.hpp"

#include <flux/pool.hpp>

#include <CLI/CLI.hpp>

#include <algorithm>
#include <cstdio>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace {

using namespace flux;
using bench::median;
using bench::need;

constexpr PartId kPart{0};

void settle(Pool& pool) {
  for (StepReport report; report = need(pool.step()), report.waitingBlocks + report.completedBlocks != 0;) {
  }
  pool.publish();
}

BlockHandle add(Pool& pool, std::span<const std::byte> bytes, bool kept) {
  const PartDesc part{PartKind::Storage, bytes.size(), Source::bytes(bytes), kept};
  const BlockHandle block = need(pool.add({.name = "read", .parts = {&part, 1}}));
  while (!pool.beginFrame().find(block).drawable()) settle(pool);
  return block;
}

/// Nanoseconds of the calls that give all of the part new bytes.
double updates(Pool& pool, std::span<const std::byte> bytes, bool kept, int rounds) {
  const BlockHandle block = add(pool, bytes, kept);
  std::vector<double> times;
  for (int i = 0; i < rounds; ++i) {
    const PartUpdate update{kPart, Source::bytes(bytes)};
    const std::int64_t begin = bench::threadCpuNanoseconds();
    need(pool.update(block, {&update, 1}));
    times.push_back(static_cast<double>(bench::threadCpuNanoseconds() - begin));
    while (pool.beginFrame().find(block).version != pool.requestedVersion(block)) settle(pool);
  }
  need(pool.remove(block));
  return median(times);
}

void measure(Pool& pool, ByteCount size, int rounds) {
  std::vector<std::byte> bytes(static_cast<std::size_t>(size));
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::byte>(i * 7 + i / 251);
  const double plain = updates(pool, bytes, false, rounds);
  const double through = updates(pool, bytes, true, rounds);

  const BlockHandle block = add(pool, bytes, true);
  std::vector<std::byte> found(bytes.size());
  std::vector<double> shadow;
  std::vector<double> readback;
  std::vector<double> taking;
  for (int i = 0; i < rounds; ++i) {
    std::int64_t begin = bench::wallNanoseconds();
    std::ranges::copy(need(pool.shadow(block, kPart)).data(), found.begin());
    shadow.push_back(static_cast<double>(bench::wallNanoseconds() - begin));
    if (found != bytes) throw app::Failure("the shadow differs");
    std::ranges::fill(found, std::byte{});
    begin = bench::wallNanoseconds();
    Readback asked = need(pool.readBack({block, kPart}));
    while (!asked.ready()) need(pool.step());
    const std::int64_t ready = bench::wallNanoseconds();
    need(asked.take(found));
    readback.push_back(static_cast<double>(bench::wallNanoseconds() - begin));
    taking.push_back(static_cast<double>(bench::wallNanoseconds() - ready));
    if (found != bytes) throw app::Failure("what was read back differs");
  }
  need(pool.remove(block));
  const auto gigabytes = [&](double nanoseconds) { return static_cast<double>(size) / nanoseconds; };
  const double read = median(readback);
  const double copied = median(shadow);
  std::printf("%8.0f %12.1f %12.1f %10.3f %12.1f %10.2f %12.1f %10.2f %12.1f\n", static_cast<double>(size) / 1024,
              plain / 1000, through / 1000, (through - plain) / static_cast<double>(size), copied / 1000,
              gigabytes(copied), read / 1000, gigabytes(read), median(taking) / 1000);
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App options{"Measures copies on the host beside reading back from the device"};
  std::string backend = "vulkan";
  int rounds = 50;
  options.add_option("--backend", backend, "One of those that the flux command has");
  options.add_option("--rounds", rounds, "Of each measurement, of which the median is told")
      ->check(CLI::PositiveNumber);
  CLI11_PARSE(options, argc, argv);
  try {
    const auto target = app::requireBackend(backend).makeTarget({});
    // Host finishes copies only when they are waited for, so there is nothing to measure.
    if (target->device().caps().backend == Backend::Host) throw app::Failure("host reads nothing back by itself");
    std::printf("%s: %s (%s)\n", backend.c_str(), target->device().caps().deviceName.c_str(),
                target->device().caps().driverName.c_str());
    std::printf(
        "Memory: a part that is kept takes its size on the host once more, or nothing if its source owns it.\n");
    std::printf("%8s %12s %12s %10s %12s %10s %12s %10s %12s\n", "KiB", "update us", "kept us", "ns/byte", "shadow us",
                "GB/s", "read back us", "GB/s", "of it, take");
    const auto pool = need(Pool::create(target->device(), {}));
    for (const ByteCount size : {kKiB, 16 * kKiB, 256 * kKiB, kMiB, 4 * kMiB}) measure(*pool, size, rounds);
  } catch (const app::Failure& failure) {
    std::fprintf(stderr, "flux_shadow_bench: %s\n", failure.what());
    return 1;
  }
  return 0;
}
