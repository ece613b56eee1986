#include "scene.hpp"

#include <flux/host.hpp>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <random>

#include "../protocol/clock.hpp"
#include "churn.hpp"
#include "flux_allocators.hpp"

namespace flux::bench {
namespace {

/// Makes memory on a Host device, and measures how long that takes.
class Memory {
 public:
  void make(ByteCount bytes) {
    worked(
        [&] {  // the device fills it before its next work
          return device_->createChunk(ChunkIndex{next_}, bytes).has_value() && device_->poll().has_value();
        },
        makeMs_);
    bytes_ += bytes;
    ++next_;
  }

  /// A larger buffer instead of the last one, with what that holds.
  void replace(ByteCount bytes, ByteCount oldBytes, ByteCount usedBytes) {
    make(bytes);
    peakBytes_ = std::max(peakBytes_, bytes_);
    const CopyPiece piece{.source = ChunkIndex{next_ - 2}, .destination = ChunkIndex{next_ - 1}, .bytes = usedBytes};
    worked(
        [&] {
          return usedBytes == 0 || (device_->submit({&piece, 1}).has_value() && device_->poll().has_value());
        },
        copyMs_);
    device_->destroyChunk(ChunkIndex{next_ - 2});
    bytes_ -= oldBytes;
  }

  [[nodiscard]] double makeMs() const { return makeMs_; }
  [[nodiscard]] double copyMs() const { return copyMs_; }
  [[nodiscard]] ByteCount peakBytes() const { return std::max(peakBytes_, bytes_); }

 private:
  template <class Work>
  static void worked(const Work& work, double& milliseconds) {
    bool ok = false;
    milliseconds += cpuNanosecondsOf([&] { ok = work(); }) / 1e6;
    if (ok) return;
    std::fputs("flux_alloc_bench: the Host device is out of memory\n", stderr);
    std::exit(2);
  }

  std::unique_ptr<HostDevice> device_ = HostDevice::create(
      {.completion = HostDeviceDesc::Completion::Immediate, .heapBytes = 64 * kGiB, .maxAllocations = ~0U});
  std::uint32_t next_ = 0;
  ByteCount bytes_ = 0;
  ByteCount peakBytes_ = 0;
  double makeMs_ = 0;
  double copyMs_ = 0;
};

}  // namespace

std::vector<std::uint32_t> sceneSizes(ByteCount sceneBytes) {
  const SizeRange range{.largest = static_cast<std::uint32_t>(std::min(sceneBytes / 16, kMiB))};
  std::mt19937_64 random(600);
  std::vector<std::uint32_t> sizes;
  for (ByteCount sum = 0; sum < sceneBytes; sum += sizes.back()) sizes.push_back(drawSize(range, random));
  return sizes;
}

Loading loadIntoChunks(const std::vector<std::uint32_t>& sizes, ByteCount chunkBytes, ByteCount firstChunkBytes,
                       ByteCount reserveBytes) {
  FluxChunks chunks(Growing{.chunkBytes = chunkBytes, .firstChunkBytes = firstChunkBytes});
  Memory memory;
  Loading loading;
  const auto makeNew = [&] {
    const Footprint now = chunks.footprint();
    if (now.chunksMade == loading.footprint.chunksMade) return;
    memory.make(now.reservedBytes - loading.footprint.reservedBytes);
    loading.footprint = now;
  };
  chunks.reserve(reserveBytes);
  makeNew();
  const std::uint64_t madeAtStart = loading.footprint.chunksMade;
  for (const std::uint32_t size : sizes) {
    const double before = memory.makeMs();
    (void)chunks.allocate(size);
    makeNew();
    loading.worstMs = std::max(loading.worstMs, memory.makeMs() - before);
    loading.liveBytes += size;
  }
  loading.madeLater = static_cast<std::uint32_t>(loading.footprint.chunksMade - madeAtStart);
  loading.makeMs = memory.makeMs();
  loading.peakReservedBytes = memory.peakBytes();
  return loading;
}

Loading loadIntoOneBuffer(const std::vector<std::uint32_t>& sizes, ByteCount firstBytes, double factor) {
  Memory memory;
  Loading loading;
  ByteCount capacity = firstBytes;
  memory.make(capacity);
  loading.footprint.chunksMade = 1;
  for (const std::uint32_t size : sizes) {
    if (loading.liveBytes + size > capacity) {
      const ByteCount old = capacity;
      while (loading.liveBytes + size > capacity) {
        capacity = static_cast<ByteCount>(static_cast<double>(capacity) * factor) / (64 * kKiB) * (64 * kKiB);
      }
      const double before = memory.makeMs() + memory.copyMs();
      memory.replace(capacity, old, loading.liveBytes);
      loading.worstMs = std::max(loading.worstMs, memory.makeMs() + memory.copyMs() - before);
      loading.copiedBytes += loading.liveBytes;
      ++loading.footprint.chunksMade;
    }
    loading.liveBytes += size;
  }
  loading.footprint = {capacity, 1, loading.footprint.chunksMade};
  loading.makeMs = memory.makeMs();
  loading.copyMs = memory.copyMs();
  loading.peakReservedBytes = memory.peakBytes();
  return loading;
}

}  // namespace flux::bench
