#pragma once

/// The chunks and staging pages of a device.

#include "device/slots.hpp"
#include "device/vulkan/buffer_memory.hpp"

#include <flux/device.hpp>

#include <vector>

namespace flux::vulkan {

/// Buffers by their index. **Invariants.** A buffer is empty exactly where there is no such index.
struct BufferSlots {
  std::vector<Buffer> chunks;
  std::vector<Buffer> pages;

  [[nodiscard]] Buffer& chunk(ChunkIndex index) { return usedSlot(chunks, static_cast<std::uint32_t>(index)); }
  [[nodiscard]] Buffer& page(StagingIndex index) { return usedSlot(pages, static_cast<std::uint32_t>(index)); }
  [[nodiscard]] Buffer& at(CopyEnd end) { return usedSlot(end.isPage() ? pages : chunks, end.index()); }
};

}  // namespace flux::vulkan
