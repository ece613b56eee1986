#pragma once

#include <flux/result.hpp>
#include <flux/types.hpp>

#include <cstddef>
#include <source_location>
#include <span>
#include <vector>

namespace flux {

struct ByteRange {
  ByteOffset offset = 0;
  ByteCount bytes = 0;

  [[nodiscard]] constexpr ByteOffset end() const noexcept { return offset + bytes; }
  friend constexpr bool operator==(const ByteRange&, const ByteRange&) noexcept = default;
};

/// What merging costs and saves: docs/design/update-ranges.md.
struct RangePolicy {
  ByteCount gapBytes = 0;      ///< Ranges that are no further apart become one.
  std::size_t maxRanges = 64;  ///< At least 1. Over it the two that are closest to each other become one.
};

/// The bytes of a resource that have changed, as a sorted set of disjoint intervals, few and with gaps between them.
/// Once they cover more than half of the resource they become one that is all of it: one write of everything takes no
/// longer than many that send half.
///
/// **Thread contract.** One thread at a time.
/// **Units.** Bytes.
/// **Cost.** Memory for `maxRanges` intervals, taken when the set is made; marking takes no more. A mark is a binary
/// search and a move of at most `maxRanges` intervals.
/// **Invariants.** Intervals are sorted, not empty, inside the resource, and more than `gapBytes` apart. Every byte
/// that was marked since the last `clear` lies in exactly one.
class RangeSet {
 public:
  explicit RangeSet(ByteCount sizeBytes = 0, RangePolicy policy = {});

  /// Marks [offset, offset + bytes); nothing if that is empty. Errors: InvalidArgument (numbers: the range's end or, if
  /// that does not fit 64 bits, its size; the resource's size) if it does not lie inside; then nothing changes.
  [[nodiscard]] Result<void> mark(ByteOffset offset, ByteCount bytes,
                                  std::source_location where = std::source_location::current());

  void markAll();
  void clear() noexcept;

  /// The resource is larger or smaller from now on; marks beyond its end are dropped.
  void resize(ByteCount sizeBytes);

  [[nodiscard]] std::span<const ByteRange> ranges() const noexcept { return ranges_; }
  [[nodiscard]] bool empty() const noexcept { return ranges_.empty(); }
  /// Of all ranges.
  [[nodiscard]] ByteCount bytes() const noexcept { return bytes_; }
  [[nodiscard]] ByteCount sizeBytes() const noexcept { return sizeBytes_; }

 private:
  void mergeClosest();
  void collapse();

  ByteCount sizeBytes_;
  RangePolicy policy_;
  std::vector<ByteRange> ranges_;
  ByteCount bytes_ = 0;
};

}  // namespace flux
