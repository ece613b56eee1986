#pragma once

/// The frame side of the world: what is in view, who records it, what became of it.

#include "furthest_use.hpp"
#include "report_percentiles.hpp"
#include "view/cells.hpp"
#include "view/streamer.hpp"
#include "view/verifier.hpp"
#include "view/worker_team.hpp"

#include <flux/pool.hpp>
#include <flux/render_scheduler.hpp>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <vector>

namespace flux::app {

/// What became of the objects that the camera wanted.
struct DrawCounts {
  std::uint64_t wanted = 0;
  std::uint64_t issued = 0;    ///< With their own geometry.
  std::uint64_t fallback = 0;  ///< As the fallback cube.
  std::uint64_t skipped = 0;

  DrawCounts& operator+=(const DrawCounts& other) noexcept;
};

/// Called before a part of a frame is recorded, on the thread that records it.
using RecordHook = std::function<void(std::uint32_t part, std::uint64_t frame)>;

/// What a frame is made from. All of it outlives the loop.
struct FrameInputs {
  const World& world;
  const Flight& flight;
  const Streamer& streamer;  ///< Only for the handles of the fixed objects.
  const CellBoard& board;
  Pool& pool;
  Renderer& renderer;
  WorkerTeam& team;
  const EditLog& edits;
  Verifier* verifier = nullptr;
  FurthestUse* wanted = nullptr;  ///< Is told what each frame wants of what has been loaded.
  bool indirect = false;          ///< The device looks the objects up.
  Spectator* spectator = nullptr;
  RecordHook beforeRecord;
};

/// Makes frames: culls, has what is wanted looked up and recorded by all workers, in parts of equal cost, submits.
///
/// **Thread contract.** The frame thread.
class FrameLoop : private DrawRecorder {
 public:
  explicit FrameLoop(FrameInputs inputs);

  /// Makes one frame. Numbers begin with 1 and grow by 1.
  void makeFrame(std::uint64_t number);

  /// Waits for the frames that are under way.
  void finish();

  [[nodiscard]] std::uint64_t frames() const noexcept { return frames_; }
  [[nodiscard]] const DrawCounts& lastFrame() const noexcept { return last_; }
  [[nodiscard]] const DrawCounts& all() const noexcept { return all_; }
  [[nodiscard]] const DrawCounts& from60() const noexcept { return from60_; }
  [[nodiscard]] std::uint64_t framesWithoutDrawsFrom10() const noexcept { return emptyFrom10_; }
  /// The last frame that did not draw all that it wanted as itself; 0: there was none.
  [[nodiscard]] std::uint64_t lastIncomplete() const noexcept { return lastIncomplete_; }
  [[nodiscard]] std::uint64_t wantedBlocks() const noexcept { return wantedSet_.count(); }
  [[nodiscard]] const Percentiles& frameTimes() const noexcept { return times_; }
  /// Time of a frame's slowest part in times of its mean part: the value that so large a share of the frames do not
  /// exceed.
  [[nodiscard]] double partImbalance(double share) const noexcept { return imbalances_.value(share) / kImbalanceUnits; }

 private:
  static constexpr double kImbalanceUnits = 1e6;  ///< Percentiles are of whole numbers.

  // DrawRecorder: the render threads.
  void begin(std::uint32_t part) override;
  void record(const Frame& frame, std::uint32_t part, std::span<const ScheduledDraw> draws) override;

  void drawByHandle(const Frame& frame);
  [[nodiscard]] std::optional<ExpectedDraw> expectedOf(const Frame& frame, std::uint32_t draw, const Place& constants);
  void count(std::uint64_t frame, const DrawCounts& counts);
  /// The constants of the mark that the snapshot has, if it has one.
  [[nodiscard]] std::optional<Place> findMark(const Frame& frame, BlockHandle block, ObjectId object,
                                              std::uint32_t part);
  void findWanted(const Camera& camera);
  void noteWanted();
  void take(const std::vector<FinishedFrame>& finished);

  FrameInputs in_;
  std::uint32_t fallbackIndexCount_;
  std::shared_ptr<const CellList> list_;
  std::map<CellCoord, const Cell*> cells_;  ///< Of list_.
  std::vector<WorldObject> wanted_;
  std::vector<DrawItem> items_;  ///< The blocks of `wanted_`.
  std::vector<WorldObject> fixedInView_;
  RenderScheduler scheduler_;
  std::vector<std::vector<DrawCommand>> commands_;  ///< By part: the batch that is being recorded.
  std::vector<std::vector<MarkedDraw>> marked_;     ///< By part: of the frame that is being made.
  std::vector<HandleDraw> handleDraws_;             ///< Of the frame that is being made.
  std::vector<ExpectedDraw> expectedDraws_;
  std::map<std::uint64_t, HandleCounts> expectedCounts_;  ///< By frame, when verifying: those that are not finished.

  std::uint64_t number_ = 0;  ///< Of the frame that is being made.
  std::uint64_t frames_ = 0;
  DrawCounts last_, all_, from60_;
  std::uint64_t emptyFrom10_ = 0;
  std::uint64_t lastIncomplete_ = 0;
  IdSet wantedSet_;
  Percentiles times_;
  Percentiles imbalances_;
};

}  // namespace flux::app
