#pragma once

#include "base/gauge.hpp"

#include <flux/source.hpp>
#include <flux/types.hpp>

#include <cstdint>
#include <deque>
#include <unordered_map>
#include <vector>

namespace flux {

/// Where the bytes of parts come from when their block is not on the device: sources that can be asked, and copies in
/// system memory.
///
/// A copy of a block that has come back stays as a *spare* as long as nobody needs its memory: the block can leave
/// again without being read back.
///
/// **Thread contract.** Geometry thread only; `bytes`: any thread.
/// **Invariants.** Copies, and what is reserved for more of them, are at most the limit.
class Store {
 public:
  explicit Store(ByteCount limitBytes) : limitBytes_(limitBytes) {}

  [[nodiscard]] ByteCount bytes() const noexcept { return bytes_; }

  /// For copies, that of spares included.
  [[nodiscard]] ByteCount roomBytes() const noexcept { return limitBytes_ - (bytes_ - spareBytes_); }
  [[nodiscard]] bool fits(ByteCount bytes) const noexcept { return bytes <= roomBytes(); }
  /// Of them: of this block.
  [[nodiscard]] ByteCount spareBytes(std::uint32_t block) const;
  /// Likewise for a new block. They leave an eighth of the limit to blocks that leave the device: were the store full
  /// of blocks that are not there, none could take the place of another.
  [[nodiscard]] bool fitsNew(ByteCount bytes) const noexcept { return bytes == 0 || fits(bytes + limitBytes_ / 8); }
  /// Takes the room, and drops the oldest spares for it. REQUIRES: `fits`.
  void reserve(ByteCount bytes);
  void unreserve(ByteCount bytes) noexcept { bytes_ -= bytes; }

  /// From now on the part's bytes come from `source`; instead of what was before. `copyBytes` of it have been reserved.
  void keep(std::uint32_t block, PartId part, const Source& source, ByteCount copyBytes = 0);
  /// Null, if its bytes are nowhere.
  [[nodiscard]] const Source* find(std::uint32_t block, PartId part) const;
  void drop(std::uint32_t block, PartId part);
  void dropBlock(std::uint32_t block);

  /// Spares that wait for their turn to go, those included that are none any more.
  [[nodiscard]] std::size_t turns() const noexcept { return spares_.size(); }

  /// The block is on the device: its copies are spares, and sources that are asked once are done with.
  void makeSpare(std::uint32_t block);
  /// The block is on the device no more.
  void makeNeeded(std::uint32_t block);

 private:
  struct Kept {
    PartId part{};
    Source source = Source::bytes({});
    ByteCount copyBytes = 0;
  };
  struct Home {
    std::vector<Kept> parts;
    ByteCount copyBytes = 0;
    std::uint64_t spare = 0;  ///< Its turn to go; 0: it is needed.
  };
  struct Turn {
    std::uint32_t block;
    std::uint64_t spare;
  };
  using Homes = std::unordered_map<std::uint32_t, Home>;

  void forget(Homes::iterator home, std::vector<Kept>::iterator kept);
  void dropCopies(Homes::iterator home);

  ByteCount limitBytes_;
  Gauge<ByteCount> bytes_;    ///< Of copies, and reserved.
  ByteCount spareBytes_ = 0;  ///< Of them: of spares.
  std::uint64_t lastSpare_ = 0;
  std::deque<Turn> spares_;  ///< The oldest first; some have become needed since, or have gone.
  Homes homes_;
};

}  // namespace flux
