#pragma once

/// What a map of memory shows. It is known at one or more stops: a dump has one, a recorded run a number of steps.

#include "inspect/dump_file.hpp"

#include <cstdint>

namespace flux::app {

/// Seen by the stops from `from` on, up to `to`, which is the first that does not.
struct Seen {
  std::uint32_t from = 0;
  std::uint32_t to = 1;
};

/// Something that lies in a chunk.
struct MapItem : Seen {
  enum What : std::uint8_t { Block, Destination, Retired, Mirror };

  DumpPlace place;
  What what = Block;
  DumpState state = DumpState::Resident;  ///< Of the block.
  std::uint32_t of = 0;                   ///< Block, Destination: position of the block. Retired: what it waits for.
  std::uint64_t changedInStep = 0;        ///< When contents arrived, as the first stop has it.
};

struct MapChunk : Seen {
  std::uint32_t index = 0;
  ByteCount bytes = 0;
  bool longLived = false;
  bool dedicated = false;
  bool inService = true;
  std::uint64_t madeInStep = 0;
};

}  // namespace flux::app
