#pragma once

/// Hashes what a frame reads, on the device.

#include "webgpu/context.hpp"

#include <cstdint>
#include <span>
#include <vector>

namespace flux::app::webgpu {

/// The shader behind `HashPass`.
class HashPipeline {
 public:
  explicit HashPipeline(const WebGpuContext& context);

  [[nodiscard]] WGPUComputePipeline pipeline() const noexcept { return pipeline_.get(); }
  [[nodiscard]] WGPUBindGroupLayout layout() const noexcept { return layout_.get(); }

 private:
  UniqueBindGroupLayout layout_;
  UniqueComputePipeline pipeline_;
};

/// Bytes of a chunk. The offset is a multiple of 4.
struct HashRange {
  WGPUBuffer buffer = nullptr;
  ByteOffset offset = 0;
  ByteCount bytes = 0;
};

/// The hashes of one frame, whose buffers are kept for the next.
///
/// **Thread contract.** One thread.
class HashPass {
 public:
  explicit HashPass(const WebGpuContext& context) : context_(context) {}

  /// Forgets the ranges. REQUIRES: `hashes` was called, or nothing was recorded.
  void clear() { ranges_.clear(); }
  void append(std::span<const HashRange> ranges) { ranges_.insert(ranges_.end(), ranges.begin(), ranges.end()); }

  /// Records the hashing of all ranges.
  void record(WGPUCommandEncoder commands, const HashPipeline& pipeline);
  /// Right after the submission of what was recorded: asks for the results.
  void submitted();
  /// Waits for the results: `hashBytes` of each range in their order, valid until the next `record`.
  [[nodiscard]] std::span<const std::uint64_t> hashes();

 private:
  void reserve(std::size_t pieces);

  const WebGpuContext& context_;
  std::vector<HashRange> ranges_;
  std::vector<std::uint64_t> hashes_;
  UniqueBuffer pieces_;  ///< What the shader takes.
  std::size_t pieceCapacity_ = 0;
  UniqueBuffer results_;   ///< What it gives.
  UniqueBuffer readback_;  ///< The same, mapped.
  std::size_t resultCapacity_ = 0;
  WGPUFuture mapped_{};
  bool pending_ = false;
};

}  // namespace flux::app::webgpu
