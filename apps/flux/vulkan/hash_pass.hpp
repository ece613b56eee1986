#pragma once

/// Hashes ranges of device memory on the device, for --verify.

#include "vulkan/hash_pipeline.hpp"
#include "vulkan/memory.hpp"

#include <flux/types.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace flux::app {

/// A range to hash. The address is a multiple of 4, and the last word can be read as a whole.
struct HashRange {
  VkDeviceAddress address = 0;
  ByteCount bytes = 0;
  /// At `address` the device itself has named the range, as `Named` of shaders/by_handle.glsl. If it has another size
  /// there, the hash is 0.
  bool named = false;
};

/// The hashes of one frame in flight: ranges go in, `hashBytes` of each comes out once the frame has finished.
///
/// Ranges are read through their addresses, because a descriptor would have to name whole chunks, parts of which
/// are being written for later frames: right, but a hazard in the eyes of every tool.
///
/// **Thread contract.** One thread. **Invariants.** Between `record` and the end of that frame on the device the
/// buffers stay as they are. In steady state nothing is allocated.
class HashPass {
 public:
  /// Forgets the ranges.
  void clear() noexcept { ranges_.clear(); }

  /// Takes the next ranges; their hashes will have the same order.
  void append(std::span<const HashRange> ranges) { ranges_.insert(ranges_.end(), ranges.begin(), ranges.end()); }

  /// Records the hashing of everything appended, and what makes the results visible to the host. REQUIRES: no recorded
  /// pass is in flight. Throws Failure.
  void record(VulkanContext& context, VkCommandBuffer commands, const HashPipeline& pipeline);

  /// Results of the pass that was recorded last. REQUIRES: it has finished.
  [[nodiscard]] std::span<const std::uint64_t> hashes() const noexcept;

 private:
  /// As in shaders/hash.comp.
  struct Piece {
    VkDeviceAddress address = 0;
    std::uint32_t bytes = 0;
    std::uint32_t firstIndex = 0;
    std::uint32_t result = 0;
    std::uint32_t namedBytes = 0;
  };
  static_assert(sizeof(Piece) == 24);

  std::vector<HashRange> ranges_;
  std::vector<Piece> split_;
  MappedBuffer pieces_;
  MappedBuffer hashes_;
};

}  // namespace flux::app
