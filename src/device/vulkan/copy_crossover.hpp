#pragma once

/// How large a piece may be before a plain copy is faster than the kernel.

#include <flux/device.hpp>
#include <flux/result.hpp>
#include <flux/vulkan.hpp>

#include <cstdint>
#include <functional>
#include <span>

namespace flux::vulkan {

/// What a measurement copies at most at a time. It needs a page of this size and a chunk of twice the size.
inline constexpr ByteCount kMeasuredBytes = 4 * kMiB;

/// Executes a batch and waits for it; how long the queue took, in any unit.
using TimeBatch = std::function<Result<std::uint64_t>(std::span<const CopyPiece>, const VulkanCopyCrossover&)>;

/// Copies pieces of 4 KiB to 4 MiB both ways; some milliseconds on a GPU. Errors: those of `time`.
[[nodiscard]] Result<VulkanCopyCrossover> measureCrossover(StagingIndex page, ChunkIndex chunk, const TimeBatch& time);

}  // namespace flux::vulkan
