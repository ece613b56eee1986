#pragma once

/// The geometry side of the world: loads and unloads cells, edits objects, steps and publishes the pool.

#include "report_percentiles.hpp"
#include "view/cell_loader.hpp"
#include "view/cells.hpp"
#include "view/edit_log.hpp"
#include "view/spectator.hpp"
#include "view/world.hpp"

#include <flux/pool.hpp>

#include <chrono>
#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <unordered_map>
#include <vector>

namespace flux::app {

/// What the geometry side measured.
struct StreamerFigures {
  std::uint64_t stepsOverBudget = 0;  ///< After which chunks took more than the hard limit.
  Percentiles stepTimes;
  Percentiles stepThreadTimes;  ///< Of the processor, for this thread.
  Percentiles publishTimes;
  double meanReservedBytes = 0;
  double meanLiveBytes = 0;
  std::uint64_t refusedCalls = 0;
};

/// Keeps the window of cells around the camera loaded, nearest cells first, and edits objects near the camera: their
/// constants and vertices change, and parts are added to their live blocks and removed again.
///
/// **Thread contract.** One thread owns it and the pool: the geometry thread. Throws Failure.
class Streamer {
 public:
  /// `loaders`: threads that make the bytes of cells; without any the geometry thread does. `spectator`: null, if
  /// nobody watches.
  Streamer(const World& world, const Flight& flight, Pool& pool, CellBoard& board, EditLog& edits,
           std::uint32_t loaders, Spectator* spectator = nullptr)
      : world_(world),
        flight_(flight),
        pool_(pool),
        board_(board),
        edits_(edits),
        loaders_(loaders),
        spectator_(spectator) {}

  /// Adds the objects that live for ever and publishes them, so that the first frame has something to pin.
  void start();

  /// Handles of the fixed objects. Constant after `start`; any thread.
  [[nodiscard]] BlockHandle fixedBlock(ObjectId id) const { return fixed_.at(id); }

  /// From this frame on nothing is edited, so that what is drawn no longer depends on how late copies are.
  void restFrom(std::uint64_t frame) noexcept { restFrom_ = frame; }

  /// Brings the world to `frame`, steps, and publishes. Returns false when there was nothing to do.
  bool turn(std::uint64_t frame);

  [[nodiscard]] StreamerFigures figures() const;

 private:
  struct Mark {
    PartId part{};
    std::uint64_t frame = 0;  ///< In which it was added.
  };
  struct EditedObject {
    ObjectId id = 0;
    BlockHandle block;
    glm::vec2 ground{};
    std::vector<Mark> marks;  ///< That its block has, the oldest first.
  };

  void moveWindow(const Camera& camera);
  [[nodiscard]] bool inWindow(CellCoord cell) const;
  void wantMissing(const Camera& camera);
  void removeBlocks(const Cell& cell);
  void takeIn(std::vector<std::shared_ptr<Cell>> cells, const Camera& camera);
  void handOver();
  void edit(const Camera& camera, std::uint64_t frame);
  /// These ask for the object's next version; false: refused for now.
  bool editObject(EditedObject& object, std::uint64_t frame);
  bool addMark(EditedObject& object, ContentVersion version, std::uint64_t frame);
  void removeOldMarks(EditedObject& object, std::uint64_t frame);
  bool updateObject(const EditedObject& object, ContentVersion version, std::uint64_t frame);
  bool noteEdit(const EditedObject& object, ContentVersion version, std::uint64_t frame,
                const Result<ContentVersion>& accepted);
  bool stepAndPublish();
  void noteErrors(std::span<const Error> errors);
  void sample(std::uint64_t frame);
  /// Whether a refused call may succeed later. Counts it.
  bool mayRepeat(const Error& error);

  const World& world_;
  const Flight& flight_;
  Pool& pool_;
  CellBoard& board_;
  EditLog& edits_;
  const std::uint32_t loaders_;
  Spectator* const spectator_;

  std::unordered_map<ObjectId, BlockHandle> fixed_;
  std::optional<CellLoader> loader_;
  std::map<CellCoord, std::shared_ptr<const Cell>> cells_;
  std::vector<BlockHandle> refused_;  ///< Of cells that have not been taken in: there was no memory for them.
  std::map<CellCoord, std::vector<EditedObject>> edited_;
  std::optional<CellCoord> window_;
  std::uint64_t frame_ = 0;
  std::uint64_t restFrom_ = std::numeric_limits<std::uint64_t>::max();
  std::chrono::steady_clock::time_point lastEdit_{};
  std::uint32_t editsInFrame_ = 0;  ///< Rounds of edits since the newest frame began.
  std::vector<std::byte> scratch_;

  StreamerFigures figures_;
  std::uint64_t sampledAll_ = 0, sampledLate_ = 0;
  double reservedAll_ = 0, liveAll_ = 0, reservedLate_ = 0, liveLate_ = 0;
};

}  // namespace flux::app
