#pragma once

/// Turns the pieces of a batch into as few copy commands and regions as possible.

#include <flux/device.hpp>

#include <cstdint>
#include <span>
#include <vector>

namespace flux {

/// Bytes that one copy of a graphics API moves.
struct CopyRegion {
  ByteOffset sourceOffset = 0;
  ByteOffset destinationOffset = 0;
  ByteCount bytes = 0;
};

/// All regions between one source and one destination.
struct CopyCommand {
  CopyEnd source;
  CopyEnd destination;
  std::uint32_t firstRegion = 0;
  std::uint32_t regionCount = 0;
};

/// Sorts pieces by source (chunks before pages), destination and place, and merges those that continue each other on
/// both sides.
///
/// **Thread contract.** One thread. **Units.** Bytes. **Invariants.** The regions cover exactly the bytes of the
/// pieces; no two commands have the same source and destination. Its memory is kept from batch to batch.
class CopyPlan {
 public:
  /// O(n log n).
  void build(std::span<const CopyPiece> batch);

  [[nodiscard]] std::span<const CopyCommand> commands() const noexcept { return commands_; }
  [[nodiscard]] std::span<const CopyRegion> regions(const CopyCommand& command) const noexcept {
    return std::span(regions_).subspan(command.firstRegion, command.regionCount);
  }

 private:
  struct Key {
    std::uint64_t buffers = 0;  ///< Source and destination, so that pieces of one command are neighbours.
    ByteOffset destinationOffset = 0;
    const CopyPiece* piece = nullptr;  ///< While the batch is there.
  };
  std::vector<Key> sorted_;
  std::vector<CopyCommand> commands_;
  std::vector<CopyRegion> regions_;
};

}  // namespace flux
