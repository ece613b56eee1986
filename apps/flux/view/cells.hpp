#pragma once

/// How loaded cells get from the geometry thread to the frame thread.

#include "view/world.hpp"

#include <memory>
#include <mutex>
#include <utility>
#include <vector>

namespace flux::app {

/// A cell whose objects have been added to the pool. Never changes once it has been handed over.
struct Cell {
  CellCoord coord;
  std::vector<WorldObject> objects;
  std::vector<BlockHandle> blocks;  ///< Of the objects, in their order.
};

using CellList = std::vector<std::shared_ptr<const Cell>>;

/// The list of loaded cells, replaced as a whole.
///
/// **Thread contract.** Any thread; the lock is held for the exchange of a pointer only.
class CellBoard {
 public:
  void set(std::shared_ptr<const CellList> cells) {
    const std::lock_guard lock(mutex_);
    cells_.swap(cells);
  }
  [[nodiscard]] std::shared_ptr<const CellList> get() const {
    const std::lock_guard lock(mutex_);
    return cells_;
  }

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<const CellList> cells_ = std::make_shared<const CellList>();
};

}  // namespace flux::app
