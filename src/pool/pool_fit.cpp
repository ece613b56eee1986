#include "pool/pool_impl.hpp"

#include <flux/fit.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <string>

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

namespace {

std::string amount(ByteCount bytes) {
  for (const auto& [unit, name] : {std::pair{kGiB, " GiB"}, {kMiB, " MiB"}, {kKiB, " KiB"}}) {
    if (bytes < unit) continue;
    const ByteCount tenths = (bytes * 10 + unit / 2) / unit;
    return std::to_string(tenths / 10) + (tenths % 10 != 0 ? "." + std::to_string(tenths % 10) : "") + name;
  }
  return std::to_string(bytes) + " bytes";
}

std::string percent(double fraction) {
  return std::to_string(std::lround(fraction * 100)) + " %";
}

/// What is there, and what waiting would bring.
std::string circumstances(const FitReport& report) {
  std::string text = "; free are " + amount(report.freeBytes) + ", the largest range " +
                     amount(report.largestFreeBytes) + " (fragmentation " + percent(report.fragmentation()) + ")";
  if (report.forFramesBytes != 0) text += "; " + amount(report.forFramesBytes) + " wait for frames to end";
  if (report.forQueuesBytes != 0) text += "; " + amount(report.forQueuesBytes) + " wait for queues";
  return text;
}

}  // namespace

std::string explain(const FitReport& report) {
  const std::string what = amount(report.bytes);
  switch (report.outcome) {
    case FitOutcome::Fits:
      return what + " fit into chunk " + std::to_string(static_cast<std::uint32_t>(report.chunk));
    case FitOutcome::Grows: {
      std::string text = what + " need a new chunk of " + amount(report.chunkBytes);
      if (report.releasedBytes != 0) text += ", for which empty ones of " + amount(report.releasedBytes) + " go";
      return text + circumstances(report);
    }
    case FitOutcome::OverBudget:
      return what + " would exceed the hard limit by " + amount(report.missingBytes) + circumstances(report);
    case FitOutcome::OverSoftLimit:
      return what + " would exceed the soft limit by " + amount(report.missingBytes) + circumstances(report);
    case FitOutcome::TooManyChunks:
      return what + " need a new chunk, and the device allows no further allocation" + circumstances(report);
    case FitOutcome::TooLarge:
      return what + " are more than a chunk can have";
    case FitOutcome::Invalid:
      return "a block has 1 to 64 parts, each of at least one byte";
    case FitOutcome::DeviceLost:
      return "the device is lost";
  }
  return {};
}

}  // namespace flux
