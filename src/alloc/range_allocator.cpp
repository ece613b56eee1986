#include "range_allocator.hpp"  // without a folder, so that the two files work anywhere

#include <algorithm>
#include <bit>

namespace flux {

namespace {

// Keys in doubt whose first members one search looks at, and how many of these at most, before it takes a range that
// fits for sure; and members, first or not, that it looks at before it fails, which costs its caller a chunk.
constexpr std::uint32_t kKeysInDoubt = 256;
constexpr std::uint32_t kLooks = 32;
constexpr std::uint32_t kLastLooks = 256;

// Ranges that a call carries over to the bins of a new rank.
constexpr std::uint32_t kCarried = 8;

constexpr std::uint32_t kMaxUnits = ~std::uint32_t{0};

/// REQUIRES: both have 32 bits.
constexpr std::uint64_t alignUp(std::uint64_t value, std::uint64_t alignment) {
  if ((alignment & (alignment - 1)) == 0) return (value + alignment - 1) & ~(alignment - 1);
  return (value + alignment - 1) / alignment * alignment;
}

}  // namespace

// ---- Bins --------------------------------------------------------------------------------------------------

void RangeAllocator::Bins::clear(std::uint32_t keys) {
  // One word more at each level, so that a scan need not ask whether there is a next one.
  heads.assign(keys, kNone);
  bits.assign(keys / 64 + 2, 0);
  words.assign(bits.size() / 64 + 2, 0);
  top = 0;
}

/// The lowest bin from `from` on that has members; the number of all bins if there is none. REQUIRES: `from` is no
/// more than that.
inline std::uint32_t RangeAllocator::Bins::nextKey(std::uint32_t from) const {
  const std::uint64_t found = bits[from / 64] & (~std::uint64_t{0} << (from % 64));
  if (found == 0) return nextKeyAbove(from / 64 + 1);
  return from / 64 * 64 + static_cast<std::uint32_t>(std::countr_zero(found));
}

/// The same, from a word of `bits` on.
inline std::uint32_t RangeAllocator::Bins::nextKeyAbove(std::uint32_t word) const {
  std::uint64_t found = words[word / 64] & (~std::uint64_t{0} << (word % 64));
  if (found == 0) {
    found = top & (~std::uint64_t{1} << (word / 64));
    if (found == 0) return static_cast<std::uint32_t>(heads.size());
    word = static_cast<std::uint32_t>(std::countr_zero(found)) * 64;
    found = words[word / 64];
  }
  word = word / 64 * 64 + static_cast<std::uint32_t>(std::countr_zero(found));
  return word * 64 + static_cast<std::uint32_t>(std::countr_zero(bits[word]));
}

/// A word of `bits`, but for what lies outside of [from, to).
inline std::uint64_t RangeAllocator::Bins::wordOf(std::uint32_t word, std::uint32_t from, std::uint32_t to) const {
  std::uint64_t found = bits[word];
  if (word == from / 64) found &= ~std::uint64_t{0} << (from % 64);
  if (word == to / 64) found &= ~(~std::uint64_t{0} << (to % 64));
  return found;
}

/// The highest bin in [from, to) that has members; `to` if there is none. A walk over at most 217 words.
std::uint32_t RangeAllocator::Bins::lastKey(std::uint32_t from, std::uint32_t to) const {
  for (std::uint32_t word = to / 64 + 1; word-- != from / 64;) {
    const std::uint64_t found = wordOf(word, from, to);
    if (found != 0) return word * 64 + static_cast<std::uint32_t>(std::bit_width(found)) - 1;
  }
  return to;
}

inline void RangeAllocator::Bins::mark(std::uint32_t key) {
  bits[key / 64] |= std::uint64_t{1} << (key % 64);
  words[key / 4096] |= std::uint64_t{1} << (key / 64 % 64);
  top |= std::uint64_t{1} << (key / 4096);
}

/// Without branches: whether a bin gets empty is as good as random.
inline void RangeAllocator::Bins::clearIf(bool empty, std::uint32_t key) {
  std::uint64_t& word = bits[key / 64];
  word &= ~(std::uint64_t{empty} << (key % 64));
  std::uint64_t& above = words[key / 4096];
  above &= ~(std::uint64_t{word == 0} << (key / 64 % 64));
  top &= ~(std::uint64_t{above == 0} << (key / 4096));
}

/// A float of kStepBits fraction bits, read as an integer: monotonic, exact below 2^(kStepBits + 1).
inline std::uint32_t RangeAllocator::classOf(std::uint32_t size) {
  const auto octave = static_cast<std::uint32_t>(std::bit_width(size | (1U << kStepBits))) - 1 - kStepBits;
  return (octave << kStepBits) + (size >> octave);
}

/// The lowest key of a rank of which every member, and those of all keys above, have at least this size.
std::uint32_t RangeAllocator::sureKey(std::uint64_t size) const {
  if (size > largestSpace_) return keysOfRank_;
  return (classOf(static_cast<std::uint32_t>(size) - 1) + 1) << kEighthBits;
}

inline void RangeAllocator::bin(std::uint32_t index) {
  Node& node = nodes_[index];
  const std::uint32_t space = node.space();
  const auto eighth = static_cast<std::uint32_t>((std::uint64_t{space} << spanBits_ | node.offset) >> eighthShift_);
  const std::uint32_t key = spaces_[space].firstKey + (classOf(node.size) << kEighthBits | eighth);
  node.where = space | key << kKeyShift;
  const std::uint32_t head = bins_.heads[key];
  node.binNext = head;
  nodes_[head].binPrevious = index;
  bins_.heads[key] = index;
  bins_.mark(key);
}

inline void RangeAllocator::unbin(std::uint32_t index) {
  const Node& node = nodes_[index];
  const std::uint32_t next = node.binNext;
  const std::uint32_t key = node.key();
  if (bins_.heads[key] == index) {
    bins_.heads[key] = next;
    bins_.clearIf(next == kNone, key);
    return;
  }
  nodes_[node.binPrevious].binNext = next;
  nodes_[next].binPrevious = node.binPrevious;
}

/// Makes bins for ranges of this size, and puts every free range into its new one.
void RangeAllocator::makeBins(std::uint32_t largest) {
  keysOfRank_ = (classOf(largest) + 1) << kEighthBits;
  bins_.clear(kRanks * keysOfRank_);
  following_.clear();
  for (Space& space : spaces_) {
    space.firstKey = firstKey(space.rank);
    space.cursor = kNone;
    space.queued = false;
    if (space.units == 0) continue;
    for (std::uint32_t i = nodes_[space.end].next; i != space.end; i = nodes_[i].next) {
      if (!nodes_[i].live()) bin(i);
    }
  }
}

// ---- Spaces ------------------------------------------------------------------------------------------------

RangeAllocator::RangeAllocator() {
  nodes_.emplace_back();  // kNone
  bins_.clear(0);         // so that a scan finds words to look at
}

RangeStatus RangeAllocator::addSpace(std::uint32_t space, std::uint64_t units) {
  if (units == 0) return RangeStatus::ZeroSize;
  if (units > kMaxUnits || space >= kMaxSpaces) return RangeStatus::TooLarge;
  if (hasSpace(space)) return RangeStatus::SpaceInUse;
  if (space >= spaces_.size()) spaces_.resize(std::size_t{space} + 1);
  std::uint32_t end = spaces_[space].end;
  if (end == kNone) {
    // A node of its own for good: one that is a range at other times would forget that one's generation (A4).
    end = static_cast<std::uint32_t>(nodes_.size());
    nodes_.emplace_back().generation = kEnd;
    nodes_[end].where = space;
  }
  nodes_[end].previous = nodes_[end].next = end;
  const auto size = static_cast<std::uint32_t>(units);
  spaces_[space] = {.end = end, .units = size, .free = size, .queued = spaces_[space].queued};
  noteLargest(space);
  bin(insertAfter(end, 0, size));
  totalUnits_ += units;
  freeUnits_ += units;
  return RangeStatus::Ok;
}

/// A space has got its size: there are bins for it, and a place in the address space.
void RangeAllocator::noteLargest(std::uint32_t space) {
  const std::uint32_t units = spaces_[space].units;
  if (units == largestSpace_) ++largestSpaces_;
  if (units > largestSpace_) {
    largestSpace_ = units;
    largestSpaces_ = 1;
    spanBits_ = std::max(spanBits_, static_cast<std::uint32_t>(std::bit_width(units - 1)));
  }
  highestSpace_ = std::max(highestSpace_, space);
  // Ranges that are binned already stay where they are: an eighth is a preference.
  const std::uint32_t bits = spanBits_ + static_cast<std::uint32_t>(std::bit_width(highestSpace_));
  eighthShift_ = std::max(bits, kEighthBits) - kEighthBits;
  if (((classOf(largestSpace_) + 1) << kEighthBits) > keysOfRank_) makeBins(largestSpace_);
}

/// A space has lost this size.
void RangeAllocator::forgetLargest(std::uint32_t units) {
  if (units != largestSpace_ || --largestSpaces_ != 0) return;
  largestSpace_ = 0;
  for (const Space& space : spaces_) {
    if (space.units != 0 && space.units == largestSpace_) ++largestSpaces_;
    if (space.units > largestSpace_) {
      largestSpace_ = space.units;
      largestSpaces_ = 1;
    }
  }
}

RangeStatus RangeAllocator::growSpace(std::uint32_t space, std::uint64_t units) {
  if (!hasSpace(space)) return RangeStatus::UnknownSpace;
  if (units > kMaxUnits) return RangeStatus::TooLarge;
  const std::uint32_t before = spaces_[space].units;
  if (units < before) return RangeStatus::WouldShrink;
  if (units == before) return RangeStatus::Ok;
  const auto more = static_cast<std::uint32_t>(units) - before;
  spaces_[space].units = static_cast<std::uint32_t>(units);
  spaces_[space].free += more;
  noteLargest(space);
  forgetLargest(before);
  // Only a free range that ends at the old end grows; a free range further down has live ones behind it.
  const std::uint32_t last = nodes_[spaces_[space].end].previous;
  if (nodes_[last].live()) {
    bin(insertAfter(last, before, more));
  } else {
    unbin(last);
    nodes_[last].size += more;
    bin(last);
  }
  totalUnits_ += more;
  freeUnits_ += more;
  return RangeStatus::Ok;
}

RangeStatus RangeAllocator::shrinkSpace(std::uint32_t space, std::uint64_t units) {
  if (units == 0) return RangeStatus::ZeroSize;
  if (!hasSpace(space)) return RangeStatus::UnknownSpace;
  const std::uint32_t before = spaces_[space].units;
  if (units > before) return RangeStatus::WouldGrow;
  if (units == before) return RangeStatus::Ok;
  const std::uint32_t last = nodes_[spaces_[space].end].previous;
  if (nodes_[last].live() || nodes_[last].offset > units) return RangeStatus::SpaceInUse;
  const std::uint32_t less = before - static_cast<std::uint32_t>(units);
  unbin(last);
  nodes_[last].size -= less;
  if (nodes_[last].size != 0) {
    bin(last);
  } else {
    absorb(nodes_[last].previous, last);
  }
  spaces_[space].units -= less;
  spaces_[space].free -= less;
  totalUnits_ -= less;
  freeUnits_ -= less;
  noteLargest(space);
  forgetLargest(before);
  return RangeStatus::Ok;
}

RangeStatus RangeAllocator::removeSpace(std::uint32_t space) {
  if (!hasSpace(space)) return RangeStatus::UnknownSpace;
  if (spaces_[space].live != 0) return RangeStatus::SpaceInUse;
  const std::uint32_t end = spaces_[space].end;
  const std::uint32_t index = nodes_[end].next;  // the only range (A2)
  const std::uint32_t units = spaces_[space].units;
  unbin(index);
  dropNode(index);
  spaces_[space] = {.end = end, .queued = spaces_[space].queued};
  forgetLargest(units);
  totalUnits_ -= units;
  freeUnits_ -= units;
  return RangeStatus::Ok;
}

RangeStatus RangeAllocator::setRank(std::uint32_t space, SpaceRank rank) {
  if (!hasSpace(space)) return RangeStatus::UnknownSpace;
  Space& changed = spaces_[space];
  const SpaceRank before = changed.rank;
  if (before == rank) return RangeStatus::Ok;
  changed.rank = rank;
  changed.firstKey = firstKey(rank);
  if (before != SpaceRank::Apart && rank != SpaceRank::Apart) {
    changed.cursor = nodes_[changed.end].next;
    carry(changed);
    if (changed.cursor != kNone && !changed.queued) {
      changed.queued = true;
      following_.push_back(space);
    }
    return RangeStatus::Ok;
  }
  for (std::uint32_t i = nodes_[changed.end].next; i != changed.end; i = nodes_[i].next) {
    if (nodes_[i].live()) continue;
    unbin(i);
    bin(i);
  }
  return RangeStatus::Ok;
}

/// Carries a few free ranges of a space that has changed its rank over to the bins of the new one.
void RangeAllocator::carry(Space& space) {
  for (std::uint32_t n = 0; n < kCarried && space.cursor != kNone; ++n) {
    const std::uint32_t index = space.cursor;
    space.cursor = index == space.end ? kNone : nodes_[index].next;
    if (nodes_[index].live()) continue;
    unbin(index);
    bin(index);
  }
}

void RangeAllocator::carryOver() {
  Space& space = spaces_[following_.back()];
  carry(space);
  if (space.cursor != kNone) return;
  space.queued = false;
  following_.pop_back();
}

// ---- Finding -----------------------------------------------------------------------------------------------

inline bool RangeAllocator::holds(std::uint32_t index, std::uint32_t units, std::uint64_t alignment) const {
  const Node& node = nodes_[index];
  if (alignment == 1) return node.size >= units;
  return alignUp(node.offset, alignment) + units <= std::uint64_t{node.offset} + node.size;
}

/// Of the first members of the bins [from, to), the one in the lowest eighth that holds the request, in that of the
/// tightest class. REQUIRES: both ends are those of classes.
std::uint32_t RangeAllocator::lookAtFirst(std::uint32_t from, std::uint32_t to, std::uint32_t units,
                                          std::uint64_t alignment) const {
  std::uint64_t eighths = 0;
  for (std::uint32_t word = from / 64; word * 64 < to; ++word) eighths |= bins_.wordOf(word, from, to);
  for (std::uint32_t half = 32; half >= 8; half /= 2) eighths |= eighths >> half;
  std::uint32_t looks = kLooks;
  for (eighths &= 0xFFU; eighths != 0; eighths &= eighths - 1) {
    const std::uint64_t inEighth = (eighths & ~(eighths - 1)) * 0x0101010101010101U;
    for (std::uint32_t word = from / 64; word * 64 < to; ++word) {
      for (std::uint64_t bits = bins_.wordOf(word, from, to) & inEighth; bits != 0; bits &= bits - 1) {
        const std::uint32_t i = bins_.heads[word * 64 + static_cast<std::uint32_t>(std::countr_zero(bits))];
        if (holds(i, units, alignment)) return i;
        if (--looks == 0) return kNone;
      }
    }
  }
  return kNone;
}

/// The first range in the bins [from, to) that holds the request, of the first kLastLooks.
std::uint32_t RangeAllocator::lookAtAll(std::uint32_t from, std::uint32_t to, std::uint32_t units,
                                        std::uint64_t alignment) const {
  std::uint32_t looks = kLastLooks;
  for (std::uint32_t key = bins_.nextKey(from); key < to; key = bins_.nextKey(key + 1)) {
    for (std::uint32_t i = bins_.heads[key]; i != kNone; i = nodes_[i].binNext) {
      if (holds(i, units, alignment)) return i;
      if (--looks == 0) return kNone;
    }
  }
  return kNone;
}

/// `findFree` where an alignment leaves several classes in doubt.
std::uint32_t RangeAllocator::findAligned(std::uint32_t from, std::uint32_t units, std::uint64_t alignment) const {
  const std::uint32_t sure = sureKey(std::uint64_t{units} + alignment - 1);
  const std::uint32_t doubt = std::max(from, sure - std::min(sure, kKeysInDoubt));
  for (const SpaceRank rank : {SpaceRank::First, SpaceRank::Last}) {
    const std::uint32_t first = firstKey(rank);
    std::uint32_t found = lookAtFirst(first + doubt, first + sure, units, alignment);
    if (found != kNone) return found;
    if (const std::uint32_t key = bins_.nextKey(first + sure); key < first + keysOfRank_) return bins_.heads[key];
    if (bins_.nextKey(first + from) >= first + sure) continue;
    // Those that are large enough for most offsets come first.
    const std::uint32_t likely = sureKey(std::uint64_t{units} + alignment / 2);
    found = lookAtAll(first + likely, first + sure, units, alignment);
    if (found == kNone) found = lookAtAll(first + from, first + likely, units, alignment);
    if (found != kNone) return found;
  }
  return kNone;
}

/// `findFree` at any offset: only the request's own class is in doubt.
std::uint32_t RangeAllocator::findAnywhere(std::uint32_t from, std::uint32_t units) const {
  const std::uint32_t end = firstKey(SpaceRank::Last) + keysOfRank_;
  for (std::uint32_t first = 0; first != end; first += keysOfRank_) {
    const std::uint32_t own = first + from;
    const std::uint32_t above = own + (1U << kEighthBits);
    const std::uint64_t eighths = bins_.bits[own / 64] >> (own % 64) & 0xFFU;
    for (std::uint64_t bits = eighths; bits != 0; bits &= bits - 1) {
      const std::uint32_t i = bins_.heads[own + static_cast<std::uint32_t>(std::countr_zero(bits))];
      if (nodes_[i].size >= units) return i;
    }
    const std::uint32_t key = bins_.nextKey(above);
    if (key < first + keysOfRank_) return bins_.heads[key];
    std::uint32_t looks = kLastLooks;
    for (std::uint64_t bits = eighths; bits != 0; bits &= bits - 1) {
      const std::uint32_t head = bins_.heads[own + static_cast<std::uint32_t>(std::countr_zero(bits))];
      for (std::uint32_t i = nodes_[head].binNext; i != kNone && looks != 0; i = nodes_[i].binNext, --looks) {
        if (nodes_[i].size >= units) return i;
      }
    }
    if (key >= end) return kNone;  // nor has the next rank any
  }
  return kNone;
}

/// A free range that holds the request; kNone if there is none. REQUIRES: a space has as many units.
inline std::uint32_t RangeAllocator::findFree(std::uint32_t units, std::uint64_t alignment) const {
  static_assert(kEighthBits == 3, "a byte of the bitmap is a class, a bit in it an eighth");
  static_assert(static_cast<std::uint32_t>(SpaceRank::First) == 0 && static_cast<std::uint32_t>(SpaceRank::Last) == 1,
                "their keys are the lowest");
  const std::uint32_t from = classOf(units) << kEighthBits;
  const std::uint32_t key = bins_.nextKey(from);
  if (key >= 2 * keysOfRank_) return kNone;
  if (alignment != 1) return findAligned(from, units, alignment);
  if (key < keysOfRank_ && nodes_[bins_.heads[key]].size >= units) return bins_.heads[key];
  return findAnywhere(from, units);
}

std::uint64_t RangeAllocator::largestFree() const {
  if (freeUnits_ == 0) return 0;
  std::uint32_t largest = 0;
  for (const SpaceRank rank : {SpaceRank::First, SpaceRank::Last}) {
    const std::uint32_t first = firstKey(rank);
    const std::uint32_t key = bins_.lastKey(first, first + keysOfRank_);
    if (key == first + keysOfRank_) continue;
    std::uint32_t looks = kLooks;
    for (std::uint32_t k = key >> kEighthBits << kEighthBits; k <= key; ++k) {
      for (std::uint32_t i = bins_.heads[k]; i != kNone && looks != 0; i = nodes_[i].binNext, --looks) {
        largest = std::max(largest, nodes_[i].size);
      }
    }
  }
  return largest;
}

double RangeAllocator::fragmentation() const {
  if (freeUnits_ == 0) return 0;
  return 1 - static_cast<double>(largestFree()) / static_cast<double>(freeUnits_);
}

inline bool RangeAllocator::isLive(RangeId id) const {
  return id.index < nodes_.size() && nodes_[id.index].generation == id.generation && (id.generation & 1U) != 0 &&
         id.generation != kEnd;
}

RangeStatus RangeAllocator::whyNotLive(RangeId id) const {
  const bool given = id.index < nodes_.size() && (id.generation & 1U) != 0 && nodes_[id.index].generation != kEnd &&
                     id.generation < nodes_[id.index].generation;
  return given ? RangeStatus::StaleId : RangeStatus::ForeignId;
}

/// Of the nodes behind `index`, in the circle that `end` closes. Two free ranges never touch (A2).
Range RangeAllocator::liveBehind(std::uint32_t index, std::uint32_t end) const {
  std::uint32_t next = nodes_[index].next;
  if (next != end && !nodes_[next].live()) next = nodes_[next].next;
  return next != end ? rangeOf(next) : Range{};
}

Range RangeAllocator::firstLive(std::uint32_t space) const {
  return hasSpace(space) ? liveBehind(spaces_[space].end, spaces_[space].end) : Range{};
}

Range RangeAllocator::nextLive(RangeId range) const {
  return liveBehind(range.index, spaces_[nodes_[range.index].space()].end);
}

std::optional<Range> RangeAllocator::find(RangeId id) const {
  if (!isLive(id)) return std::nullopt;
  return rangeOf(id.index);
}

// ---- Allocating and freeing ----------------------------------------------------------------------------------

RangeAllocator::Allocation RangeAllocator::allocate(std::uint64_t units, std::uint64_t alignment) {
  if (units == 0 || alignment == 0) return {RangeStatus::ZeroSize, {}};
  if (units > largestSpace_) return {RangeStatus::TooLarge, {}};
  const auto size = static_cast<std::uint32_t>(units);
  alignment = std::min<std::uint64_t>(alignment, kMaxUnits);  // of whose multiples a space has only 0, too
  std::uint32_t index = findFree(size, alignment);
  if (index == kNone) return {RangeStatus::Full, {}};
  unbin(index);
  if (alignment != 1) index = cutPadding(index, alignment);
  giveTail(index, size);
  const Range range = occupy(index);
  if (carrying()) carryOver();
  return {RangeStatus::Ok, range};
}

RangeAllocator::Allocation RangeAllocator::wouldAllocate(std::uint64_t units, std::uint64_t alignment) const {
  if (units == 0 || alignment == 0) return {RangeStatus::ZeroSize, {}};
  if (units > largestSpace_) return {RangeStatus::TooLarge, {}};
  alignment = std::min<std::uint64_t>(alignment, kMaxUnits);
  const std::uint32_t index = findFree(static_cast<std::uint32_t>(units), alignment);
  if (index == kNone) return {RangeStatus::Full, {}};
  return {RangeStatus::Ok, {{}, nodes_[index].space(), alignUp(nodes_[index].offset, alignment), units}};
}

RangeAllocator::Allocation RangeAllocator::allocateWhole(std::uint32_t space) {
  if (!hasSpace(space)) return {RangeStatus::UnknownSpace, {}};
  if (spaces_[space].live != 0) return {RangeStatus::SpaceInUse, {}};
  const std::uint32_t index = nodes_[spaces_[space].end].next;
  unbin(index);
  return {RangeStatus::Ok, occupy(index)};
}

RangeStatus RangeAllocator::free(RangeId id) {
  if (!isLive(id)) return whyNotLive(id);
  std::uint32_t index = id.index;
  Space& space = spaces_[nodes_[index].space()];
  const std::uint32_t size = nodes_[index].size;
  space.free += size;
  --space.live;
  freeUnits_ += size;
  --liveRanges_;
  if (++nodes_[index].generation == kEnd - 1) index = replaceNode(index);

  const std::uint32_t before = nodes_[index].previous;
  const std::uint32_t after = nodes_[index].next;
  if (!nodes_[before].live()) {
    unbin(before);
    absorb(before, index);
    index = before;
  }
  if (!nodes_[after].live()) {
    unbin(after);
    absorb(index, after);
  }
  bin(index);
  if (carrying()) carryOver();
  return RangeStatus::Ok;
}

RangeStatus RangeAllocator::resize(RangeId id, std::uint64_t units) {
  if (units == 0) return RangeStatus::ZeroSize;
  if (!isLive(id)) return whyNotLive(id);
  const std::uint32_t before = nodes_[id.index].size;
  const std::uint32_t after = nodes_[id.index].next;
  const bool roomBehind = !nodes_[after].live();
  const std::uint64_t most = std::uint64_t{before} + (roomBehind ? nodes_[after].size : 0);
  if (units > most) return RangeStatus::Full;
  if (units == before) return RangeStatus::Ok;

  const auto size = static_cast<std::uint32_t>(units);
  if (roomBehind) {
    unbin(after);
    absorb(id.index, after);
  }
  giveTail(id.index, size);
  // Unsigned, so that a difference below zero wraps and still adds up.
  spaces_[nodes_[id.index].space()].free += before - size;
  freeUnits_ += std::uint64_t{before} - units;
  return RangeStatus::Ok;
}

/// Splits what a free range that is in no bin has before a multiple of `alignment` off; the rest.
std::uint32_t RangeAllocator::cutPadding(std::uint32_t index, std::uint64_t alignment) {
  const std::uint32_t offset = nodes_[index].offset;
  const auto aligned = static_cast<std::uint32_t>(alignUp(offset, alignment));
  if (aligned == offset) return index;
  const std::uint32_t padding = aligned - offset;
  const std::uint32_t rest = nodes_[index].size - padding;
  nodes_[index].size = padding;
  bin(index);
  return insertAfter(index, aligned, rest);
}

/// Splits what a range has over `size` off, as a free range. The one behind it is live.
inline void RangeAllocator::giveTail(std::uint32_t index, std::uint32_t size) {
  const std::uint32_t rest = nodes_[index].size - size;
  if (rest == 0) return;
  nodes_[index].size = size;
  bin(insertAfter(index, nodes_[index].offset + size, rest));
}

inline Range RangeAllocator::occupy(std::uint32_t index) {
  Node& node = nodes_[index];
  ++node.generation;
  Space& space = spaces_[node.space()];
  space.free -= node.size;
  ++space.live;
  freeUnits_ -= node.size;
  ++liveRanges_;
  return {{index, node.generation}, node.space(), node.offset, node.size};
}

// ---- Nodes -------------------------------------------------------------------------------------------------

inline std::uint32_t RangeAllocator::takeNode() {
  if (unused_ == kNone) {
    nodes_.emplace_back();
    return static_cast<std::uint32_t>(nodes_.size() - 1);
  }
  const std::uint32_t index = unused_;
  unused_ = nodes_[index].next;
  return index;
}

inline void RangeAllocator::dropNode(std::uint32_t index) {
  nodes_[index].next = unused_;
  unused_ = index;
}

inline std::uint32_t RangeAllocator::insertAfter(std::uint32_t index, std::uint32_t offset, std::uint32_t size) {
  const std::uint32_t added = takeNode();
  Node& node = nodes_[added];
  Node& before = nodes_[index];
  node.offset = offset;
  node.size = size;
  node.where = before.space();
  node.previous = index;
  node.next = before.next;
  nodes_[before.next].previous = added;
  before.next = added;
  return added;
}

/// Merges `next`, the range behind this one, into it. It is in no bin.
inline void RangeAllocator::absorb(std::uint32_t index, std::uint32_t next) {
  Node& node = nodes_[index];
  const Node& absorbed = nodes_[next];
  const std::uint32_t beyond = absorbed.next;
  node.size += absorbed.size;
  node.next = beyond;
  nodes_[beyond].previous = index;
  if (carrying()) {
    Space& space = spaces_[node.space()];
    if (space.cursor == next) space.cursor = beyond;
  }
  dropNode(next);
}

/// Gives a range another node, because the generations of its own are used up (A4).
std::uint32_t RangeAllocator::replaceNode(std::uint32_t index) {
  const std::uint32_t fresh = takeNode();
  const std::uint32_t generation = nodes_[fresh].generation;
  nodes_[fresh] = nodes_[index];
  Node& node = nodes_[fresh];
  node.generation = generation;
  nodes_[node.previous].next = fresh;
  nodes_[node.next].previous = fresh;
  Space& space = spaces_[node.space()];
  if (space.cursor == index) space.cursor = fresh;
  ++wornOut_;
  return fresh;
}

// ---- Checking ----------------------------------------------------------------------------------------------

/// One space against A1, A2, A4 and its own sums; adds its ranges, and those of them that are free.
bool RangeAllocator::checkSpace(std::uint32_t space, std::uint64_t& ranges, std::uint64_t& freeRanges) const {
  const Space& sums = spaces_[space];
  std::uint64_t reached = 0;
  std::uint64_t free = 0;
  std::uint32_t live = 0;
  std::uint32_t previous = sums.end;
  bool carried = true;  // what lies before the cursor is in the bins of the space's rank
  if (sums.firstKey != firstKey(sums.rank) || nodes_[sums.end].generation != kEnd || nodes_[sums.end].space() != space)
    return false;
  for (std::uint32_t i = nodes_[sums.end].next; i != sums.end; previous = i, i = nodes_[i].next) {
    const Node& node = nodes_[i];
    if (node.space() != space || node.previous != previous || node.offset != reached || node.size == 0) return false;
    if (!node.live() && previous != sums.end && !nodes_[previous].live()) return false;
    if (i == sums.cursor) carried = false;
    reached += node.size;
    ++ranges;
    if (node.live()) {
      ++live;
      continue;
    }
    free += node.size;
    ++freeRanges;
    const bool ofRank = node.key() >= sums.firstKey && node.key() < sums.firstKey + keysOfRank_;
    if (carried && !ofRank) return false;
  }
  return nodes_[sums.end].previous == previous && reached == sums.units && free == sums.free && live == sums.live;
}

/// The bins against A3; how many members they have.
std::optional<std::uint64_t> RangeAllocator::checkBins() const {
  std::uint64_t members = 0;
  for (std::uint32_t key = 0; key < bins_.heads.size(); ++key) {
    const std::uint64_t word = bins_.bits[key / 64];
    const std::uint64_t above = bins_.words[key / 4096];
    if (((word >> (key % 64) & 1U) != 0) != (bins_.heads[key] != kNone)) return std::nullopt;
    if (((above >> (key / 64 % 64) & 1U) != 0) != (word != 0)) return std::nullopt;
    if (((bins_.top >> (key / 4096) & 1U) != 0) != (above != 0)) return std::nullopt;
    std::uint32_t previous = kNone;
    for (std::uint32_t i = bins_.heads[key]; i != kNone; previous = i, i = nodes_[i].binNext) {
      const Node& node = nodes_[i];
      if (node.live() || node.key() != key || classOf(node.size) != key % keysOfRank_ >> kEighthBits ||
          (previous != kNone && node.binPrevious != previous) || ++members > nodes_.size()) {
        return std::nullopt;
      }
    }
  }
  return members;
}

bool RangeAllocator::checkInvariants() const {
  std::uint64_t ranges = 0;
  std::uint64_t free = 0;
  std::uint64_t ends = 0;
  std::uint64_t totalUnits = 0;
  std::uint64_t freeUnits = 0;
  std::uint64_t live = 0;
  std::uint32_t largest = 0;
  for (std::uint32_t s = 0; s < spaces_.size(); ++s) {
    if (spaces_[s].end != kNone) ++ends;
    if (!hasSpace(s)) continue;
    if (!checkSpace(s, ranges, free)) return false;
    totalUnits += spaces_[s].units;
    freeUnits += spaces_[s].free;
    live += spaces_[s].live;
    largest = std::max(largest, spaces_[s].units);
  }
  const auto ofLargest = std::count_if(spaces_.begin(), spaces_.end(),
                                       [&](const Space& space) { return space.units != 0 && space.units == largest; });
  std::uint64_t unused = 0;
  for (std::uint32_t i = unused_; i != kNone; i = nodes_[i].next) {
    if (nodes_[i].live() || ++unused > nodes_.size()) return false;
  }
  return totalUnits == totalUnits_ && freeUnits == freeUnits_ && live == liveRanges_ && largest == largestSpace_ &&
         static_cast<std::uint64_t>(ofLargest) == largestSpaces_ && checkBins() == free &&
         1 + ends + ranges + unused + wornOut_ == nodes_.size();
}

}  // namespace flux
