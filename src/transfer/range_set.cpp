#include "transfer/range_set.hpp"

#include <flux/assert.hpp>

#include <algorithm>

namespace flux {

RangeSet::RangeSet(ByteCount sizeBytes, RangePolicy policy) : sizeBytes_(sizeBytes), policy_(policy) {
  FLUX_ASSERT(policy.maxRanges >= 1, "a range set may hold a range");
  policy_.maxRanges = std::max<std::size_t>(policy.maxRanges, 1);
  ranges_.reserve(policy_.maxRanges + 1);  // one more, for a moment
}

Result<void> RangeSet::mark(ByteOffset offset, ByteCount bytes, std::source_location where) {
  if (bytes > sizeBytes_ || offset > sizeBytes_ - bytes) {
    const ByteOffset end = offset + bytes;
    return Unexpected(makeError(ErrorCode::InvalidArgument, "range", where, {end >= offset ? end : bytes, sizeBytes_}));
  }
  if (bytes == 0) return {};

  ByteOffset begin = offset;
  ByteOffset end = offset + bytes;
  // All that it touches, or nearly: from the first that ends late enough to the last that begins early enough.
  const auto first = std::partition_point(ranges_.begin(), ranges_.end(), [&](const ByteRange& range) {
    return range.end() < begin && begin - range.end() > policy_.gapBytes;
  });
  auto last = first;
  for (; last != ranges_.end() && (last->offset <= end || last->offset - end <= policy_.gapBytes); ++last) {
    begin = std::min(begin, last->offset);
    end = std::max(end, last->end());
    bytes_ -= last->bytes;
  }
  const ByteRange merged{begin, end - begin};
  bytes_ += merged.bytes;
  if (first == last) {
    ranges_.insert(first, merged);
    if (ranges_.size() > policy_.maxRanges) mergeClosest();
  } else {
    *first = merged;
    ranges_.erase(first + 1, last);
  }
  collapse();
  return {};
}

void RangeSet::mergeClosest() {
  const auto gap = [](const ByteRange& left, const ByteRange& right) { return right.offset - left.end(); };
  auto closest = ranges_.begin();
  for (auto left = ranges_.begin(); left + 1 != ranges_.end(); ++left) {
    if (gap(left[0], left[1]) < gap(closest[0], closest[1])) closest = left;
  }
  bytes_ += gap(closest[0], closest[1]);
  closest->bytes = closest[1].end() - closest->offset;
  ranges_.erase(closest + 1);
}

void RangeSet::collapse() {
  if (bytes_ > sizeBytes_ / 2) markAll();
}

void RangeSet::markAll() {
  clear();
  if (sizeBytes_ == 0) return;
  ranges_.push_back({0, sizeBytes_});
  bytes_ = sizeBytes_;
}

void RangeSet::clear() noexcept {
  ranges_.clear();
  bytes_ = 0;
}

void RangeSet::resize(ByteCount sizeBytes) {
  sizeBytes_ = sizeBytes;
  while (!ranges_.empty() && ranges_.back().end() > sizeBytes) {
    ByteRange& last = ranges_.back();
    const ByteCount kept = last.offset < sizeBytes ? sizeBytes - last.offset : 0;
    bytes_ -= last.bytes - kept;
    last.bytes = kept;
    if (kept == 0) ranges_.pop_back();
  }
  collapse();
}

}  // namespace flux
