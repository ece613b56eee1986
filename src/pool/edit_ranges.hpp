#pragma once

#include "base/witness.hpp"

#include <flux/source.hpp>
#include <flux/staged_bytes.hpp>

#include <cstdint>
#include <source_location>
#include <span>
#include <vector>

namespace flux {

/// Where new bytes of a part come from.
struct EditContents {
  Source source = Source::bytes({});
  std::uint32_t begins = 0;      ///< Where in the part the source's first byte belongs.
  std::source_location where{};  ///< Of the call that brought them.

  [[nodiscard]] bool staged() const noexcept { return static_cast<bool>(source.stagedBytes()); }

  /// Fills `destination`, which goes to `offset` of the part. False: the source failed. REQUIRES: they are not staged.
  [[nodiscard]] bool fill(BlockHandle block, PartId part, std::uint32_t offset, std::span<std::byte> destination,
                          Witness* witness) const {
    const bool filled = source.fill({block, part, offset, destination}, begins);
    return witnessed(witness, RecordKind::SourceFailed, filled ? 0 : 1) == 0;
  }
};

/// New bytes that wait for one part: disjoint ranges, each with its contents. What is added later wins, byte by byte.
///
/// Ranges are appended as they come, and *settled* (sorted, and cut to what later ones leave of them) when they are
/// read, and when the new ones have more bytes than the settled ones. So an addition costs amortised O(log ranges), at
/// sequential addresses, in whatever order ranges come, and what is superseded holds at most as much staging as what
/// is not.
class EditRanges {
 public:
  struct Range {
    std::uint32_t offset = 0;    ///< In the part.
    std::uint32_t bytes = 0;     ///< A multiple of 4, but at the end of the part.
    std::uint32_t contents = 0;  ///< See `contents`. Several ranges have the same when others have cut them apart.
    [[nodiscard]] std::uint32_t end() const noexcept { return offset + bytes; }
  };

  [[nodiscard]] bool empty() const noexcept { return ranges_.empty(); }
  void clear() noexcept;

  void add(std::uint32_t offset, std::uint32_t bytes, EditContents contents);

  /// Adds all that `later` has, and empties it.
  void add(EditRanges& later);

  /// By offset. Valid until the next change.
  [[nodiscard]] std::span<const Range> ranges();
  [[nodiscard]] const EditContents& contents(const Range& range) const noexcept { return contents_[range.contents]; }

  /// Of all ranges; those included that a later one supersedes, as long as they are kept.
  [[nodiscard]] std::uint64_t keptBytes() const noexcept { return settledBytes_ + newBytes_; }

  /// Whether the ranges are all of a part of so many bytes.
  [[nodiscard]] bool coverAll(std::uint32_t bytes);

 private:
  void settle();
  void settleWhenDue();
  void dropUnusedContents();

  std::vector<Range> ranges_;  ///< The first `settled_` by offset and disjoint, the others as they came.
  std::size_t settled_ = 0;
  std::uint64_t settledBytes_ = 0;
  std::uint64_t newBytes_ = 0;
  std::vector<EditContents> contents_;  ///< The later, the newer.
};

}  // namespace flux
