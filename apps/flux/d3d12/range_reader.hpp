#pragma once

/// Reads ranges of chunks on the draw queue, for --verify.

#include "d3d12/command_list.hpp"

#include <flux/d3d12.hpp>
#include <flux/frame.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace flux::app::d3d12 {

/// The reads of one frame in flight: a command list copies the bytes into a readback heap, when and in the order that
/// the queue gets to it; the host hashes them once the frame has finished. (The compiler of the shaders makes no
/// compute programs.)
///
/// **Thread contract.** One thread. **Invariants.** Between `record` and the end of that frame on the device everything
/// stays as it is.
class RangeReader {
 public:
  explicit RangeReader(ID3D12Device* device);

  /// A closed list that copies these ranges. REQUIRES: no list of this reader is in flight. Throws Failure.
  [[nodiscard]] ID3D12CommandList* record(std::span<const Place> reads);

  /// `hashBytes` of each range. REQUIRES: the list has finished. Valid until the next `record`.
  [[nodiscard]] std::span<const std::uint64_t> hashes();

  /// The bytes of all ranges, each at a multiple of 4.
  [[nodiscard]] std::span<const std::byte> bytes() const noexcept { return {mapped_, used_}; }

 private:
  void reserve(std::size_t bytes);

  ID3D12Device* device_;
  CommandList list_;
  Com<ID3D12Resource> readback_;
  const std::byte* mapped_ = nullptr;
  std::size_t capacity_ = 0;
  std::size_t used_ = 0;
  std::vector<std::size_t> sizes_;
  std::vector<std::uint64_t> hashes_;
};

}  // namespace flux::app::d3d12
