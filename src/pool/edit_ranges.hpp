#pragma once

#include <flux/source.hpp>
#include <flux/staged_bytes.hpp>

#include <cstdint>
#include <map>
#include <source_location>
#include <span>
#include <utility>
#include <vector>

namespace flux {

/// New bytes that wait for a range of a part. Its offset in the part is its key in `EditRanges`.
struct EditRange {
  /// Where the bytes come from. Of one source there may be several, when later updates have cut it.
  struct Contents {
    Source source = Source::bytes({});
    ByteOffset sourceBegins = 0;   ///< Where in the part the source's bytes begin.
    StagedBytes staged;            ///< If there are any, they are used, and `source` is not asked.
    ByteOffset stagedOffset = 0;   ///< Of the range in them.
    std::source_location where{};  ///< Of the call that asked for it.

    /// Fills `destination`, which goes to `offset` of the part. REQUIRES: nothing is staged.
    [[nodiscard]] bool fill(BlockHandle block, PartId part, ByteOffset offset, std::span<std::byte> destination) const {
      return source.fill({block, part, offset, destination}, sourceBegins);
    }
  };

  std::uint32_t bytes = 0;
  Contents contents;
};

/// Ranges of one part by their offset, disjoint. A map, since they may come in any order, and by the thousands.
using EditRanges = std::map<std::uint32_t, EditRange>;

/// The same for ranges that come in their order, once: memory that is kept.
using OrderedRanges = std::vector<std::pair<std::uint32_t, EditRange>>;

/// Cuts a range after `at` bytes, a multiple of 4; returns what is behind the cut.
[[nodiscard]] EditRange cut(EditRange& range, std::uint32_t at);

/// Adds a range. What waited for the same bytes is superseded, and its staging let go. O(log ranges + ranges that are
/// superseded).
void supersede(EditRanges& ranges, std::uint32_t offset, EditRange range);

/// Whether the ranges are all of a part of so many bytes.
[[nodiscard]] bool coversAll(const EditRanges& ranges, std::uint32_t bytes);

}  // namespace flux
