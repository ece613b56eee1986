#pragma once

#include "explorer/shared_memory.hpp"

#include <flux/frame.hpp>

namespace flux::explorer {

/// A step that reads the memory in which the frame's lookups look.
inline void lookupStep(const Frame& frame) {
  const SnapshotView& view = frame.view();
  Touch touch;
  touch.what = "look up";
  SharedMemory::addRead(touch, view.hot);
  SharedMemory::addRead(touch, view.parts);
  SharedMemory::addRead(touch, view.cold);
  SharedMemory::addRead(touch, view.chunks);
  step(touch);
}

}  // namespace flux::explorer
