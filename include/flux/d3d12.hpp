#pragma once

/// The Direct3D 12 device: adopts what the application has made. This header needs none of Direct3D's own, so that it
/// works with those of any SDK.

#include <flux/device.hpp>

#include <memory>
#include <optional>
#include <span>

struct ID3D12CommandQueue;
struct ID3D12Device;
struct ID3D12Fence;
struct ID3D12Resource;
struct IDXGIAdapter3;

namespace flux {

/// What Flux adopts; it holds references as long as it needs them. Views are only read during the call.
struct D3D12DeviceDesc {
  ID3D12Device* device = nullptr;

  /// Of type copy where the device has such a queue to spare, else compute or direct; of `device`.
  ID3D12CommandQueue* copyQueue = nullptr;

  /// One fence for each queue of the application, signalled by its submissions with the values that are given to
  /// `Frame::submitted`. They become `QueueId{1}`, `QueueId{2}`, …
  std::span<ID3D12Fence* const> fences;

  /// Gives names and the budget. Windows only; elsewhere there is no DXGI, and it must be null.
  IDXGIAdapter3* adapter = nullptr;

  /// Without an adapter: the memory that buffers can live in, which the budget is estimated from.
  ByteCount deviceMemoryBytes = 0;

  /// How many bytes of a step the host writes straight into chunks (`DeviceCaps::directWriteBytes`): 0 for copies only,
  /// `kAllBytes` for no staging. Without it, all of them where the device has no memory of its own, else none. A device
  /// with memory of its own needs GPU upload heaps for it. Why: docs/design/moving-bytes.md.
  std::optional<ByteCount> directWriteBytes;
};

/// A `Device` on an adopted `ID3D12Device` (feature level 11_0).
///
/// **Thread contract.** As `Device`; `copyFence` may be called by any thread. The application may submit to the copy
/// queue at any time from any thread: queues are free-threaded. The destructor waits for Flux's own copies; submissions
/// of the application that read chunks must have finished before.
///
/// **Resource states.** Chunks are buffers in the state COMMON whenever no command list that uses them executes: like
/// all buffers they are promoted by their first use and decay after each `ExecuteCommandLists` (Direct3D 12,
/// "Implicit State Transitions"). So the application needs no barrier before it reads a chunk, and none after. Within
/// one command list all its reads of chunks together must be a union of read states, or it has barriers of its own.
/// Buffers are simultaneous-access resources: that the copy queue writes other bytes of a chunk meanwhile is allowed.
///
/// **Order.** A queue of the application that reads what a batch wrote waits on the device first:
/// `queue->Wait(device.copyFence(), value)` for the values of `Frame::waits`. The wait also makes the bytes visible.
/// What the host has written straight into chunks is seen by all lists that are executed after it.
///
/// **Addresses.** `ChunkInfo::address` is the buffer's GPU virtual address: for vertex and index buffer views and root
/// descriptors, since shaders cannot follow addresses.
class D3D12Device : public Device {
 public:
  /// Errors: InvalidArgument (names the field), OutOfDeviceMemory, DeviceLost, DriverError.
  [[nodiscard]] static Result<std::unique_ptr<D3D12Device>> create(const D3D12DeviceDesc& desc);

  /// The fence behind `kCopyQueue`. Only to be waited for. Any thread.
  [[nodiscard]] virtual ID3D12Fence* copyFence() const noexcept = 0;
};

/// The buffer behind a `ChunkInfo` or a `Place`.
[[nodiscard]] inline ID3D12Resource* d3d12Buffer(NativeHandle handle) noexcept {
  return reinterpret_cast<ID3D12Resource*>(handle);
}

}  // namespace flux
