#pragma once

/// What a recording consists of (docs/design/recording.md).

#include <array>
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
  Defragment,
  SetBudget,
  Demote,
  MakeTag,
  Step,
  IdleSteps,  ///< Steps that were asked for as the last one and ended as it did, while nothing else happened.
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
  DeviceBudget,
  VictimCount,
  Victim,
  VictimUsed,
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

/// That one event counts: a damaged recording cannot keep a replay busy for long.
inline constexpr std::uint64_t kMostIdleSteps = 4096;

enum class RecordGroup : std::uint8_t { Head, Call, Look, Deed, Frame };

/// How events of one kind look.
struct RecordRow {
  RecordKind kind;
  RecordGroup group;
  std::string_view name;
  std::string_view numbers;    ///< Their names, with spaces between.
  std::uint32_t compared = 0;  ///< Of a deed: so many of them a replay must repeat; the others depend on the machine.
  bool text = false;           ///< It has a name.
  std::string_view columns = {};  ///< Of its list, if it has one.
};

namespace detail {

using enum RecordKind;
using enum RecordGroup;

inline constexpr std::array<RecordRow, kRecordKindCount> kRecordRows{{
    {Device, Head, "device",
     "backend maxChunkBytes maxAllocations queueCount unifiedMemory bufferAddresses directWriteBytes", 0, true,
     "alignment"},
    {Pool, Head, "pool",
     "chunkBytes firstChunkBytes longLivedFirstChunkBytes stagingPageBytes stagingLimitBytes readbackLimitBytes "
     "shadowLimitBytes hardLimitBytes maxBlocks emptyChunkSteps emptyChunkAge spareChunks recordMirrors evicts "
     "storeLimitBytes defragAutomatic freeChunkPercent freeUsedPercent sparsePercent fullPercent blockFreePercent "
     "stepsBetween settledSteps retrySteps"},
    {End, Head, "end", ""},

    {Add, Call, "add", "block lifetime fallback tag movable", 0, true, "kind bytes source given"},
    {Update, Call, "update", "block", 0, false, "part offset bytes source given"},
    {UpdateInPlace, Call, "updateInPlace", "block", 0, false, "part offset bytes source given"},
    {AddParts, Call, "addParts", "block", 0, false, "kind bytes source given"},
    {RemoveParts, Call, "removeParts", "block", 0, false, "part"},
    {AddShared, Call, "addShared", "block affinity lifetime tag", 0, true, "kind bytes source given"},
    {Remove, Call, "remove", "block"},
    {Retain, Call, "retain", "block"},
    {Release, Call, "release", "block"},
    {Pin, Call, "pin", "block"},
    {Unpin, Call, "unpin", "block"},
    {Request, Call, "request", "block priority"},
    {ReadBack, Call, "readBack", "block part offset bytes queue value"},
    {MarkWritten, Call, "markWritten", "block part queue value"},
    {RefreshShadow, Call, "refreshShadow", "block part"},
    {Stage, Call, "stage", "block bytes"},
    {Reserve, Call, "reserve", "block bytes lifetime"},
    {Defragment, Call, "defragment", "block lifetime freeChunks holeBytes"},
    {SetBudget, Call, "setBudget", "block hardBytes softBytes"},
    {Demote, Call, "demote", "block"},
    {MakeTag, Call, "makeTag", "block", 0, true},
    {Step, Call, "step", "block now uploadBytes pieces moveBytes movePieces quiet evictBytes"},
    {IdleSteps, Call, "idleSteps", "block count began took spent"},
    {Collect, Call, "collect", "block"},
    {Publish, Call, "publish", "block"},

    {Handle, Look, "handle", "which look block"},
    {FreeSlots, Look, "freeSlots", "which look bits"},
    {Submitting, Look, "submitting", "which look frames"},
    {HeldSnapshot, Look, "heldSnapshot", "which look snapshot"},
    {OldestFrame, Look, "oldestFrame", "which look frame"},
    {NewestFrame, Look, "newestFrame", "which look frame"},
    {QueueTag, Look, "queueTag", "queue look value"},
    {Completed, Look, "completed", "queue look value"},
    {Pages, Look, "pages", "which look pages"},
    {StagingRefused, Look, "stagingRefused", "which look error"},
    {SealingRefused, Look, "sealingRefused", "which look error"},
    {RecyclingRefused, Look, "recyclingRefused", "which look error"},
    {SourceFailed, Look, "sourceFailed", "which look failed"},
    {ReadForgotten, Look, "readForgotten", "which look forgotten"},
    {ChunkRefused, Look, "chunkRefused", "which look error"},
    {SubmitRefused, Look, "submitRefused", "which look error"},
    {SubmitValue, Look, "submitValue", "which look value"},
    {PollFailed, Look, "pollFailed", "which look error"},
    {Now, Look, "now", "which look nanoseconds"},
    {MissCount, Look, "missCount", "which look count"},
    {Miss, Look, "miss", "which look indexAndPriority"},
    {DeviceBudget, Look, "deviceBudget", "which look bytes"},
    {VictimCount, Look, "victimCount", "which look count"},
    {Victim, Look, "victim", "which look index"},
    {VictimUsed, Look, "victimUsed", "which look used"},
    {DropCount, Look, "dropCount", "which look count"},
    {Drop, Look, "drop", "which look block"},

    {PlaceTaken, Deed, "placeTaken", "chunk offset bytes lifetime", 4},
    {PlaceFreed, Deed, "placeFreed", "chunk offset bytes", 3},
    {ChunkMade, Deed, "chunkMade", "chunk bytes", 2},
    {ChunkGone, Deed, "chunkGone", "chunk", 1},
    {Submitted, Deed, "submitted", "pieces bytes value hash", 4},
    {Refused, Deed, "refused", "error", 1},
    {Reported, Deed, "reported", "error block", 2, true},
    {Stepped, Deed, "stepped",
     "uploadedBytes copiedBytes relocatedBytes readBackBytes pieces completedBlocks waitingBlocks reclaimedBytes "
     "instructions misses evictedBytes "
     "liveBytes reservedBytes retiredBytes blocks chunks stagingBytes began took",
     16},
    {Published, Deed, "published", "snapshot changes deferred mirroredRecords hash began took", 5},

    {FrameBegan, Frame, "frameBegan", "frame snapshot thread time", 0, true},
    {FrameSubmits, Frame, "frameSubmits", "frame time"},
    {FrameEnded, Frame, "frameEnded", "frame time", 0, false, "queue value"},
}};

constexpr bool recordRowsAreInOrder() {
  for (std::size_t i = 0; i < kRecordRows.size(); ++i) {
    if (kRecordRows[i].kind != static_cast<RecordKind>(i)) return false;
  }
  return true;
}
static_assert(recordRowsAreInOrder(), "a row for each kind, in their order");

}  // namespace detail

[[nodiscard]] constexpr const RecordRow& recordRow(RecordKind kind) noexcept {
  return detail::kRecordRows[static_cast<std::size_t>(kind)];
}

}  // namespace flux
