#pragma once

/// What a profiler is told about a pool: a small table of functions, for any profiler that has zones and plots.
/// `extras/tracy/flux_tracy.hpp` is the table for Tracy.

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace flux {

/// What the geometry thread is doing. Zones nest: all but `Step` and `Publish` lie in one of those, or in a call.
enum class ProfileZone : std::uint8_t {
  Step,
  Arrivals,      ///< Blocks whose copies are done get their new places.
  Instructions,  ///< What other threads asked for.
  Reclaim,       ///< What no frame and no queue can use any more.
  Updates,       ///< New places are found for changed blocks.
  Residency,     ///< Blocks leave the device, and find places to come back to.
  Defragment,    ///< New places are found for blocks that move for room.
  Copies,        ///< Sources fill staging, and the batch is submitted.
  Publish,
  CreateChunk,  ///< A device allocation.
  DestroyChunk,
};

/// What is plotted, once at the end of each step.
enum class ProfilePlot : std::uint8_t {
  LiveBytes,
  ReservedBytes,
  RetiredBytes,
  StagingBytes,
  UploadedBytes,   ///< In the step.
  CopiedBytes,     ///< In the step.
  RelocatedBytes,  ///< In the step.
  WaitingBlocks,
  OpenFrames,
};

/// Names, by value, for a profiler that wants text; each ends with a zero.
inline constexpr auto kProfileZoneNames = std::to_array<std::string_view>(
    {"flux step", "flux arrivals", "flux instructions", "flux reclaim", "flux updates", "flux residency",
     "flux defragment", "flux copies", "flux publish", "flux create chunk", "flux destroy chunk"});
inline constexpr auto kProfilePlotNames = std::to_array<std::string_view>(
    {"flux live bytes", "flux reserved bytes", "flux retired bytes", "flux staging bytes", "flux uploaded bytes",
     "flux copied bytes", "flux relocated bytes", "flux waiting blocks", "flux open frames"});

constexpr std::string_view toString(ProfileZone zone) noexcept {
  return kProfileZoneNames[static_cast<std::size_t>(zone)];
}
constexpr std::string_view toString(ProfilePlot plot) noexcept {
  return kProfilePlotNames[static_cast<std::size_t>(plot)];
}

/// The functions, all of them given. Called on the geometry thread, which waits for them; they must not call the pool.
struct Profiler {
  void* context = nullptr;
  /// Answers with what `endZone` gets for this zone.
  std::uint64_t (*beginZone)(void* context, ProfileZone zone) noexcept = nullptr;
  void (*endZone)(void* context, std::uint64_t begun) noexcept = nullptr;
  void (*plot)(void* context, ProfilePlot plot, double value) noexcept = nullptr;
};

}  // namespace flux
