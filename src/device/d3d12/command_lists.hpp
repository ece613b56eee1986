#pragma once

#include "device/d3d12/api.hpp"
#include "device/d3d12/com_ptr.hpp"

#include <flux/result.hpp>
#include <flux/types.hpp>

#include <deque>
#include <limits>

namespace flux::d3d12 {

/// What every fence says once its device has been removed (ID3D12Fence::GetCompletedValue).
inline constexpr TimelineValue kRemoved = std::numeric_limits<TimelineValue>::max();

/// A command list, the allocator that it alone records into, and a fence that it alone is signalled to be done on: of
/// the values that wait on one fence vkd3d may set an earlier one behind a later one, and stay there.
struct Commands {
  ComPtr<ID3D12CommandAllocator> allocator;
  ComPtr<ID3D12GraphicsCommandList> list;
  ComPtr<ID3D12Fence> done;
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

  /// The highest value of those behind `completed` that is reached, else `completed`. A queue executes in order, so
  /// what was submitted before is reached too. O(lists in flight).
  [[nodiscard]] TimelineValue reached(TimelineValue completed) const;

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
