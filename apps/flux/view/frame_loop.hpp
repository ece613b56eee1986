#pragma once

/// The frame side of the world: what is in view, who records it, what became of it.

#include "report_percentiles.hpp"
#include "view/cells.hpp"
#include "view/streamer.hpp"
#include "view/verifier.hpp"
#include "view/worker_team.hpp"

#include <flux/pool.hpp>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
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

/// Called by each render thread before it records its part of a frame.
using RecordHook = std::function<void(std::uint32_t worker, std::uint64_t frame)>;

/// What a frame is made from. All of it outlives the loop.
struct FrameInputs {
  const World& world;
  const Flight& flight;
  const Streamer& streamer;  ///< Only for the handles of the fixed objects.
  const CellBoard& board;
  Pool& pool;
  Renderer& renderer;
  WorkerTeam& team;
  Verifier* verifier = nullptr;
  RecordHook beforeRecord;
};

/// Makes frames: culls, lets all workers look up and record an equal part of what is wanted, submits.
///
/// **Thread contract.** The frame thread.
class FrameLoop {
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
  [[nodiscard]] std::uint64_t wantedBlocks() const noexcept { return wantedSet_.count(); }
  [[nodiscard]] const Percentiles& frameTimes() const noexcept { return times_; }

 private:
  struct Wanted {
    WorldObject object;
    BlockHandle block;
  };

  void findWanted(const Camera& camera);
  void record(std::uint32_t worker, const Frame& frame);
  void take(const std::vector<FinishedFrame>& finished);

  FrameInputs in_;
  std::uint32_t fallbackIndexCount_;
  std::shared_ptr<const CellList> list_;
  std::map<CellCoord, const Cell*> cells_;  ///< Of list_.
  std::vector<Wanted> wanted_;
  std::vector<WorldObject> fixedInView_;
  std::vector<std::vector<DrawCommand>> commands_;  ///< By worker.
  std::vector<DrawCounts> counts_;                  ///< By worker.

  std::uint64_t frames_ = 0;
  DrawCounts last_, all_, from60_;
  std::uint64_t emptyFrom10_ = 0;
  ObjectSet wantedSet_;
  Percentiles times_;
};

}  // namespace flux::app
