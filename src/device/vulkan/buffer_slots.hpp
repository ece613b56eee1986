#pragma once

/// The chunks and staging pages of a device.

#include "base/rounding.hpp"
#include "device/slots.hpp"
#include "device/vulkan/buffer_memory.hpp"
#include "device/vulkan/segment_lists.hpp"

#include <flux/assert.hpp>
#include <flux/device.hpp>

#include <array>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

namespace flux::vulkan {

/// Buffers by their index. **Invariants.** A buffer is empty exactly where there is no such index.
class BufferSlots {
 public:
  [[nodiscard]] Buffer& at(CopyEnd end) { return usedSlot(kind(end).buffers, end.index()); }

  /// Puts a buffer where there is none; returns it.
  Buffer& put(CopyEnd end, const Buffer& buffer) {
    Kind& slots = kind(end);
    Buffer& slot = freeSlot(slots.buffers, end.index());
    slot = buffer;
    slots.words.resize(slots.buffers.size());
    slots.words[end.index()] = buffer.address + buffer.bytes <= kAddressEnd ? buffer.address / kWordBytes : 0;
    return slot;
  }
  /// Takes a buffer out.
  [[nodiscard]] Buffer take(CopyEnd end) {
    const Buffer taken = std::exchange(at(end), {});
    kind(end).words[end.index()] = 0;
    return taken;
  }

  /// The buffers' addresses in words of 4 bytes; 0 where the kernel cannot reach one, or there is none. Of thousands of
  /// pieces this is all that recording reads of their buffers. Valid until the next change.
  class WordAddresses {
   public:
    explicit WordAddresses(const BufferSlots& slots) noexcept : words_{slots.kinds_[0].words, slots.kinds_[1].words} {}
    std::uint64_t operator[](CopyEnd end) const {
      const std::span<const std::uint64_t> words = words_[end.isPage() ? 1 : 0];
      FLUX_ASSERT(end.index() < words.size(), "the index of a chunk or staging page is in use");
      return words[end.index()];
    }

   private:
    std::array<std::span<const std::uint64_t>, 2> words_;
  };
  [[nodiscard]] WordAddresses wordAddresses() const noexcept { return WordAddresses(*this); }

  /// Every slot, also those that are empty.
  [[nodiscard]] std::array<std::span<const Buffer>, 2> all() const noexcept {
    return {kinds_[0].buffers, kinds_[1].buffers};
  }

 private:
  struct Kind {
    std::vector<Buffer> buffers;
    std::vector<std::uint64_t> words;
  };
  [[nodiscard]] Kind& kind(CopyEnd end) noexcept { return kinds_[end.isPage() ? 1 : 0]; }

  std::array<Kind, 2> kinds_;  ///< Chunks, pages.
};

}  // namespace flux::vulkan
