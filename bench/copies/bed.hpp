#pragma once

/// A device with bytes to copy, and ways to copy them and to look at what arrived.

#include "layout.hpp"
#include "vulkan/commands.hpp"
#include "vulkan/context.hpp"
#include "vulkan/handles.hpp"
#include "vulkan/memory.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

namespace flux::bench {

enum class From : std::uint8_t { Host, Device };

/// What one way of copying took.
struct Timing {
  double gpuSeconds = 0;     ///< By the queue's timestamps.
  double recordSeconds = 0;  ///< Of the host, for the commands.
  double gatherSeconds = 0;  ///< Of the host, to put the batch together; Flux only.
  ByteCount bytes = 0;       ///< That were copied.
  std::uint64_t pieces = 0;
  std::uint64_t wrongWords = 0;  ///< Found afterwards, poisoned words that stayed included.

  [[nodiscard]] double gigabytesPerSecond() const { return static_cast<double>(bytes) / gpuSeconds / 1e9; }
  [[nodiscard]] double recordNanoseconds() const { return recordSeconds / static_cast<double>(pieces) * 1e9; }
  [[nodiscard]] double gatherNanoseconds() const { return gatherSeconds / static_cast<double>(pieces) * 1e9; }
};

/// Pages, source chunks with the same bytes, and destination chunks. All copies run on the copy queue, timed by
/// its timestamps. **Thread contract.** One thread. Fatal problems throw Failure.
class Bed {
 public:
  Bed(ByteCount bytes, int repeats);
  ~Bed();
  Bed(const Bed&) = delete;
  Bed& operator=(const Bed&) = delete;

  [[nodiscard]] std::uint32_t chunks() const noexcept { return chunkCount_; }
  [[nodiscard]] app::VulkanContext& context() noexcept { return context_; }
  /// How long it took to make a device that measures its crossover.
  [[nodiscard]] double creationMilliseconds() const noexcept { return creationMilliseconds_; }
  [[nodiscard]] VulkanCopyCrossover measuredCrossover() const noexcept { return measured_; }

  /// As others do: a region a piece, one command for each pair of buffers.
  [[nodiscard]] Timing copyByRegions(From from, const std::vector<Move>& moves);
  /// As Flux does: one batch.
  [[nodiscard]] Timing copyByFlux(From from, const std::vector<Move>& moves);

 private:
  using Record = std::function<void(VkCommandBuffer)>;

  void makeMemory();
  void fillSources();
  void poisonDestinations();
  [[nodiscard]] std::uint64_t wrongWords(const std::vector<Move>& moves);
  /// Submits to the copy queue, waits, and gives the seconds between two timestamps around it. `signal`: a value of the
  /// Flux device's timeline, or 0.
  double run(VkCommandBuffer commands, TimelineValue signal);
  VkCommandBuffer begin();
  double runOnce(const Record& record);

  app::VulkanContext context_;
  VkDevice device_;
  std::uint32_t chunkCount_;
  int repeats_;
  std::uint32_t poison_ = 0x50150150U;
  double creationMilliseconds_ = 0;
  VulkanCopyCrossover measured_;
  std::unique_ptr<VulkanDevice> flux_;
  app::UniqueCommandPool pool_;
  VkCommandBuffer commands_ = VK_NULL_HANDLE;
  VkQueryPool timestamps_ = VK_NULL_HANDLE;
  app::UniquePipelineLayout layout_;
  app::UniquePipeline compare_;
  app::MappedBuffer pairs_;
  app::MappedBuffer counter_;
  std::vector<app::MappedBuffer> hostCopies_;
  std::vector<ChunkInfo> sources_;
  std::vector<ChunkInfo> destinations_;
};

}  // namespace flux::bench
