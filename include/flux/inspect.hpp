#pragma once

/// What tools see of a pool, block by block: `Pool::inspect`. The dump and the panel are made from it.

#include <flux/block.hpp>
#include <flux/fit.hpp>
#include <flux/frame.hpp>
#include <flux/result.hpp>
#include <flux/snapshot.hpp>
#include <flux/types.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace flux {

/// A range of a chunk.
struct RangeView {
  ChunkIndex chunk{};
  ByteOffset offset = 0;
  ByteCount bytes = 0;

  friend constexpr bool operator==(const RangeView&, const RangeView&) noexcept = default;
};

struct ChunkView {
  ChunkIndex index{};
  ByteCount bytes = 0;
  Lifetime lifetime = Lifetime::Streaming;
  bool dedicated = false;  ///< Made for one large block.
  bool inService = true;   ///< Takes new blocks; false: it is being emptied.
  std::uint64_t madeInStep = 0;
  ByteCount freeBytes = 0;
  std::uint32_t ranges = 0;  ///< That are taken.
};

/// Contents on their way to a place.
struct MoveView {
  RangeView to;
  bool inGaps = false;  ///< To gaps of the place where the block is.
  ContentVersion version = 0;
  ByteCount gatheredBytes = 0;  ///< Of `allBytes`: in copies that have been submitted.
  ByteCount allBytes = 0;
  bool submitted = false;       ///< All of them.
  TimelineValue copyValue = 0;  ///< At which the copy queue has done them; 0: it has.
};

/// Contents that wait for those on their way, for memory, or for frames to submit.
struct EditsView {
  std::uint32_t parts = 0;
  ByteCount bytes = 0;
  bool inPlace = false;
};

/// How the place of a block whose parts come and go is filled.
struct GapsView {
  ByteCount freeBytes = 0;
  ByteCount largestBytes = 0;
  double fragmentation = 0;  ///< 0: one gap, to nearly 1.
  bool shared = false;       ///< The block is shared (`Pool::addShared`).
};

/// A block as the geometry thread sees it: frames see it once it is published.
struct BlockView {
  BlockHandle block;
  std::string_view name;
  Tag tag = kUntagged;
  Lifetime lifetime = Lifetime::Streaming;
  BlockState state = BlockState::Absent;
  bool evicted = false;  ///< Absent, and its bytes are kept elsewhere; frames or the application bring it back.
  ByteCount liveBytes = 0;
  ContentVersion version = 0;           ///< Of the contents that it has.
  ContentVersion requestedVersion = 0;  ///< The newest that was asked for.
  std::uint32_t owners = 0;
  std::uint32_t pins = 0;
  std::uint64_t changedInStep = 0;  ///< In which it was added, or contents arrived last.
  std::optional<std::uint32_t> framesSinceUse;
  BlockHandle fallback;
  std::uint64_t userData = 0;
  std::optional<RangeView> place;
  std::optional<MoveView> move;
  std::optional<EditsView> edits;
  std::optional<GapsView> gaps;
  std::span<const PartPlacement> parts;  ///< By their indices; one of 0 bytes is not there.
};

enum class WaitsFor : std::uint8_t {
  Publish,  ///< The next one: the newest snapshot still names it.
  Frames,   ///< Of one snapshot, which are open.
  Queues,   ///< To be past its last use.
  Step,     ///< Nothing any more: the next step takes it back.
};
/// "… waits for …".
[[nodiscard]] constexpr std::string_view describe(WaitsFor waitsFor) noexcept {
  constexpr std::array<std::string_view, 4> kWords{"the next publish", "open frames", "queues", "the next step"};
  return kWords[static_cast<std::size_t>(waitsFor)];
}

/// A queue that is not far enough.
struct QueueWaitView {
  QueueValue needed;
  TimelineValue completed = 0;
};

/// What nobody may use again yet.
struct RetiredView {
  BlockHandle block;  ///< Null: `range` is a range of a chunk; else one inside this block's place.
  RangeView range;
  Lifetime lifetime = Lifetime::Streaming;
  WaitsFor waitsFor = WaitsFor::Step;
  SnapshotNumber snapshot = 0;            ///< Frames: whose.
  std::span<const QueueWaitView> queues;  ///< Queues.
};

/// Where the records of a snapshot are in device memory (`PoolDesc::recordMirrors`).
struct MirrorView {
  std::uint32_t index = 0;
  RangeView place;
  bool free = false;  ///< The next publish may write it.
  SnapshotNumber snapshot = 0;
};

/// A place that somebody wanted.
struct PlaceRequest {
  Lifetime lifetime = Lifetime::Streaming;
  ByteCount bytes = 0;
  ByteCount alignment = 1;

  friend constexpr bool operator==(const PlaceRequest&, const PlaceRequest&) noexcept = default;
};

/// Why there was none: an entry of `Pool::refusals`.
struct Refusal {
  Error error;  ///< As the caller got it: with name and place.
  PlaceRequest request;
  FitReport fit;  ///< How the chunks were, the last time.
  std::uint64_t firstStep = 0;
  std::uint64_t lastStep = 0;
  std::uint64_t times = 0;
};

/// Is shown a pool. **Thread contract.** The geometry thread, inside of `Pool::inspect`. The views are valid during the
/// call.
class PoolVisitor {
 public:
  virtual ~PoolVisitor() = default;
  virtual void openFrame(const OpenFrame& frame) { (void)frame; }      ///< The oldest first.
  virtual void chunk(const ChunkView& chunk) { (void)chunk; }          ///< By index.
  virtual void block(const BlockView& block) { (void)block; }          ///< By index.
  virtual void retired(const RetiredView& retired) { (void)retired; }  ///< The nearest to its end first.
  virtual void mirror(const MirrorView& mirror) { (void)mirror; }      ///< By index.
};

}  // namespace flux
