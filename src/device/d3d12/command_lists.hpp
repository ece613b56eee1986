#pragma once

#include "device/d3d12/api.hpp"
#include "device/d3d12/com_ptr.hpp"

#include <flux/result.hpp>
#include <flux/types.hpp>

#include <deque>

namespace flux::d3d12 {

/// A command list and the allocator that it alone records into.
struct Commands {
  ComPtr<ID3D12CommandAllocator> allocator;
  ComPtr<ID3D12GraphicsCommandList> list;
};

/// Command lists of one queue, used again once the fence has passed the value they were submitted with.
///
/// **Thread contract.** One thread. Never waits: while all are in flight it makes another one.
/// **Invariants.** Values in flight grow from front to back. What was begun and is not given back is released.
class CommandLists {
 public:
  CommandLists(ID3D12Device* device, const D3D12_COMMAND_QUEUE_DESC& queue) noexcept : device_(device), queue_(queue) {}

  /// Begins one. Errors: OutOfDeviceMemory, DeviceLost, DriverError.
  [[nodiscard]] Result<Commands> begin(TimelineValue completed);
  void submitted(Commands commands, TimelineValue value);

 private:
  struct InFlight {
    Commands commands;
    TimelineValue value = 0;
  };

  [[nodiscard]] Result<Commands> make();

  ID3D12Device* device_;
  D3D12_COMMAND_QUEUE_DESC queue_;
  std::deque<InFlight> inFlight_;
};

}  // namespace flux::d3d12
