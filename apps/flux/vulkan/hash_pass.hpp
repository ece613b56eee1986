#pragma once

/// Hashes ranges of device memory on the device, for --verify.

#include "vulkan/hash_pipeline.hpp"
#include "vulkan/memory.hpp"

#include <cstddef>
#include <cstdint>
#include <span>

namespace flux::app {

/// A range to hash. As in shaders/hash.comp.
struct HashRange {
  VkDeviceAddress address = 0;
  std::uint32_t words = 0;
  std::uint32_t restBytes = 0;  ///< Of one more word: 0 to 3 bytes, of which all must be readable.
};
static_assert(sizeof(HashRange) == 16);

/// The hashes of one frame in flight: ranges go in, `hashBytes` of each comes out once the frame has finished.
///
/// Ranges are read through their addresses, because a descriptor would have to name whole chunks, parts of which
/// are being written for later frames: right, but a hazard in the eyes of every tool.
///
/// **Thread contract.** One thread. **Invariants.** Between `record` and the end of that frame on the device the
/// buffers stay as they are.
class HashPass {
 public:
  /// Room for so many ranges. REQUIRES: no recorded pass is in flight. Throws Failure.
  void reserve(VulkanContext& context, std::size_t ranges);

  /// Takes the next ranges; their hashes will have the same order. REQUIRES: reserved.
  void append(std::span<const HashRange> ranges) noexcept;

  /// Records the hashing of everything appended, and what makes the results visible to the host.
  void record(VkCommandBuffer commands, const HashPipeline& pipeline) const;

  /// Results of the pass that was recorded last. REQUIRES: it has finished.
  [[nodiscard]] std::span<const std::uint64_t> hashes() const noexcept;

  /// Forgets the ranges.
  void clear() noexcept { count_ = 0; }

 private:
  MappedBuffer ranges_;
  MappedBuffer hashes_;
  std::size_t capacity_ = 0;
  std::size_t count_ = 0;
};

}  // namespace flux::app
