#include "device/vulkan/copy_crossover.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <map>
#include <vector>

namespace flux::vulkan {
namespace {

constexpr StagingIndex kPage{3};
constexpr ChunkIndex kChunk{5};
constexpr ByteCount kAll = std::numeric_limits<ByteCount>::max();

/// A device on which a kernel takes `kernel` for each byte, and a plain copy `start` for each piece and 10 a byte.
struct Times {
  std::uint64_t kernel = 10;
  std::uint64_t start = 0;
};

Result<VulkanCopyCrossover> measure(Times uploads, Times moves) {
  return measureCrossover(
      kPage, kChunk, [&](std::span<const CopyPiece> batch, const VulkanCopyCrossover& way) -> Result<std::uint64_t> {
        std::uint64_t taken = 0;
        for (const CopyPiece& piece : batch) {
          const bool upload = piece.source.isPage();
          EXPECT_EQ(piece.source.index(),
                    upload ? static_cast<std::uint32_t>(kPage) : static_cast<std::uint32_t>(kChunk));
          EXPECT_EQ(piece.destination.chunk(), kChunk);
          EXPECT_LE(piece.sourceOffset + piece.bytes, kMeasuredBytes);
          EXPECT_GE(piece.destinationOffset, kMeasuredBytes);
          EXPECT_LE(piece.destinationOffset + piece.bytes, 2 * kMeasuredBytes);
          const Times& times = upload ? uploads : moves;
          taken += way == kVulkanKernelCopies ? times.kernel * piece.bytes : times.start + 10 * piece.bytes;
        }
        return taken;
      });
}

TEST(CopyCrossover, IsTheLargestSizeUpToWhichTheKernelWins) {
  // Uploads: 30 - 10 a byte more than a plain copy, whose start is worth 3.2 MiB: the kernel wins up to 160 KiB.
  const auto crossover = measure({.kernel = 30, .start = 3200 * kKiB}, {.kernel = 9, .start = 0});
  ASSERT_TRUE(crossover);
  EXPECT_EQ(crossover->uploadUpToBytes, 64 * kKiB);
  EXPECT_EQ(crossover->moveUpToBytes, kAll);
}

TEST(CopyCrossover, IsZeroWhereTheKernelNeverWins) {
  const auto crossover = measure({.kernel = 11, .start = 0}, {.kernel = 20, .start = 50 * kKiB});
  ASSERT_TRUE(crossover);
  EXPECT_EQ(crossover->uploadUpToBytes, 0U);
  EXPECT_EQ(crossover->moveUpToBytes, 4 * kKiB);
}

TEST(CopyCrossover, ATieIsTheKernels) {
  EXPECT_EQ(measure({.kernel = 10, .start = 0}, {.kernel = 10, .start = 0}), kVulkanKernelCopies);
}

TEST(CopyCrossover, ErrorsPassThrough) {
  const auto crossover = measureCrossover(
      kPage, kChunk, [](std::span<const CopyPiece>, const VulkanCopyCrossover&) -> Result<std::uint64_t> {
        return Unexpected(makeError(ErrorCode::DeviceLost, "vkQueueSubmit", {}));
      });
  ASSERT_FALSE(crossover);
  EXPECT_EQ(crossover.error().code, ErrorCode::DeviceLost);
}

}  // namespace
}  // namespace flux::vulkan
