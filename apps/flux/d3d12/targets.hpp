#pragma once

/// What the renderer draws into.

#include "d3d12/pipelines.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace flux::app::d3d12 {

/// The picture and its depth, shared by all frames in flight: the device draws them one after the other.
///
/// **Thread contract.** Constant once made; recording as the command list. **Invariant.** Between submissions what is
/// drawn into is in the state RENDER_TARGET, the depth in DEPTH_WRITE.
class Targets {
 public:
  /// Throws Failure.
  Targets(ID3D12Device* device, std::uint32_t width, std::uint32_t height);

  [[nodiscard]] std::uint32_t width() const noexcept { return width_; }
  [[nodiscard]] std::uint32_t height() const noexcept { return height_; }
  [[nodiscard]] const TargetFormats& formats() const noexcept { return formats_; }

  /// Makes a list draw into all of the targets. Every list of a frame does.
  void bind(ID3D12GraphicsCommandList* list) const;

  /// Begins a frame, in its first list. The sky covers every pixel, so only the depth is cleared.
  void clear(ID3D12GraphicsCommandList* list) const;

  /// The bytes that `copyPicture` writes.
  [[nodiscard]] std::uint64_t pictureBytes() const noexcept;
  /// Copies the picture of the last frame to a readback buffer, for `pixels`.
  void copyPicture(ID3D12GraphicsCommandList* list, ID3D12Resource* readback) const;
  /// Of what `copyPicture` wrote: RGBA, row by row without gaps.
  [[nodiscard]] std::vector<std::byte> pixels(std::span<const std::byte> readback) const;

 private:
  [[nodiscard]] UINT rowBytes() const noexcept;

  const std::uint32_t width_;
  const std::uint32_t height_;
  const TargetFormats formats_;
  Com<ID3D12DescriptorHeap> colorViews_;
  Com<ID3D12DescriptorHeap> depthViews_;
  Com<ID3D12Resource> color_;
  Com<ID3D12Resource> depth_;
  Com<ID3D12Resource> resolved_;  ///< One sample a pixel; null where `color_` has no more.
};

}  // namespace flux::app::d3d12
