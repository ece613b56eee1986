#include "device/vulkan/copy_crossover.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <vector>

namespace flux::vulkan {
namespace {

constexpr std::array kPieceBytes{4 * kKiB, 16 * kKiB, 64 * kKiB, 256 * kKiB, kMiB, kMeasuredBytes};
constexpr ByteCount kMaxPieces = 64;
constexpr int kRounds = 3;  ///< The best counts: the first ones also wake the device up.

/// Pieces of one size, the last one first, so that none continues the one before.
std::vector<CopyPiece> makeBatch(CopyEnd source, ChunkIndex chunk, ByteCount pieceBytes) {
  const ByteCount count = std::min(kMeasuredBytes / pieceBytes, kMaxPieces);
  std::vector<CopyPiece> batch;
  batch.reserve(count);
  for (ByteCount i = 0; i < count; ++i) {
    batch.push_back({source, chunk, i * pieceBytes, kMeasuredBytes + (count - 1 - i) * pieceBytes, pieceBytes});
  }
  return batch;
}

}  // namespace

Result<VulkanCopyCrossover> measureCrossover(StagingIndex page, ChunkIndex chunk, const TimeBatch& time) {
  const auto best = [&](std::span<const CopyPiece> batch, const VulkanCopyCrossover& way) -> Result<std::uint64_t> {
    auto least = std::numeric_limits<std::uint64_t>::max();
    for (int i = 0; i < kRounds; ++i) {
      const auto taken = time(batch, way);
      if (!taken) return taken;
      least = std::min(least, *taken);
    }
    return least;
  };
  // The largest size up to which the kernel is never more than a twentieth slower; it costs the host far less.
  const auto kernelUpToBytes = [&](CopyEnd source) -> Result<ByteCount> {
    ByteCount largest = 0;
    for (const ByteCount pieceBytes : kPieceBytes) {
      const std::vector<CopyPiece> batch = makeBatch(source, chunk, pieceBytes);
      const auto kernel = best(batch, kVulkanKernelCopies);
      if (!kernel) return Unexpected(kernel.error());
      const auto plain = best(batch, kVulkanPlainCopies);
      if (!plain) return Unexpected(plain.error());
      if (*kernel > *plain + *plain / 20) return largest;
      largest = pieceBytes;
    }
    return std::numeric_limits<ByteCount>::max();
  };
  const auto uploads = kernelUpToBytes(page);
  if (!uploads) return Unexpected(uploads.error());
  const auto moves = kernelUpToBytes(chunk);
  if (!moves) return Unexpected(moves.error());
  return VulkanCopyCrossover{*uploads, *moves};
}

}  // namespace flux::vulkan
