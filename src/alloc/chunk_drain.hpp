#pragma once

/// Which chunks are filled first, so that the others drain.

#include "alloc/index_lists.hpp"
#include "alloc/range_allocator.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

namespace flux {

/// Splits the chunks of full size that hold something into those that requests are served from (`SpaceRank::First`)
/// and those that drain (`SpaceRank::Last`). After the load has dropped, a few First chunks take all that comes, and
/// the others lose what they hold by and by.
///
/// **How many.** The First chunks have room for what is live in all of them and an eighth more, to within one chunk.
/// Best fit packs tighter than that, so while the load is steady every chunk is First and nothing is lost.
///
/// **Which.** A chunk is empty when its last range goes, and ranges go one by one, whatever their size. So those with
/// the fewest ranges drain, not those with the fewest bytes: beside many small ranges these survive longest.
///
/// **Thread contract.** None: one thread at a time.
///
/// **Units.** Those of the range allocator.
class ChunkDrain {
 public:
  struct Change {
    std::uint32_t chunk;
    SpaceRank rank;
  };

  /// All chunks have `chunkUnits`, not 0.
  explicit ChunkDrain(std::uint32_t chunkUnits) : chunkUnits_(chunkUnits), lists_(2 * kLevels) { setBounds(); }

  /// Says what a chunk holds now. One that was not here starts as First. O(1). REQUIRES: ranges.
  void set(std::uint32_t chunk, std::uint32_t usedUnits, std::uint32_t ranges) {
    if (chunk >= records_.size()) records_.resize(std::size_t{chunk} + 1);
    Record& record = records_[chunk];
    live_ += std::uint64_t{usedUnits} - record.used;
    record.used = usedUnits;
    if (ranges - record.fewest >= record.span) changeLevel(chunk, ranges);
  }

  /// A chunk is empty, or is taken out of service. Nothing happens if it was not here. O(1).
  void forget(std::uint32_t chunk);

  [[nodiscard]] bool contains(std::uint32_t chunk) const {
    return chunk < records_.size() && records_[chunk].span != 0;
  }

  /// Changes the rank of one chunk, if that is due, and tells which. O(1).
  std::optional<Change> balance() {
    if (live_ >= least_ && live_ <= most_) return std::nullopt;
    return move();
  }

  /// Compares everything with everything, for tests. O(chunks).
  [[nodiscard]] bool checkInvariants() const;

 private:
  /// Of the number of ranges: four an octave, the last one for all from 57,344 on.
  static constexpr std::uint32_t kLevels = 64;
  static constexpr std::uint32_t kFewestOfLast = 7U << 13U;

  /// A chunk. Its level is that of `fewest` ranges and of up to `span - 1` more, so that most calls need not work it
  /// out.
  struct Record {
    std::uint32_t used = 0;
    std::uint32_t fewest = 0;
    std::uint32_t span = 0;  // 0: not here
  };

  /// The chunks of one rank.
  struct Side {
    std::uint64_t levels = 0;  // bits: not empty
    std::uint32_t chunks = 0;
  };

  static std::uint32_t levelOf(std::uint32_t ranges);
  void setBounds();
  void changeLevel(std::uint32_t chunk, std::uint32_t ranges);
  void put(std::uint32_t chunk, std::uint32_t list);
  void take(std::uint32_t chunk);
  Change move();

  std::uint32_t chunkUnits_;
  IndexLists lists_;             // by level: those of First chunks, then those of Last ones
  std::array<Side, 2> sides_;    // First, Last
  std::vector<Record> records_;  // by chunk
  std::uint64_t live_ = 0;       // in all of them
  std::uint64_t least_ = 0;      // with fewer live, a First chunk is too many, …
  std::uint64_t most_ = 0;       // … with more, one is missing
};

}  // namespace flux
