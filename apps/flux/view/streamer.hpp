#pragma once

/// The geometry side of the world: loads and unloads cells, edits objects, steps and publishes the pool.

#include "report_percentiles.hpp"
#include "view/cells.hpp"
#include "view/edit_log.hpp"
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
  Percentiles stepTimes;
  Percentiles publishTimes;
  double meanReservedBytes = 0;
  double meanLiveBytes = 0;
  std::uint64_t refusedCalls = 0;
};

/// Keeps the window of cells around the camera loaded, nearest cells first, and edits objects near the camera: their
/// constants and vertices change, and parts are added to their live blocks and removed again.
///
/// **Thread contract.** One thread owns it and the pool: the geometry thread. Throws Failure.
/// **Bounds.** No more than kMaxWaiting blocks wait for their bytes at any time.
class Streamer {
 public:
  static constexpr std::uint32_t kMaxWaiting = 4096;

  Streamer(const World& world, const Flight& flight, Pool& pool, CellBoard& board, EditLog& edits)
      : world_(world), flight_(flight), pool_(pool), board_(board), edits_(edits) {}

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
  struct LoadedCell {
    std::shared_ptr<Cell> cell;
    std::size_t added = 0;  ///< Objects added so far; the cell is handed over when they all are.
  };
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
  void removeCell(const LoadedCell& loaded);
  bool addCells();
  bool addObjects(LoadedCell& loaded);
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
  void sample(std::uint64_t frame);
  [[nodiscard]] std::optional<BlockHandle> addBlock(ObjectId id, Lifetime lifetime);
  /// Whether a refused call may succeed later. Counts it.
  bool mayRepeat(const Error& error);

  const World& world_;
  const Flight& flight_;
  Pool& pool_;
  CellBoard& board_;
  EditLog& edits_;

  std::array<Tag, World::kOwners.size()> tags_{};
  std::unordered_map<ObjectId, BlockHandle> fixed_;
  std::map<CellCoord, LoadedCell> cells_;
  std::vector<CellCoord> missing_;  ///< Cells of the window to load; the nearest is the last.
  std::map<CellCoord, std::vector<EditedObject>> edited_;
  std::optional<CellCoord> window_;
  std::uint32_t waiting_ = 0;  ///< Blocks that wait for their bytes.
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
