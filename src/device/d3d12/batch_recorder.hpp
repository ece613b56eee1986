#pragma once

#include "device/copy_plan.hpp"
#include "device/d3d12/buffers.hpp"

#include <flux/device.hpp>

#include <span>
#include <vector>

namespace flux::d3d12 {

/// Records a batch into a command list: copies, sorted and merged, and the state transitions between them.
///
/// Every buffer begins a list in COMMON and is promoted by its first use; only a chunk that one batch both reads and
/// writes needs transitions. A buffer cannot be in both copy states at once, so pieces that move inside
/// one chunk go through a bounce buffer.
///
/// **Thread contract.** One thread. **Invariants.** Batches of one queue share the bounce buffer: their lists execute
/// one after the other.
class BatchRecorder {
 public:
  /// Of a bounce round: enough that a move of a whole part is one round, little beside any chunk.
  static constexpr ByteCount kBounceBytes = kMiB;

  /// Once, before anything else. Errors: OutOfDeviceMemory, DeviceLost, DriverError.
  [[nodiscard]] Result<void> create(Buffers& buffers);

  void record(ID3D12GraphicsCommandList* list, std::span<const CopyPiece> batch, std::span<Buffer> chunks,
              std::span<Buffer> staging);

 private:
  void use(Buffer& buffer, D3D12_RESOURCE_STATES state);
  void flushBarriers();
  void moveInside(Buffer& chunk, std::span<const CopyRegion> regions);
  void bounce(Buffer& chunk);

  ID3D12GraphicsCommandList* list_ = nullptr;  // While a batch is recorded.
  CopyPlan plan_;
  Buffer bounce_;
  std::vector<CopyRegion> round_;  // Of one bounce round.
  std::vector<D3D12_RESOURCE_BARRIER> barriers_;
};

}  // namespace flux::d3d12
