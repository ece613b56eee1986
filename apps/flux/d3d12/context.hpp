#pragma once

/// A headless Direct3D 12 device of the command's own, and the Flux device that adopts it.

#include "d3d12/api.hpp"

#include <flux/d3d12.hpp>
#include <flux/frame.hpp>

#include <memory>
#include <span>

namespace flux::app {

/// Owns a device, a direct queue, a copy queue and their fences.
///
/// **Thread contract.** Accessors are safe on any thread; `submit`, `wait` and `submitted` belong to the one that
/// draws.
///
/// **Invariants.** The destructor waits for what was submitted. Everything handed out lives as long as the context.
class D3D12Context {
 public:
  static constexpr QueueId kDrawQueue{1};

  /// Throws Failure when there is no driver or no device of feature level 11_0.
  D3D12Context();
  ~D3D12Context();
  D3D12Context(const D3D12Context&) = delete;
  D3D12Context& operator=(const D3D12Context&) = delete;

  [[nodiscard]] ID3D12Device* d3d12Device() const noexcept { return d3d12Device_.get(); }
  [[nodiscard]] ID3D12CommandQueue* copyQueue() const noexcept { return copyQueue_.get(); }
  [[nodiscard]] ID3D12Fence* drawFence() const noexcept { return drawFence_.get(); }

  /// The Flux device adopted from all this.
  [[nodiscard]] D3D12Device& device() noexcept { return *device_; }

  /// What `device()` was made from, for more Flux devices; it views into the context.
  [[nodiscard]] D3D12DeviceDesc adoption() noexcept;

  /// Executes a closed list on the draw queue once the waits are over. Returns its value on `kDrawQueue`. Throws
  /// Failure.
  TimelineValue submit(ID3D12GraphicsCommandList* list, std::span<const QueueValue> waits);

  /// Waits for a submission. Throws Failure.
  void wait(TimelineValue value);

  [[nodiscard]] TimelineValue submitted() const noexcept { return submitted_; }

 private:
#if defined(_WIN32)
  Com<IDXGIAdapter3> adapter_;
#endif
  Com<ID3D12Device> d3d12Device_;
  Com<ID3D12CommandQueue> drawQueue_;
  Com<ID3D12CommandQueue> copyQueue_;
  Com<ID3D12Fence> drawFence_;
  ID3D12Fence* fences_[1] = {};
  TimelineValue submitted_ = 0;
  std::unique_ptr<D3D12Device> device_;
};

}  // namespace flux::app
