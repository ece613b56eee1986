#pragma once

/// A headless Direct3D 12 device of the command's own, and the Flux device that adopts it.

#include "d3d12/api.hpp"
#if !defined(_WIN32)
#include "d3d12/checked_vkd3d.hpp"
#endif
#include "device_messages.hpp"

#include <flux/d3d12.hpp>
#include <flux/frame.hpp>

#include <memory>
#include <optional>
#include <span>

namespace flux::app {

/// Owns a device, a direct queue, a copy queue where it is not to be the same, and their fences.
///
/// **Thread contract.** Accessors are safe on any thread; `submit`, `wait` and `submitted` belong to the one that
/// draws.
///
/// **Invariants.** The destructor waits for what was submitted. Everything handed out lives as long as the context.
class D3D12Context {
 public:
  static constexpr QueueId kDrawQueue{1};

  struct Options {
    bool validate = false;     ///< With the Vulkan layer under vkd3d; on Windows there is nothing to ask for.
    bool singleQueue = false;  ///< Copies and draws on one queue.
  };

  /// Throws Failure when there is no driver, no device of feature level 11_0, or nothing that validates.
  explicit D3D12Context(const Options& options);
  ~D3D12Context();
  D3D12Context(const D3D12Context&) = delete;
  D3D12Context& operator=(const D3D12Context&) = delete;

  [[nodiscard]] ID3D12Device* d3d12Device() const noexcept { return d3d12Device_.get(); }
  [[nodiscard]] ID3D12CommandQueue* copyQueue() const noexcept {
    return copyQueue_ != nullptr ? copyQueue_.get() : drawQueue_.get();
  }
  [[nodiscard]] ID3D12Fence* drawFence() const noexcept { return drawFence_.get(); }

  /// The Flux device adopted from all this.
  [[nodiscard]] D3D12Device& device() noexcept { return *device_; }

  /// What `device()` was made from, for more Flux devices; it views into the context.
  [[nodiscard]] D3D12DeviceDesc adoption();

  /// Executes closed lists, one after the other, on the draw queue once the waits are over. Returns their value on
  /// `kDrawQueue`. Throws Failure.
  TimelineValue submit(std::span<ID3D12CommandList* const> lists, std::span<const QueueValue> waits);

  /// Waits for a submission. Throws Failure.
  void wait(TimelineValue value) const;

  /// Waits until nothing of what was submitted runs any more; on a lost device nothing does. For destructors.
  void waitIdle() const;

  [[nodiscard]] TimelineValue submitted() const noexcept { return submitted_; }
  /// How far the draw queue is.
  [[nodiscard]] TimelineValue completed() const { return drawFence_->GetCompletedValue(); }

  /// Of the checks below the device.
  [[nodiscard]] const DeviceMessages& messages() const noexcept { return messages_; }

 private:
  /// Waits for a submission, or until the device is lost; false: for too long.
  [[nodiscard]] bool reaches(TimelineValue value) const;

  DeviceMessages messages_;
#if defined(_WIN32)
  Com<IDXGIAdapter3> adapter_;
#else
  std::optional<CheckedVkd3d> checks_;  ///< Where they were asked for.
#endif
  Com<ID3D12Device> d3d12Device_;
  Com<ID3D12CommandQueue> drawQueue_;
  Com<ID3D12CommandQueue> copyQueue_;  ///< Null: copies run on the draw queue.
  Com<ID3D12Fence> drawFence_;
  ID3D12Fence* fences_[1] = {};
  TimelineValue submitted_ = 0;
  std::unique_ptr<D3D12Device> device_;
};

}  // namespace flux::app
