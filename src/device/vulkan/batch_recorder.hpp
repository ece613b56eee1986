#pragma once

#include "device/copy_plan.hpp"
#include "device/vulkan/buffer_slots.hpp"
#include "device/vulkan/copy_kernel.hpp"
#include "device/vulkan/segment_lists.hpp"

#include <flux/result.hpp>
#include <flux/vulkan.hpp>

#include <cstdint>
#include <span>
#include <vector>

namespace flux::vulkan {

/// What a batch is recorded into: a command list of its own, or one of the application, which does more.
enum class CommandList : std::uint8_t { Own, Application };

/// Turns batches into commands: pieces up to the crossover become segments of the kernel, the others plain copies,
/// sorted and merged, one command for each pair of buffers. No barrier lies between them, since the destinations of a
/// batch are disjoint from each other and from all sources.
///
/// **Thread contract.** One thread. Allocates nothing in steady state.
class BatchRecorder {
 public:
  BatchRecorder(const Functions& functions, VkDevice device, BufferMemory& buffers, BufferSlots& slots) noexcept
      : functions_(functions), slots_(slots), lists_(buffers), kernel_(functions, device) {}

  /// At most once, before the first batch: allows crossovers other than kVulkanPlainCopies.
  /// Errors: as `SegmentLists::create`; OutOfDeviceMemory, DriverError.
  [[nodiscard]] Result<void> createKernel(const VkPhysicalDeviceMemoryProperties& memory);

  void setCrossover(const VulkanCopyCrossover& crossover) noexcept { crossover_ = crossover; }
  [[nodiscard]] const VulkanCopyCrossover& crossover() const noexcept { return crossover_; }

  /// The host writes to chunks when copies there are done.
  void setHostWritesChunks(bool writes) noexcept { hostWritesChunks_ = writes; }

  /// Takes a batch; all of it that can fail. What was taken before and not submitted is forgotten.
  /// O(n), with plain copies O(n log n). Errors: as `BufferMemory::create`.
  [[nodiscard]] Result<void> prepare(std::span<const CopyPiece> batch, TimelineValue completed);

  /// Records the batch, ordered after all batches before it; in the application's list also after what that does
  /// before, and before what it does next. What it writes into pages becomes visible to the host.
  void record(VkCommandBuffer commands, CommandList list);

  /// The batch reaches the queue with this value.
  void submitted(TimelineValue value) noexcept { lists_.submitted(value); }

 private:
  [[nodiscard]] bool usesKernel() const noexcept { return crossover_ != kVulkanPlainCopies; }
  /// In words. False: as `SegmentLists::makeRoom`.
  [[nodiscard]] bool addSegment(std::uint64_t source, std::uint64_t destination, std::uint64_t words);
  /// The same for more than a segment can have.
  [[nodiscard]] bool addSegments(std::uint64_t source, std::uint64_t destination, std::uint64_t words);
  void recordPlainCopies(VkCommandBuffer commands);

  const Functions& functions_;
  BufferSlots& slots_;
  SegmentLists lists_;
  CopyKernel kernel_;
  VulkanCopyCrossover crossover_;
  bool hostWritesChunks_ = false;
  std::vector<CopyPiece> plain_;
  CopyPlan plan_;
  std::span<const SegmentRun> runs_;
  bool readsBack_ = false;             // the batch writes pages
  std::vector<VkBufferCopy> regions_;  // of one command
};

}  // namespace flux::vulkan
