#include "alloc/range_allocator.hpp"

#include <algorithm>
#include <bit>

namespace flux {

namespace {

// Members of bins that one search looks at. Eight find the best fit nearly always; the higher number is for a
// request that would otherwise fail, which costs its caller a chunk.
constexpr std::uint32_t kLooks = 8;
constexpr std::uint32_t kLastLooks = 256;

constexpr std::uint64_t alignUp(std::uint64_t value, std::uint32_t alignment) {
  return (value + alignment - 1) / alignment * alignment;
}

}  // namespace

std::uint32_t RangeAllocator::binOf(std::uint32_t size) {
  if (size < kSteps) return size;
  const auto octave = static_cast<std::uint32_t>(std::bit_width(size)) - 1 - kStepBits;
  return octave * kSteps + (size >> octave);
}

/// The lowest bin of which every member has at least this size; kBins if there is none.
std::uint32_t RangeAllocator::binOfAll(std::uint64_t size) {
  if (size <= 1) return static_cast<std::uint32_t>(size);
  return size - 1 > ~std::uint32_t{0} ? kBins : binOf(static_cast<std::uint32_t>(size - 1)) + 1;
}

/// The lowest bin from `from` on that has members; kBins if there is none.
std::uint32_t RangeAllocator::nextBin(const Bins& bins, std::uint32_t from) {
  if (from >= kBins) return kBins;
  const std::uint32_t word = from / kSteps;
  const std::uint32_t here = bins.bits[word] & (~0U << (from % kSteps));
  if (here != 0) return word * kSteps + static_cast<std::uint32_t>(std::countr_zero(here));
  const std::uint32_t above = bins.words & (~1U << word);
  if (above == 0) return kBins;
  const auto next = static_cast<std::uint32_t>(std::countr_zero(above));
  return next * kSteps + static_cast<std::uint32_t>(std::countr_zero(bins.bits[next]));
}

RangeStatus RangeAllocator::addSpace(std::uint32_t space, std::uint32_t units) {
  if (units == 0) return RangeStatus::ZeroSize;
  if (space >= kMaxSpaces) return RangeStatus::TooLarge;
  if (hasSpace(space)) return RangeStatus::SpaceInUse;
  if (space >= spaces_.size()) spaces_.resize(std::size_t{space} + 1);
  const std::uint32_t index = takeNode();
  nodes_[index].size = units;
  nodes_[index].space = space;
  spaces_[space] = {.first = index, .last = index, .units = units, .free = units};
  bin(index);
  totalUnits_ += units;
  freeUnits_ += units;
  largestSpace_ = std::max(largestSpace_, units);
  return RangeStatus::Ok;
}

RangeStatus RangeAllocator::growSpace(std::uint32_t space, std::uint32_t units) {
  if (!hasSpace(space)) return RangeStatus::UnknownSpace;
  const std::uint32_t before = spaces_[space].units;
  if (units < before) return RangeStatus::WouldShrink;
  if (units == before) return RangeStatus::Ok;
  const std::uint32_t more = units - before;
  // Only a free range that ends at the old end grows; a free range further down has live ones behind it.
  if (const std::uint32_t last = spaces_[space].last; nodes_[last].live()) {
    bin(insertAfter(last, before, more));
  } else {
    unbin(last);
    nodes_[last].size += more;
    bin(last);
  }
  spaces_[space].units = units;
  spaces_[space].free += more;
  totalUnits_ += more;
  freeUnits_ += more;
  largestSpace_ = std::max(largestSpace_, units);
  return RangeStatus::Ok;
}

RangeStatus RangeAllocator::removeSpace(std::uint32_t space) {
  if (!hasSpace(space)) return RangeStatus::UnknownSpace;
  if (spaces_[space].live != 0) return RangeStatus::SpaceInUse;
  const std::uint32_t index = spaces_[space].first;  // the only range (A2)
  unbin(index);
  dropNode(index);
  totalUnits_ -= spaces_[space].units;
  freeUnits_ -= spaces_[space].units;
  spaces_[space] = {};
  largestSpace_ = 0;
  for (const Space& other : spaces_) largestSpace_ = std::max(largestSpace_, other.units);
  return RangeStatus::Ok;
}

RangeStatus RangeAllocator::setRank(std::uint32_t space, SpaceRank rank) {
  if (!hasSpace(space)) return RangeStatus::UnknownSpace;
  if (spaces_[space].rank == rank) return RangeStatus::Ok;
  const SpaceRank before = spaces_[space].rank;
  for (std::uint32_t i = spaces_[space].first; i != kNone; i = nodes_[i].next) {
    if (nodes_[i].live()) continue;
    spaces_[space].rank = before;
    unbin(i);
    spaces_[space].rank = rank;
    bin(i);
  }
  spaces_[space].rank = rank;
  return RangeStatus::Ok;
}

RangeAllocator::Allocation RangeAllocator::allocate(std::uint32_t units, std::uint32_t alignment) {
  if (units == 0 || alignment == 0) return {RangeStatus::ZeroSize, {}};
  if (units > largestSpace_) return {RangeStatus::TooLarge, {}};
  const std::uint32_t found = findFree(units, alignment);
  if (found == kNone) return {RangeStatus::Full, {}};

  const std::uint32_t offset = nodes_[found].offset;
  const auto aligned = static_cast<std::uint32_t>(alignUp(offset, alignment));
  const std::uint32_t padding = aligned - offset;
  const std::uint32_t rest = nodes_[found].size - padding - units;
  unbin(found);
  std::uint32_t index = found;
  if (padding == 0) {
    nodes_[index].size = units;
  } else {
    nodes_[found].size = padding;
    bin(found);
    index = insertAfter(found, aligned, units);
  }
  if (rest != 0) bin(insertAfter(index, aligned + units, rest));
  return {RangeStatus::Ok, occupy(index)};
}

RangeAllocator::Allocation RangeAllocator::allocateWhole(std::uint32_t space) {
  if (!hasSpace(space)) return {RangeStatus::UnknownSpace, {}};
  if (spaces_[space].live != 0) return {RangeStatus::SpaceInUse, {}};
  unbin(spaces_[space].first);
  return {RangeStatus::Ok, occupy(spaces_[space].first)};
}

RangeStatus RangeAllocator::free(RangeId id) {
  if (!isLive(id)) return RangeStatus::StaleId;
  std::uint32_t index = id.index;
  const std::uint32_t size = nodes_[index].size;
  Space& space = spaces_[nodes_[index].space];
  space.free += size;
  --space.live;
  freeUnits_ += size;
  --liveRanges_;
  if (++nodes_[index].generation == 0) index = replaceNode(index);

  if (const std::uint32_t before = nodes_[index].previous; before != kNone && !nodes_[before].live()) {
    unbin(before);
    nodes_[before].size += nodes_[index].size;
    unlink(index);
    index = before;
  }
  if (const std::uint32_t after = nodes_[index].next; after != kNone && !nodes_[after].live()) {
    unbin(after);
    nodes_[index].size += nodes_[after].size;
    unlink(after);
  }
  bin(index);
  return RangeStatus::Ok;
}

std::optional<Range> RangeAllocator::find(RangeId id) const {
  if (!isLive(id)) return std::nullopt;
  return rangeOf(id.index);
}

std::optional<std::uint32_t> RangeAllocator::spaceFor(std::uint32_t units, std::uint32_t alignment) const {
  if (units == 0 || alignment == 0 || units > largestSpace_) return std::nullopt;
  const std::uint32_t found = findFree(units, alignment);
  return found != kNone ? std::optional(nodes_[found].space) : std::nullopt;
}

std::uint32_t RangeAllocator::largestFree() const {
  std::uint32_t largest = 0;
  for (const Bins& bins : bins_) {
    if (bins.words == 0) continue;
    const auto word = static_cast<std::uint32_t>(std::bit_width(bins.words)) - 1;
    const auto bit = static_cast<std::uint32_t>(std::bit_width(bins.bits[word])) - 1;
    std::uint32_t looks = kLooks;
    for (std::uint32_t i = bins.heads[word * kSteps + bit]; i != kNone && looks != 0; i = nodes_[i].binNext, --looks) {
      largest = std::max(largest, nodes_[i].size);
    }
  }
  return largest;
}

bool RangeAllocator::isLive(RangeId id) const {
  return id.index < nodes_.size() && nodes_[id.index].live() && nodes_[id.index].generation == id.generation;
}

Range RangeAllocator::rangeOf(std::uint32_t index) const {
  const Node& node = nodes_[index];
  return {{index, node.generation}, node.space, node.offset, node.size};
}

bool RangeAllocator::better(std::uint32_t candidate, std::uint32_t best) const {
  if (best == kNone) return true;
  const Node& a = nodes_[candidate];
  const Node& b = nodes_[best];
  if (a.size != b.size) return a.size < b.size;
  return a.space != b.space ? a.space < b.space : a.offset < b.offset;
}

bool RangeAllocator::holds(std::uint32_t index, std::uint32_t units, std::uint32_t alignment) const {
  const Node& node = nodes_[index];
  return alignUp(node.offset, alignment) + units <= std::uint64_t{node.offset} + node.size;
}

/// The best of the first bin in [from, to) that has a range for the request; looks at `looks` members in all.
std::uint32_t RangeAllocator::search(const Bins& bins, std::uint32_t from, std::uint32_t to, std::uint32_t looks,
                                     std::uint32_t units, std::uint32_t alignment) const {
  std::uint32_t best = kNone;
  for (std::uint32_t b = nextBin(bins, from); b < to && best == kNone && looks != 0; b = nextBin(bins, b + 1)) {
    for (std::uint32_t i = bins.heads[b]; i != kNone && looks != 0; i = nodes_[i].binNext, --looks) {
      if (better(i, best) && holds(i, units, alignment)) best = i;
    }
  }
  return best;
}

std::uint32_t RangeAllocator::findFree(std::uint32_t units, std::uint32_t alignment) const {
  const std::uint32_t first = binOf(units);
  const std::uint32_t sure = binOfAll(std::uint64_t{units} + alignment - 1);
  for (const Bins& bins : bins_) {
    std::uint32_t found = search(bins, first, sure, kLooks, units, alignment);
    if (found == kNone) found = search(bins, sure, kBins, kLooks, units, alignment);
    if (found == kNone) found = search(bins, first, sure, kLastLooks, units, alignment);
    if (found != kNone) return found;
  }
  return kNone;
}

std::uint32_t RangeAllocator::takeNode() {
  if (unused_ == kNone) {
    nodes_.emplace_back();
    return static_cast<std::uint32_t>(nodes_.size() - 1);
  }
  const std::uint32_t index = unused_;
  unused_ = nodes_[index].next;
  nodes_[index] = {.generation = nodes_[index].generation};
  return index;
}

void RangeAllocator::dropNode(std::uint32_t index) {
  nodes_[index].next = unused_;
  unused_ = index;
}

std::uint32_t RangeAllocator::insertAfter(std::uint32_t index, std::uint32_t offset, std::uint32_t size) {
  const std::uint32_t added = takeNode();
  Node& node = nodes_[added];
  Node& before = nodes_[index];
  node.offset = offset;
  node.size = size;
  node.space = before.space;
  node.previous = index;
  node.next = before.next;
  (before.next != kNone ? nodes_[before.next].previous : spaces_[before.space].last) = added;
  before.next = added;
  return added;
}

/// Takes a range that another one has absorbed out of its space; the one before it exists.
void RangeAllocator::unlink(std::uint32_t index) {
  const Node& node = nodes_[index];
  nodes_[node.previous].next = node.next;
  (node.next != kNone ? nodes_[node.next].previous : spaces_[node.space].last) = node.previous;
  dropNode(index);
}

/// Gives a range another node, because the generation of its own has wrapped (A4).
std::uint32_t RangeAllocator::replaceNode(std::uint32_t index) {
  const std::uint32_t fresh = takeNode();
  const std::uint32_t generation = nodes_[fresh].generation;
  nodes_[fresh] = nodes_[index];
  Node& node = nodes_[fresh];
  node.generation = generation;
  (node.previous != kNone ? nodes_[node.previous].next : spaces_[node.space].first) = fresh;
  (node.next != kNone ? nodes_[node.next].previous : spaces_[node.space].last) = fresh;
  ++wrapped_;
  return fresh;
}

void RangeAllocator::bin(std::uint32_t index) {
  Node& node = nodes_[index];
  const SpaceRank rank = spaces_[node.space].rank;
  if (rank == SpaceRank::Apart) return;
  Bins& bins = bins_[static_cast<std::size_t>(rank)];
  const std::uint32_t b = binOf(node.size);
  node.binPrevious = kNone;
  node.binNext = bins.heads[b];
  if (node.binNext != kNone) nodes_[node.binNext].binPrevious = index;
  bins.heads[b] = index;
  bins.bits[b / kSteps] |= 1U << (b % kSteps);
  bins.words |= 1U << (b / kSteps);
}

void RangeAllocator::unbin(std::uint32_t index) {
  const Node& node = nodes_[index];
  const SpaceRank rank = spaces_[node.space].rank;
  if (rank == SpaceRank::Apart) return;
  if (node.binNext != kNone) nodes_[node.binNext].binPrevious = node.binPrevious;
  if (node.binPrevious != kNone) {
    nodes_[node.binPrevious].binNext = node.binNext;
    return;
  }
  Bins& bins = bins_[static_cast<std::size_t>(rank)];
  const std::uint32_t b = binOf(node.size);
  bins.heads[b] = node.binNext;
  if (node.binNext != kNone) return;
  bins.bits[b / kSteps] &= ~(1U << (b % kSteps));
  if (bins.bits[b / kSteps] == 0) bins.words &= ~(1U << (b / kSteps));
}

Range RangeAllocator::occupy(std::uint32_t index) {
  Node& node = nodes_[index];
  ++node.generation;
  spaces_[node.space].free -= node.size;
  ++spaces_[node.space].live;
  freeUnits_ -= node.size;
  ++liveRanges_;
  return rangeOf(index);
}

/// One space against A1, A2, A4 and its own sums; adds its ranges, and its free ranges by rank.
bool RangeAllocator::checkSpace(std::uint32_t space, std::uint64_t& ranges, std::array<std::uint64_t, 3>& free) const {
  const Space& sums = spaces_[space];
  std::uint64_t end = 0;
  std::uint64_t freeUnits = 0;
  std::uint32_t live = 0;
  std::uint32_t previous = kNone;
  for (std::uint32_t i = sums.first; i != kNone; previous = i, i = nodes_[i].next) {
    const Node& node = nodes_[i];
    if (node.space != space || node.previous != previous || node.offset != end || node.size == 0) return false;
    if (!node.live() && previous != kNone && !nodes_[previous].live()) return false;
    end += node.size;
    ++ranges;
    if (node.live()) {
      ++live;
    } else {
      freeUnits += node.size;
      ++free[static_cast<std::size_t>(sums.rank)];
    }
  }
  return sums.last == previous && end == sums.units && freeUnits == sums.free && live == sums.live;
}

/// The bins of one rank against A3: they have `ranges` members.
bool RangeAllocator::checkBins(SpaceRank rank, std::uint64_t ranges) const {
  const Bins& bins = bins_[static_cast<std::size_t>(rank)];
  for (std::uint32_t b = 0; b < kBins; ++b) {
    const std::uint32_t word = bins.bits[b / kSteps];
    if (((word >> (b % kSteps) & 1U) != 0) != (bins.heads[b] != kNone)) return false;
    if (((bins.words >> (b / kSteps) & 1U) != 0) != (word != 0)) return false;
    std::uint32_t previous = kNone;
    for (std::uint32_t i = bins.heads[b]; i != kNone; previous = i, i = nodes_[i].binNext) {
      const Node& node = nodes_[i];
      if (node.live() || binOf(node.size) != b || node.binPrevious != previous) return false;
      if (spaces_[node.space].rank != rank || ranges-- == 0) return false;
    }
  }
  return ranges == 0;
}

bool RangeAllocator::checkInvariants() const {
  std::uint64_t ranges = 0;
  std::array<std::uint64_t, 3> free{};
  std::uint64_t totalUnits = 0;
  std::uint64_t freeUnits = 0;
  std::uint64_t live = 0;
  std::uint32_t largest = 0;
  for (std::uint32_t s = 0; s < spaces_.size(); ++s) {
    if (!hasSpace(s)) continue;
    if (!checkSpace(s, ranges, free)) return false;
    totalUnits += spaces_[s].units;
    freeUnits += spaces_[s].free;
    live += spaces_[s].live;
    largest = std::max(largest, spaces_[s].units);
  }
  std::uint64_t unused = 0;
  for (std::uint32_t i = unused_; i != kNone; i = nodes_[i].next) {
    if (nodes_[i].live() || ++unused > nodes_.size()) return false;
  }
  return totalUnits == totalUnits_ && freeUnits == freeUnits_ && live == liveRanges_ && largest == largestSpace_ &&
         ranges + unused + wrapped_ == nodes_.size() && checkBins(SpaceRank::First, free[0]) &&
         checkBins(SpaceRank::Last, free[1]);
}

}  // namespace flux
