// Threads that fill staging in place, beside what the same threads reach with plain copies into the same memory.

#include "transfer/staging_pages.hpp"

#include <flux/host.hpp>

#include <benchmark/benchmark.h>

#include <atomic>
#include <chrono>
#include <cstring>
#include <memory>
#include <thread>
#include <vector>

namespace flux {
namespace {

constexpr ByteCount kPageBytes = 4 * kMiB;
constexpr std::uint32_t kPages = 16;
constexpr std::chrono::microseconds kStep{20};

/// The default staging of a pool, and a geometry thread that does nothing but start pages over.
class Staging {
 public:
  Staging() {
    {
      std::vector<StagedBytes> all;  // opens every page
      for (std::uint32_t i = 0; i < kPages; ++i) all.push_back(pages_.reserve(kPageBytes).value());
    }
    (void)pages_.recycle(0);
    geometry_ = std::jthread([this](const std::stop_token& stop) {
      while (!stop.stop_requested()) {
        std::this_thread::sleep_for(kStep);
        (void)pages_.recycle(0);
      }
    });
  }

  [[nodiscard]] StagingPages& pages() noexcept { return pages_; }
  /// Memory as large, which nobody manages.
  [[nodiscard]] std::byte* plainPage(std::size_t index) { return plain_.data() + index % kPages * kPageBytes; }

 private:
  std::unique_ptr<HostDevice> host_ = HostDevice::create({.completion = HostDeviceDesc::Completion::Immediate});
  StagingPages pages_{*host_, kPageBytes, kPages* kPageBytes};
  std::vector<std::byte> plain_ = std::vector<std::byte>(kPages * kPageBytes);
  std::jthread geometry_;
};

Staging& staging() {
  static Staging shared;
  return shared;
}

void countBytes(benchmark::State& state, ByteCount bytes) {
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations()) * static_cast<std::int64_t>(bytes));
}

void PlainCopy(benchmark::State& state) {
  const auto bytes = static_cast<std::size_t>(state.range(0));
  const std::vector<std::byte> source(bytes, std::byte{1});
  // Each thread has pages of its own, and goes through them as the threads of StagingFill go through all.
  std::size_t page = static_cast<std::size_t>(state.thread_index());
  std::size_t offset = 0;
  for (auto _ : state) {
    if (offset + bytes > kPageBytes) {
      offset = 0;
      page += static_cast<std::size_t>(state.threads());
    }
    std::memcpy(staging().plainPage(page) + offset, source.data(), bytes);
    benchmark::ClobberMemory();
    offset += bytes;
  }
  countBytes(state, bytes);
}

void StagingFill(benchmark::State& state) {
  const auto bytes = static_cast<std::size_t>(state.range(0));
  const std::vector<std::byte> source(bytes, std::byte{1});
  StagingPages& pages = staging().pages();
  StagingPages::Filling filling;
  for (auto _ : state) {
    Result<StagedBytes> staged = pages.reserveOnAnyThread(bytes, filling);
    while (!staged) {
      (void)pages.waitForRoom(bytes, std::chrono::seconds{1});
      staged = pages.reserveOnAnyThread(bytes, filling);
    }
    std::memcpy(staged->bytes().data(), source.data(), bytes);
    benchmark::ClobberMemory();
  }
  countBytes(state, bytes);
}

void sizes(benchmark::internal::Benchmark* run) {
  for (const int threads : {1, 2, 4}) run->Threads(threads);
  for (const int bytes : {4096, 65536, 1 << 20}) run->Arg(bytes);
  run->UseRealTime();
}

BENCHMARK(PlainCopy)->Apply(sizes);
BENCHMARK(StagingFill)->Apply(sizes);

}  // namespace
}  // namespace flux
