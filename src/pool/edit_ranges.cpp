#include "pool/edit_ranges.hpp"

#include <algorithm>
#include <iterator>
#include <limits>
#include <utility>

namespace flux {
namespace {

using EditRange = EditRanges::Range;

bool olderContents(const EditRange& a, const EditRange& b) {
  return a.contents < b.contents;
}

/// Cuts ranges to what newer ones leave of them. A sweep over the offsets; the ranges that begin before it and may end
/// behind it are a heap with the newest on top. O(ranges log ranges).
std::vector<EditRange> cutToNewest(std::span<const EditRange> byOffset) {
  std::vector<EditRange> cut;
  std::vector<EditRange> open;
  std::uint32_t at = 0;
  for (auto next = byOffset.begin();;) {
    while (!open.empty() && open.front().end() <= at) {
      std::ranges::pop_heap(open, olderContents);
      open.pop_back();
    }
    if (open.empty()) {
      if (next == byOffset.end()) return cut;
      at = std::max(at, next->offset);
    }
    for (; next != byOffset.end() && next->offset <= at; ++next) {
      open.push_back(*next);
      std::ranges::push_heap(open, olderContents);
    }
    const EditRange& newest = open.front();
    if (newest.end() <= at) continue;
    const std::uint32_t end = next != byOffset.end() ? std::min(newest.end(), next->offset) : newest.end();
    if (!cut.empty() && cut.back().contents == newest.contents && cut.back().end() == at) {
      cut.back().bytes += end - at;
    } else {
      cut.push_back({at, end - at, newest.contents});
    }
    at = end;
  }
}

}  // namespace

void EditRanges::clear() noexcept {
  ranges_.clear();
  contents_.clear();
  settled_ = 0;
  settledBytes_ = 0;
  newBytes_ = 0;
}

void EditRanges::add(std::uint32_t offset, std::uint32_t bytes, EditContents contents) {
  ranges_.push_back({offset, bytes, static_cast<std::uint32_t>(contents_.size())});
  contents_.push_back(std::move(contents));
  newBytes_ += bytes;
  settleWhenDue();
}

void EditRanges::add(EditRanges& later) {
  const auto first = static_cast<std::uint32_t>(contents_.size());
  std::ranges::move(later.contents_, std::back_inserter(contents_));
  for (const Range& range : later.ranges_) ranges_.push_back({range.offset, range.bytes, first + range.contents});
  newBytes_ += later.settledBytes_ + later.newBytes_;
  later.clear();
  settleWhenDue();
}

void EditRanges::settleWhenDue() {
  if (newBytes_ > settledBytes_) settle();
}

void EditRanges::settle() {
  if (settled_ == ranges_.size()) return;
  std::ranges::sort(ranges_, {}, &Range::offset);
  const auto overlap =
      std::ranges::adjacent_find(ranges_, [](const Range& a, const Range& b) { return a.end() > b.offset; });
  if (overlap != ranges_.end()) {
    ranges_ = cutToNewest(ranges_);
    dropUnusedContents();
  }
  settled_ = ranges_.size();
  settledBytes_ = 0;
  for (const Range& range : ranges_) settledBytes_ += range.bytes;
  newBytes_ = 0;
}

void EditRanges::dropUnusedContents() {
  constexpr std::uint32_t kUnused = std::numeric_limits<std::uint32_t>::max();
  std::vector<std::uint32_t> renumbered(contents_.size(), kUnused);
  for (const Range& range : ranges_) renumbered[range.contents] = 0;
  std::uint32_t used = 0;
  for (std::size_t i = 0; i < contents_.size(); ++i) {
    if (renumbered[i] == kUnused) continue;
    renumbered[i] = used;
    if (used != i) contents_[used] = std::move(contents_[i]);
    ++used;
  }
  contents_.resize(used);
  for (Range& range : ranges_) range.contents = renumbered[range.contents];
}

std::span<const EditRange> EditRanges::ranges() {
  settle();
  return ranges_;
}

bool EditRanges::coverAll(std::uint32_t bytes) {
  settle();
  return settledBytes_ == bytes;
}

}  // namespace flux
