#pragma once

/// The chunks and staging pages of a device.

#include "base/rounding.hpp"
#include "device/slots.hpp"
#include "device/vulkan/buffer_memory.hpp"
#include "device/vulkan/segment_lists.hpp"

#include <flux/assert.hpp>
#include <flux/device.hpp>

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

namespace flux::vulkan {

/// Buffers by their index. **Invariants.** A buffer is empty exactly where there is no such index.
class BufferSlots {
 public:
  [[nodiscard]] Buffer& at(CopyEnd end) { return usedSlot(kind(end), end.index()); }

  /// Puts a buffer where there is none; returns it.
  Buffer& put(CopyEnd end, const Buffer& buffer) {
    Buffer& slot = freeSlot(kind(end), end.index());
    slot = buffer;
    if (words_.size() <= wordSlot(end)) words_.resize(wordSlot(end) + 1);
    words_[wordSlot(end)] = buffer.address + buffer.bytes <= kAddressEnd ? buffer.address / kWordBytes : 0;
    return slot;
  }
  /// Takes a buffer out.
  [[nodiscard]] Buffer take(CopyEnd end) {
    const Buffer taken = std::exchange(at(end), {});
    words_[wordSlot(end)] = 0;
    return taken;
  }

  /// The buffers' addresses in words of 4 bytes; 0 where the kernel cannot reach one, or there is none. Of thousands of
  /// pieces this is all that recording reads of their buffers. Valid until the next change.
  class WordAddresses {
   public:
    explicit WordAddresses(const BufferSlots& slots) noexcept : words_(slots.words_) {}
    std::uint64_t operator[](CopyEnd end) const {
      FLUX_ASSERT(wordSlot(end) < words_.size(), "the index of a chunk or staging page is in use");
      return words_[wordSlot(end)];
    }

   private:
    std::span<const std::uint64_t> words_;
  };
  [[nodiscard]] WordAddresses wordAddresses() const noexcept { return WordAddresses(*this); }

  /// Every slot, also those that are empty.
  [[nodiscard]] std::array<std::span<const Buffer>, 2> all() const noexcept { return {kinds_[0], kinds_[1]}; }

 private:
  [[nodiscard]] std::vector<Buffer>& kind(CopyEnd end) noexcept { return kinds_[end.isPage() ? 1 : 0]; }
  /// In `words_`: the bit that tells pages from chunks is the lowest one here.
  static constexpr std::size_t wordSlot(CopyEnd end) noexcept { return std::rotl(end.bits(), 1); }

  std::array<std::vector<Buffer>, 2> kinds_;  ///< Chunks, pages.
  std::vector<std::uint64_t> words_;
};

}  // namespace flux::vulkan
