#pragma once

/// How the objects of cells get into the pool: by threads that fill staging in place.

#include "view/cells.hpp"
#include "view/renderer.hpp"
#include "view/world.hpp"

#include <flux/pool.hpp>
#include <flux/producer.hpp>

#include <array>
#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

namespace flux::app {

/// What the blocks of objects have in common.
struct BlockTraits {
  Lifetime lifetime = Lifetime::Streaming;
  BlockHandle fallback;
  std::array<Tag, World::kOwners.size()> tags{};  ///< By `World::ownerOf`.
};

/// Asks the world for the bytes of a part's first version, whenever the pool wants them.
[[nodiscard]] Source askWorld(const World& world, ObjectId id);

/// Adds objects to a pool through a producer: makes the bytes of their parts where the device reads them. Those of an
/// object that no staging page has room for are asked for later, piece by piece.
///
/// **Thread contract.** One thread. The pool outlives it.
class CellWriter {
 public:
  CellWriter(const World& world, Pool& pool, const BlockTraits& traits)
      : world_(world), traits_(traits), producer_(pool.makeProducer()) {}

  /// Asks for a block for each object that has none yet. False: there is no room, and another call goes on with the
  /// same cell. Throws Failure.
  [[nodiscard]] bool add(Cell& cell);

  /// Waits until there is room again, or for a moment. Not on the geometry thread, whose steps make room.
  void waitForRoom();

 private:
  [[nodiscard]] bool fill(ObjectId id);
  [[nodiscard]] std::optional<BlockHandle> addObject(ObjectId id);

  const World& world_;
  const BlockTraits traits_;
  Producer producer_;
  std::array<PartDesc, kObjectParts> parts_;  ///< Of the next object.
  bool filled_ = false;                       ///< They have their bytes.
  ByteCount missingBytes_ = 0;                ///< Of staging; 0: it was the queue that was full.
};

/// Loads the cells that are wanted, the most urgent first.
///
/// **Thread contract.** One thread owns it and the pool: the geometry thread.
/// **Bounds.** What waits for the device lies in the pool's staging, and is bounded with it.
class CellLoader {
 public:
  /// `threads`: that load beside the geometry thread. Without any it does so itself, in `takeLoaded`.
  CellLoader(const World& world, Pool& pool, const BlockTraits& traits, std::uint32_t threads);
  ~CellLoader();
  CellLoader(const CellLoader&) = delete;
  CellLoader& operator=(const CellLoader&) = delete;

  /// What to load, the most urgent last, instead of what was wanted before and has not been begun. Cells that have are
  /// left out: they come.
  void want(std::vector<CellCoord> cells);

  /// Cells of which all blocks have been asked for since the last call: the next step makes them. Throws Failure.
  [[nodiscard]] std::vector<std::shared_ptr<Cell>> takeLoaded();

 private:
  void loop();
  /// Null: none is wanted, or, if it waits, the loader ends.
  [[nodiscard]] std::shared_ptr<Cell> begin(bool waits);
  void loaded(std::shared_ptr<Cell> cell);

  const World& world_;
  Pool& pool_;
  const BlockTraits traits_;
  std::atomic<bool> stop_{false};
  std::mutex mutex_;
  std::condition_variable wakeUp_;
  std::vector<CellCoord> wanted_;
  std::set<CellCoord> begun_;  ///< And not taken yet.
  std::vector<std::shared_ptr<Cell>> loaded_;
  std::string failure_;
  std::optional<CellWriter> here_;  ///< If there are no threads.
  std::shared_ptr<Cell> cellHere_;
  std::vector<std::thread> threads_;  ///< Last: they use all of the above.
};

}  // namespace flux::app
