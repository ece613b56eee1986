#pragma once

/// Committed buffers.

#include "device/d3d12/api.hpp"
#include "device/d3d12/com_ptr.hpp"
#include "device/d3d12/heap_choice.hpp"

#include <flux/result.hpp>
#include <flux/types.hpp>

#include <cstddef>
#include <cstdint>

namespace flux::d3d12 {

struct Buffer {
  ComPtr<ID3D12Resource> resource;
  ByteCount allocatedBytes = 0;
  std::byte* mapped = nullptr;  ///< Until it is destroyed; null where the host does not write to it.
  /// While a batch is recorded: the state that its commands so far have left the buffer in.
  D3D12_RESOURCE_STATES state = D3D12_RESOURCE_STATE_COMMON;

  explicit operator bool() const noexcept { return static_cast<bool>(resource); }
};

enum class BufferUse : std::uint8_t { Chunk, Upload, Readback, Bounce };

/// Makes buffers in heaps of their own and counts their memory.
///
/// A committed buffer *is* a heap with one buffer in it, made in one call: with exactly one buffer to a chunk an
/// explicit heap and a placed buffer would be a second object to hold for the same memory, the same residency unit and
/// the same alignment of 64 KiB.
///
/// **Thread contract.** One thread. **Invariants.** A call that fails leaves nothing behind.
class Buffers {
 public:
  Buffers(ID3D12Device* device, const HeapChoice& heaps) noexcept;

  /// Errors: OutOfDeviceMemory (numbers: bytes wanted, bytes allocated so far), DeviceLost, DriverError.
  [[nodiscard]] Result<Buffer> create(BufferUse use, ByteCount bytes);

  /// Empties `buffer`; does nothing to an empty one.
  void destroy(Buffer& buffer) noexcept;

  [[nodiscard]] ByteCount directWriteBytes() const noexcept { return heaps_.directWriteBytes; }
  [[nodiscard]] ByteCount allocatedBytes() const noexcept { return allocatedBytes_; }

 private:
  ID3D12Device* device_;
  HeapChoice heaps_;
  D3D12_HEAP_FLAGS chunkFlags_ = D3D12_HEAP_FLAG_NONE;
  ByteCount alignmentBytes_ = D3D12_DEFAULT_RESOURCE_PLACEMENT_ALIGNMENT;  ///< Of allocations.
  D3D12_RESOURCE_FLAGS alignmentFlags_ = D3D12_RESOURCE_FLAG_NONE;         ///< That ask for it.
  ByteCount allocatedBytes_ = 0;
};

}  // namespace flux::d3d12
