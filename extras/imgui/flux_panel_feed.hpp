#pragma once

/// What the panel shows, and how it gets from the geometry thread, which owns the pool, to the thread that draws.
///
///     flux::PanelFeed feed;
///     const auto begin = std::chrono::steady_clock::now();
///     auto report = pool->step();                                             // geometry thread
///     feed.stepped(*pool, *report, std::chrono::steady_clock::now() - begin);

#include <flux/pool.hpp>

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <mutex>
#include <string>
#include <vector>

namespace flux {

inline constexpr std::uint32_t kNoPanelEntry = std::numeric_limits<std::uint32_t>::max();

/// The steps of a short time, for the time lines: applications may step a thousand times a second, mostly idly.
struct PanelSlice {
  std::chrono::nanoseconds longestStep{};
  ByteCount uploadedBytes = 0;
  ByteCount copiedBytes = 0;
  ByteCount retiredBytes = 0;  ///< The most that waited after one of them.
};

struct PanelBlock {
  BlockHandle block;
  std::uint32_t name = 0;                        ///< Where its name begins in `PanelData::names`.
  std::uint32_t move = kNoPanelEntry;            ///< In `PanelData::moves`.
  std::uint32_t framesSinceUse = kNoPanelEntry;  ///< None: no frame has drawn it.
  std::uint32_t owners = 0;
  std::uint32_t pins = 0;
  std::uint32_t waitingParts = 0;  ///< With contents that wait.
  ByteCount waitingBytes = 0;
  ByteCount liveBytes = 0;
  ByteCount placeBytes = 0;
  ContentVersion version = 0;
  ContentVersion requestedVersion = 0;
  std::uint64_t changedInStep = 0;
  Tag tag = kUntagged;
  PartKind kind = PartKind::Vertex;  ///< Of its largest part.
  BlockState state = BlockState::Absent;
  Lifetime lifetime = Lifetime::Streaming;
  bool shared = false;
};

/// A range of a chunk that is not free.
struct PanelRange {
  enum class What : std::uint8_t { Block, Move, Retired };
  RangeView range;
  std::uint32_t block = kNoPanelEntry;  ///< In `PanelData::blocks`: of a block, or of one that moves there.
  What what = What::Block;
  WaitsFor waitsFor = WaitsFor::Step;  ///< Retired.
  SnapshotNumber snapshot = 0;         ///< Retired: whose frames hold it back.
};

struct PanelTag {
  std::string name;  ///< Empty: of no owner.
  TagStats stats;    ///< But for its name.
};

struct PanelFrame {
  std::string label;
  OpenFrame frame;  ///< But for its label.
};

/// Something that happened to the watched block.
struct PanelEvent {
  enum class What : std::uint8_t { Watched, Asked, Arrived, Moved, State, Gone };
  What what = What::Watched;
  std::uint64_t step = 0;
  ContentVersion version = 0;  ///< Asked, Arrived.
  RangeView place;             ///< Watched, Moved: where it is now.
  BlockState state = BlockState::Absent;
};

/// A pool at one moment. Nothing in it belongs to the pool, which may be gone.
struct PanelData {
  std::uint64_t number = 0;  ///< Of the copy; 0: there has been none.
  PoolStats totals;
  ByteCount stagingLimitBytes = 0;
  ByteCount shadowLimitBytes = 0;
  RetirementStats retirement;  ///< Without its oldest frame: see `frames`.
  std::array<ChunkClassStats, 2> classes;
  std::array<ByteCount, 4> retiredBytes{};  ///< By `WaitsFor`; ranges of chunks alone.
  std::vector<PanelSlice> slices;           ///< The oldest first; one without a step is not there.
  std::vector<PanelFrame> frames;           ///< Open ones, the oldest first.
  std::vector<PanelTag> tags;               ///< By `Tag`.
  std::vector<Refusal> refusals;            ///< The newest last.
  std::vector<ChunkView> chunks;            ///< By index.
  std::vector<PanelBlock> blocks;           ///< By index of their handles.
  std::vector<MoveView> moves;
  std::vector<PanelRange> ranges;  ///< By chunk, then by offset.
  std::string names;               ///< Of blocks, each with a zero behind it.
  BlockHandle watched;
  std::vector<PanelEvent> events;  ///< Of the watched block, the oldest first.

  [[nodiscard]] const char* nameOf(const PanelBlock& block) const noexcept { return names.data() + block.name; }
  /// Null: there is none. O(log blocks).
  [[nodiscard]] const PanelBlock* find(BlockHandle block) const noexcept;
};

/// Copies a pool for a panel: only when the panel has asked, and not more often than the interval says.
///
/// **Thread contract.** `stepped` and `fill` on the geometry thread, `data` and `watch` on the thread that draws. The
/// two meet for the exchange of a pointer's worth; neither ever waits for the other's work.
/// **Cost.** A step: a look at the counters, and at the watched block. A copy: O(blocks), of which the geometry thread
/// pays the copying, the drawing thread the sorting; memory is kept for the next one.
class PanelFeed {
 public:
  static constexpr std::size_t kSlices = 512;  ///< That are remembered.
  static constexpr std::chrono::milliseconds kSliceTime{16};
  static constexpr std::size_t kEvents = 64;

  explicit PanelFeed(std::chrono::nanoseconds interval = std::chrono::milliseconds{100}) : interval_(interval) {}

  /// Notes a step, and copies the pool if it is time to.
  void stepped(const Pool& pool, const StepReport& report, std::chrono::nanoseconds time,
               std::chrono::steady_clock::time_point now = std::chrono::steady_clock::now());
  /// Copies the pool now, for a last look.
  void fill(const Pool& pool);

  /// The newest copy, and a wish for the next. Valid until the next call.
  const PanelData& data();
  /// From now on what happens to this block is noted; null: to none.
  void watch(BlockHandle block) noexcept;

 private:
  void noteStep(const PanelSlice& step, std::chrono::steady_clock::time_point now);
  void noteEvents(const Pool& pool, std::uint64_t step);
  void note(PanelEvent event);

  const std::chrono::nanoseconds interval_;
  std::atomic<bool> wanted_{false};
  std::atomic<std::uint64_t> watch_{0};  ///< A handle, packed.

  // Of the geometry thread.
  std::chrono::steady_clock::time_point next_{};
  std::uint64_t number_ = 0;
  std::vector<PanelSlice> slices_;  ///< A ring, once it is full.
  std::size_t newestSlice_ = 0;
  std::chrono::steady_clock::time_point sliceEnd_{};
  BlockHandle watched_;
  BlockView seen_;  ///< The watched block at the last step; its views are not read.
  bool gone_ = false;
  std::vector<PanelEvent> events_;
  PanelData filling_;

  std::mutex mutex_;
  PanelData ready_;  ///< Guarded.
  bool fresh_ = false;

  PanelData shown_;  ///< Of the thread that draws.
};

}  // namespace flux
