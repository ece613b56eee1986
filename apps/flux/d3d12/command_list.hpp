#pragma once

#include "d3d12/api.hpp"

namespace flux::app::d3d12 {

/// A direct command list and the memory of its commands, recorded again and again.
///
/// **Thread contract.** One thread at a time. **Invariants.** Not begun again before the device is done with it.
class CommandList {
 public:
  /// Throws Failure.
  explicit CommandList(ID3D12Device* device);

  /// Forgets what was recorded, and records anew. Throws Failure.
  ID3D12GraphicsCommandList* begin();

  /// Ends recording; what to execute. Throws Failure.
  [[nodiscard]] ID3D12CommandList* close();

  /// What `begin` gave.
  [[nodiscard]] ID3D12GraphicsCommandList* get() const noexcept { return list_.get(); }

 private:
  Com<ID3D12CommandAllocator> allocator_;
  Com<ID3D12GraphicsCommandList> list_;
};

}  // namespace flux::app::d3d12
