#include "record/numbers.hpp"

#include <algorithm>

namespace flux {

std::array<std::uint64_t, 7> numbersOf(const DeviceCaps& caps) noexcept {
  return {static_cast<std::uint64_t>(caps.backend),
          caps.maxChunkBytes,
          caps.maxAllocations,
          caps.queueCount,
          caps.unifiedMemory ? 1U : 0U,
          caps.bufferAddresses ? 1U : 0U,
          caps.directWriteBytes};
}

DeviceCaps capsOf(const RecordedEvent& event) {
  DeviceCaps caps;
  caps.backend =
      static_cast<Backend>(std::min<std::uint64_t>(event.numbers[0], static_cast<std::uint64_t>(Backend::WebGPU)));
  caps.maxChunkBytes = event.numbers[1];
  caps.maxAllocations = static_cast<std::uint32_t>(event.numbers[2]);
  caps.queueCount = static_cast<std::uint32_t>(event.numbers[3]);
  caps.unifiedMemory = event.numbers[4] != 0;
  caps.bufferAddresses = event.numbers[5] != 0;
  caps.directWriteBytes = event.numbers[6];
  caps.deviceName = event.text;
  for (std::size_t i = 0; i < std::min(event.list.size(), caps.partAlignmentBytes.size()); ++i) {
    caps.partAlignmentBytes[i] = static_cast<std::uint32_t>(event.list[i]);
  }
  return caps;
}

std::array<std::uint64_t, 24> numbersOf(const PoolDesc& desc) noexcept {
  return {desc.chunkBytes,
          desc.firstChunkBytes,
          desc.longLivedFirstChunkBytes,
          desc.stagingPageBytes,
          desc.stagingLimitBytes,
          desc.readbackLimitBytes,
          desc.shadowLimitBytes,
          desc.hardLimitBytes,
          desc.maxBlocks,
          desc.emptyChunkSteps,
          static_cast<std::uint64_t>(desc.emptyChunkAge.count()),
          desc.spareChunks,
          desc.recordMirrors,
          desc.evicts ? 1U : 0U,
          desc.storeLimitBytes,
          desc.defrag.automatic ? 1U : 0U,
          desc.defrag.freeChunkPercent,
          desc.defrag.freeUsedPercent,
          desc.defrag.sparsePercent,
          desc.defrag.fullPercent,
          desc.defrag.blockFreePercent,
          desc.defrag.stepsBetween,
          desc.defrag.settledSteps,
          desc.defrag.retrySteps};
}

PoolDesc descOf(const RecordedEvent& event) {
  const auto& numbers = event.numbers;
  PoolDesc desc;
  desc.chunkBytes = numbers[0];
  desc.firstChunkBytes = numbers[1];
  desc.longLivedFirstChunkBytes = numbers[2];
  desc.stagingPageBytes = numbers[3];
  desc.stagingLimitBytes = numbers[4];
  desc.readbackLimitBytes = numbers[5];
  desc.shadowLimitBytes = numbers[6];
  desc.hardLimitBytes = numbers[7];
  desc.maxBlocks = static_cast<std::uint32_t>(numbers[8]);
  desc.emptyChunkSteps = static_cast<std::uint32_t>(numbers[9]);
  desc.emptyChunkAge = std::chrono::nanoseconds{static_cast<std::int64_t>(numbers[10])};
  desc.spareChunks = static_cast<std::uint32_t>(numbers[11]);
  desc.recordMirrors = static_cast<std::uint32_t>(numbers[12]);
  desc.evicts = numbers[13] != 0;
  desc.storeLimitBytes = numbers[14];
  const auto small = [&](std::size_t at) { return static_cast<std::uint32_t>(numbers[at]); };
  desc.defrag = {numbers[15] != 0, small(16), small(17), small(18), small(19),
                 small(20),        small(21), small(22), small(23)};
  return desc;
}

}  // namespace flux
