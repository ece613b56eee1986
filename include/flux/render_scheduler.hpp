#pragma once

/// Records a frame's draw list on many threads: parts of equal cost, in a fixed order.
///
///     flux::RenderScheduler scheduler({.maxParts = threads});
///     …
///     flux::Frame frame = pool->beginFrame();
///     scheduler.record(frame, drawList, tasks, recorder);   // one command list a part
///     submit the lists of parts 0, 1, 2, …                  // the order of the draw list

#include <flux/frame.hpp>
#include <flux/types.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>

namespace flux {

/// One entry of a draw list: a block that is wanted in the picture. A block may be in the list more than once.
struct DrawItem {
  BlockHandle block;
  Priority priority = Priority::Normal;  ///< Of the request that is made for it if it is absent.
};

/// An item with something to draw. What is absent and has no fallback never gets here.
struct ScheduledDraw {
  std::uint32_t item = 0;                    ///< Its index in the draw list.
  FindStatus status = FindStatus::Resident;  ///< Resident or Fallback.
  BlockHandle block;                         ///< What to draw: the item's own block, or its fallback.
};

/// The application's task system, as far as the scheduler needs it.
class TaskRunner {
 public:
  virtual ~TaskRunner() = default;

  /// Calls `task(0)` … `task(count - 1)`, each once, in any order, on any threads, and returns when all have ended. The
  /// calling thread may take part. `count` may be larger than the number of threads: tasks never wait for each other.
  /// A task ends with an exception only if the application's recorder threw it. It is up to the application whether
  /// that reaches its caller: if so, throw it from here, once no task runs any more.
  virtual void run(std::uint32_t count, const std::function<void(std::uint32_t)>& task) = 0;
};

/// For applications with one thread: one task after the other, on the calling thread.
class SerialRunner final : public TaskRunner {
 public:
  void run(std::uint32_t count, const std::function<void(std::uint32_t)>& task) override {
    for (std::uint32_t i = 0; i < count; ++i) task(i);
  }
};

/// Records command lists, one a part.
///
/// **Thread contract.** All calls for one part come from one thread, in order: `begin`, any number of `record`, `end`.
/// Different parts are recorded on different threads at once.
class DrawRecorder {
 public:
  virtual ~DrawRecorder() = default;

  /// Parts are numbered from 0, below `RenderSchedulerDesc::maxParts`.
  virtual void begin(std::uint32_t part) { (void)part; }

  /// The next draws of a part, in the order of the draw list: at least one, at most `RenderScheduler::kBatchItems`.
  /// `frame.find(draw.block, …)` gives the places, which are drawable if the part of the block exists.
  virtual void record(const Frame& frame, std::uint32_t part, std::span<const ScheduledDraw> draws) = 0;

  virtual void end(std::uint32_t part) { (void)part; }
};

struct RenderSchedulerDesc {
  std::uint32_t maxParts = 1;  ///< As a rule the number of threads that record.
  /// A list that is shorter than `maxParts` times this has fewer parts: waking a thread costs as much as recording some
  /// dozens of draws.
  std::uint32_t minItemsPerPart = 32;
  /// What time it is, on the thread that calls; read once for each batch of draws, on several threads at once.
  /// Empty: `std::chrono::steady_clock`. Others: the thread's own processor time, which does not count
  /// interruptions; recorded times, which split a list as it was split when they were recorded.
  std::function<std::chrono::nanoseconds()> clock;
};

/// What became of one part: of items [begin, end) of the list.
struct PartReport {
  std::uint32_t begin = 0, end = 0;
  std::uint32_t drawn = 0;      ///< As themselves.
  std::uint32_t fallbacks = 0;  ///< Drawn as their fallback.
  std::uint32_t skipped = 0;    ///< Absent without a fallback, lost, or named by a stale handle.
  std::chrono::nanoseconds time{};
};

struct ScheduleReport {
  std::span<const PartReport> parts;                    ///< In the order of submission. Valid until the next `record`.
  std::uint32_t drawn = 0, fallbacks = 0, skipped = 0;  ///< Of all parts.
  double imbalance = 1;  ///< Time of the slowest part in times of the mean; 1: all took the same time.
};

/// Splits draw lists into parts that take the same time to record, as far as the frames before it tell, and has them
/// recorded.
///
/// Parts are contiguous, so submitting their command lists by number draws the items in the order of the list, however
/// many parts there are. What a draw costs is learned for each block from the measured time of the draws that
/// it was recorded with; a block that has not been drawn yet counts as an average one.
///
/// Each item is looked up in the frame's snapshot: a resident block is drawn, an absent one is drawn as its fallback
/// if it has one, everything else is skipped. `Frame::use` is called for what is drawn, `Frame::miss` for what was
/// absent.
///
/// **Thread contract.** One thread at a time. Lists of different kinds (shadows, a second window) go well
/// with a scheduler each, because the same block costs something else there.
///
/// **Guarantees.** The same lists, lookups and measured times give the same parts on every platform (G11). Nothing is
/// allocated once the largest list and the largest table of blocks have been seen.
///
/// **Bounds.** At most 16 bytes for each record of the snapshot, and for each item of the largest list.
class RenderScheduler {
 public:
  /// So many items are looked up, recorded and measured together.
  static constexpr std::uint32_t kBatchItems = 64;

  /// REQUIRES: maxParts and minItemsPerPart are at least 1.
  explicit RenderScheduler(const RenderSchedulerDesc& desc);
  ~RenderScheduler();
  RenderScheduler(const RenderScheduler&) = delete;
  RenderScheduler& operator=(const RenderScheduler&) = delete;

  /// Has a list recorded and returns when all parts are done. An empty list has no part, and `tasks` is not called.
  /// O(items); on the calling thread a few nanoseconds an item.
  /// What `tasks` and `recorder` throw passes through; nothing is learned from such a frame, and the scheduler
  /// can go on with the next.
  /// REQUIRES: the frame is open, and stays so; at most 2^31 items.
  ScheduleReport record(const Frame& frame, std::span<const DrawItem> items, TaskRunner& tasks, DrawRecorder& recorder);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace flux
