#include "pool/pool_impl.hpp"

#include <flux/fit.hpp>

#include <algorithm>
#include <array>

namespace flux {

FitReport Pool::Impl::wouldFit(std::span<const PartDesc> parts, Lifetime lifetime) const {
  if (parts.empty() || parts.size() > kMaxParts) return wouldFit(0, 0, lifetime);
  std::array<PartRequest, kMaxParts> requests;
  std::array<PartPlacement, kMaxParts> placements;
  ByteCount bytes = 0;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (parts[i].bytes == 0) return wouldFit(0, 0, lifetime);
    requests[i] = {parts[i].kind, parts[i].bytes};
    bytes += parts[i].bytes;
  }
  const std::optional<LayoutSize> size =
      layoutParts({requests.data(), parts.size()}, device_.caps().partAlignmentBytes, placements);
  if (size) return wouldFit(size->bytes, size->alignment, lifetime);
  FitReport report = wouldFit(0, 0, lifetime);
  if (!lost_) report.outcome = FitOutcome::TooLarge;
  report.bytes = bytes;
  return report;
}

/// What `add` would do: where blocks may wait for their turn, they come under the soft limit.
FitReport Pool::Impl::wouldFit(ByteCount bytes, ByteCount alignment, Lifetime lifetime) const {
  FitReport report = wouldPlace(bytes, alignment, lifetime);
  if (report && desc_.evicts && lifetime == Lifetime::Streaming && !admits(bytes)) {
    report.outcome = FitOutcome::OverSoftLimit;
    report.missingBytes = placedBytes() + bytes - softLimitBytes_;
  }
  return report;
}

FitReport Pool::Impl::wouldPlace(ByteCount bytes, ByteCount alignment, Lifetime lifetime) const {
  const ChunkSpace& chunkSpace = space(lifetime);
  FitReport report;
  report.bytes = bytes;
  report.freeBytes = chunkSpace.freeBytes();
  report.largestFreeBytes = chunkSpace.largestFreeBytes();
  report.forFramesBytes = retirement_.bytesWaitingForFrames();
  report.forQueuesBytes = retirement_.bytesWaitingForQueues();
  if (lost_) {
    report.outcome = FitOutcome::DeviceLost;
  } else if (bytes == 0 || alignment == 0) {
    report.outcome = FitOutcome::Invalid;
  } else if (const std::optional<ChunkIndex> chunk = chunkSpace.wouldFit(bytes, alignment)) {
    report.outcome = FitOutcome::Fits;
    report.chunk = *chunk;
  } else if (const std::optional<ChunkIndex> revived = revivable(lifetime, bytes, alignment)) {
    report.outcome = FitOutcome::Fits;
    report.chunk = *revived;
  } else {
    const Growth growth = growthFor(lifetime, bytes, alignment, pagesKept());
    report.outcome = growth.outcome;
    report.chunkBytes = growth.chunkBytes;
    report.missingBytes = growth.missingBytes;
    report.releasedBytes = growth.chunkBytes - std::min(growth.chunkBytes, roomBytes());
  }
  return report;
}

}  // namespace flux
