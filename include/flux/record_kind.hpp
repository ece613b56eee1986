#pragma once

/// What a recording consists of (docs/design/recording.md).

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace flux {

/// The kinds of events, in the order of their groups. A recording stores the numbers, so new ones come with a new
/// version of the format.
enum class RecordKind : std::uint8_t {
  // What is recorded.
  Device,
  Pool,
  End,  ///< The pool has ended; without it a recording is cut.
  // What the application asked of the pool: directly, or through a producer, at the moment when it was carried out.
  Add,
  Update,
  UpdateInPlace,
  AddParts,
  RemoveParts,
  AddShared,
  Remove,
  Retain,
  Release,
  Pin,
  Unpin,
  Request,
  ReadBack,
  MarkWritten,
  RefreshShadow,
  Stage,
  Reserve,
  Step,
  Collect,
  Publish,
  // What the outside answered when the geometry thread looked: only answers that are not what was to be expected.
  Handle,  ///< Of a new block.
  FreeSlots,
  Submitting,
  HeldSnapshot,
  OldestFrame,
  NewestFrame,
  QueueTag,
  Completed,
  Pages,
  StagingRefused,
  SealingRefused,
  RecyclingRefused,
  SourceFailed,
  ReadForgotten,
  ChunkRefused,
  SubmitRefused,
  SubmitValue,
  PollFailed,
  Now,
  MissCount,
  Miss,
  DropCount,
  Drop,
  // What the pool did.
  PlaceTaken,
  PlaceFreed,
  ChunkMade,
  ChunkGone,
  Submitted,
  Refused,
  Reported,
  Stepped,
  Published,
  // What frames did, for people who look at it: the pool's decisions follow from what it saw above.
  FrameBegan,
  FrameSubmits,
  FrameEnded,
};
inline constexpr std::size_t kRecordKindCount = static_cast<std::size_t>(RecordKind::FrameEnded) + 1;

enum class RecordGroup : std::uint8_t { Head, Call, Look, Deed, Frame };

/// How events of one kind look.
struct RecordRow {
  RecordKind kind;
  RecordGroup group;
  std::string_view name;
  std::string_view numbers;      ///< Their names, with spaces between.
  std::uint32_t compared = 0;    ///< Of a deed: so many of them a replay must repeat; the others depend on the machine.
  bool text = false;             ///< It has a name.
  std::string_view columns = {};  ///< Of its list, if it has one.
};

[[nodiscard]] const RecordRow& recordRow(RecordKind kind) noexcept;

}  // namespace flux
