#pragma once

#include "device/webgpu/functions.hpp"

#include <flux/types.hpp>

#include <cstddef>
#include <memory>
#include <vector>

namespace flux::webgpu {

/// What a batch reads back passes through a buffer of its own: a buffer can be mapped only while no copy may write to
/// it, so a page, of which one part is read while another is written, cannot be such a buffer itself.
///
/// **Thread contract.** One thread.
class ReadbackBuffer {
 public:
  /// Takes over a buffer with `MapRead` and `CopyDst`. `functions` must outlive it.
  ReadbackBuffer(const Functions& functions, WGPUBuffer buffer, ByteCount capacityBytes)
      : functions_(functions), buffer_(buffer), capacityBytes_(capacityBytes) {}
  ReadbackBuffer(const ReadbackBuffer&) = delete;
  ReadbackBuffer& operator=(const ReadbackBuffer&) = delete;
  ~ReadbackBuffer();

  [[nodiscard]] ByteCount capacityBytes() const noexcept { return capacityBytes_; }

  /// Records a copy from `source`; its bytes go to `to` when they have arrived. REQUIRES: there is room.
  void record(WGPUCommandEncoder encoder, WGPUBuffer source, ByteOffset sourceOffset, std::byte* to, ByteCount bytes);

  /// Asks for the mapping, after what was recorded has been submitted.
  [[nodiscard]] WGPUFuture map() const;

  /// Once it is mapped: copies everything to its place and is empty again. False: the mapping failed.
  [[nodiscard]] bool deliver();

 private:
  struct Region {
    std::byte* to = nullptr;
    ByteCount bytes = 0;
  };

  const Functions& functions_;
  WGPUBuffer buffer_;
  ByteCount capacityBytes_;
  ByteCount usedBytes_ = 0;
  std::vector<Region> regions_;  ///< One behind the other in the buffer.
};

}  // namespace flux::webgpu
