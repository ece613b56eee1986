#pragma once

/// Ranges of units in any number of spaces: the arithmetic under every chunk of a class.
/// This header and its .cpp need nothing but the standard library: they can be copied and used alone.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace flux {

enum class RangeStatus : std::uint8_t {
  Ok,
  ZeroSize,  ///< Units or alignment of 0.
  TooLarge,  ///< No space is that large, even when empty; 2^32 units or more; or a space id of `kMaxSpaces` or more.
  Full,      ///< No free range fits now.
  UnknownSpace,  ///< No space has this id.
  SpaceInUse,    ///< The id is taken, or live ranges are in the way.
  StaleId,       ///< The range was freed before.
  ForeignId,     ///< This allocator never gave out the id.
  WouldShrink,   ///< `growSpace` cannot make a space smaller.
  WouldGrow,     ///< `shrinkSpace` cannot make a space larger.
};

/// Names a live range. Generation 0 is the null id; a freed id is refused, also when its index is used again.
struct RangeId {
  std::uint32_t index = 0;
  std::uint32_t generation = 0;

  explicit constexpr operator bool() const noexcept { return generation != 0; }
  friend constexpr bool operator==(const RangeId&, const RangeId&) noexcept = default;
};

struct Range {
  RangeId id;  ///< Null for a free range.
  std::uint32_t space = 0;
  std::uint64_t offset = 0;
  std::uint64_t size = 0;
};

/// Which free ranges a request is served from: those of `First` spaces; if none fits, those of `Last` spaces, so
/// that these drain; never those of `Apart` spaces, which only `allocateWhole` fills.
enum class SpaceRank : std::uint8_t { First, Last, Apart };

/// Allocates ranges from any number of spaces (chunks) with one segregated-fit structure: the free ranges of all
/// spaces sit in the same bins, and a range knows its neighbours inside its own space only. So a request takes a few
/// bit scans, whatever the number of spaces (after TLSF: Masmano, Ripoll, Crespo, Real, 2004).
///
/// **Thread contract.** None: one thread at a time.
///
/// **Units.** The caller's: sizes, offsets and alignments are numbers of units, up to 2^32 - 1 in a space.
///
/// **Fit.** A bin holds the free ranges of one size class and one eighth of the address space (all spaces, one behind
/// the other). Classes are exact below 128 units and have 64 steps an octave above. The tightest class wins, in it the
/// lowest eighth, in that the range that was freed last. Where a class or an alignment leaves doubt whether a member
/// fits, the lowest eighth of all classes in doubt wins, and of each bin only the range that was freed last is looked
/// at. All of them are, up to a bound, if the request would fail otherwise; so `Full` may be answered although one of
/// very many nearly fitting ranges would have done.
///
/// **Memory.** 32 bytes a range, live or free, and 4 bytes a bin, of which there are as many as the largest space
/// needs: 90 KiB for a space of 2^20 units. It grows by need and is kept: no heap allocation in steady state.
///
/// **Invariants.**
/// - (A1) The ranges of a space, live and free, tile it without gap or overlap.
/// - (A2) Two free ranges never touch.
/// - (A3) A free range is in exactly one bin, of its size and its space's rank. After a change of rank the free ranges
///   of the space follow a few a call, as `setRank` says.
/// - (A4) Generations are odd while live, even otherwise; an index whose generations are used up is never used again.
/// - (A5) The same calls give the same answers on every platform.
class RangeAllocator {
 public:
  static constexpr std::uint32_t kMaxSpaces = 1U << 16U;

  struct Allocation {
    RangeStatus status = RangeStatus::Full;
    Range range;
  };

  RangeAllocator();

  /// Adds an empty space of rank `First`. Ids are small dense integers, chosen by the caller.
  /// Errors: ZeroSize, TooLarge, SpaceInUse. O(1); O(ranges) if it is larger than all before it.
  RangeStatus addSpace(std::uint32_t space, std::uint64_t units);

  /// Makes a space larger: `units` is its new total. Errors: UnknownSpace, WouldShrink, TooLarge. O(1) as `addSpace`.
  RangeStatus growSpace(std::uint32_t space, std::uint64_t units);

  /// Makes a space smaller by a free end: `units` is its new total. O(1), as `removeSpace`.
  /// Errors: ZeroSize, UnknownSpace, WouldGrow, SpaceInUse (a live range ends behind it).
  RangeStatus shrinkSpace(std::uint32_t space, std::uint64_t units);

  /// Removes an empty space. Errors: UnknownSpace, SpaceInUse. O(1); O(spaces) for the last one of the largest size.
  RangeStatus removeSpace(std::uint32_t space);

  /// Between First and Last: O(1); it carries a few of the space's free ranges over, and so does each following
  /// allocate or free.
  /// To and from Apart: O(ranges of the space), at once. Errors: UnknownSpace.
  RangeStatus setRank(std::uint32_t space, SpaceRank rank);

  /// Takes `units` at a multiple of `alignment`, which may be any number from 1. O(1).
  /// Errors: ZeroSize, TooLarge, Full. Nothing changes when it fails.
  Allocation allocate(std::uint64_t units, std::uint64_t alignment = 1);

  /// Takes all of an empty space, of any rank. Errors: UnknownSpace, SpaceInUse. O(1).
  Allocation allocateWhole(std::uint32_t space);

  /// Gives a range back and merges it with its free neighbours. Errors: StaleId, ForeignId; nothing changes. O(1).
  RangeStatus free(RangeId id);

  /// Makes a live range smaller, or larger if the range behind it is free: it stays where it is. O(1).
  /// Errors: ZeroSize, StaleId, ForeignId, Full (not enough room behind it); nothing changes.
  RangeStatus resize(RangeId id, std::uint64_t units);

  [[nodiscard]] std::optional<Range> find(RangeId id) const;

  /// The first live range of a space, and the next one behind a live one, by address; its id is null if there is none.
  /// O(1). REQUIRES: `range` is live.
  [[nodiscard]] Range firstLive(std::uint32_t space) const;
  [[nodiscard]] Range nextLive(RangeId range) const;

  /// Where `allocate` would put the range (its id is null), or why it would fail. Costs as much.
  [[nodiscard]] Allocation wouldAllocate(std::uint64_t units, std::uint64_t alignment = 1) const;

  /// Makes room for so many ranges, live and free, so that no call until then moves the table.
  void reserve(std::size_t ranges) { nodes_.reserve(ranges + 1); }

  [[nodiscard]] std::uint64_t totalUnits() const { return totalUnits_; }
  [[nodiscard]] std::uint64_t freeUnits() const { return freeUnits_; }
  [[nodiscard]] std::uint32_t liveRanges() const { return liveRanges_; }

  /// Exact size of one of the free ranges in the highest class that has any: within 1/64 of the largest, and the
  /// largest itself when that class has few members. `Apart` spaces do not count. O(1).
  [[nodiscard]] std::uint64_t largestFree() const;

  /// 1 - largest free range / all that is free: 0 when that is one piece, or nothing. O(1).
  [[nodiscard]] double fragmentation() const;

  /// What a space holds.
  struct SpaceUse {
    std::uint64_t units = 0;  ///< Of the space.
    std::uint64_t free = 0;
    std::uint32_t live = 0;  ///< Ranges.
  };
  /// All 0 when there is no such space. O(1).
  [[nodiscard]] SpaceUse useOf(std::uint32_t space) const {
    if (!hasSpace(space)) return {};
    return {spaces_[space].units, spaces_[space].free, spaces_[space].live};
  }

  /// Calls `fn(const Range&)` for each range of a space, live (has an id) or free (has none), in address order. `fn`
  /// must not change the allocator.
  template <class Fn>
  void forEach(std::uint32_t space, Fn&& fn) const {
    if (!hasSpace(space)) return;
    const std::uint32_t end = spaces_[space].end;
    for (std::uint32_t i = nodes_[end].next; i != end; i = nodes_[i].next) fn(rangeOf(i));
  }

  /// Compares everything with everything (A1 to A4), for tests. O(ranges + spaces).
  [[nodiscard]] bool checkInvariants() const;

 private:
  friend struct RangeAllocatorPeer;  // sets generations in tests

  static constexpr std::uint32_t kNone = 0;   // node 0 is no range: links that lead nowhere may be written through
  static constexpr std::uint32_t kEnd = ~0U;  // generation of the node that closes a space's circle; reads as live

  // A key names a bin: the ranks follow each other, each has classes in rising order, each of them eighths.
  static constexpr std::uint32_t kStepBits = 6;
  static constexpr std::uint32_t kEighthBits = 3;
  static constexpr std::uint32_t kMostKeysOfRank = (33 - kStepBits) << (kStepBits + kEighthBits);
  static constexpr std::uint32_t kRanks = 3;
  static constexpr std::uint32_t kKeyShift = 16;  // in `Node::where`
  static_assert(kMaxSpaces == 1U << kKeyShift && kRanks * kMostKeysOfRank <= 1U << (32 - kKeyShift));

  /// A range, live or free; or the end of a space, which closes the circle of its ranges; or an unused place for one
  /// (then `next` links the unused ones).
  struct alignas(32) Node {
    std::uint32_t offset = 0;
    std::uint32_t size = 0;
    std::uint32_t where = 0;  // space; and while it is free, the key of its bin
    std::uint32_t generation = 0;
    std::uint32_t previous = kNone;  // in address order, inside the space
    std::uint32_t next = kNone;
    std::uint32_t binPrevious = kNone;  // means nothing for the first of a bin
    std::uint32_t binNext = kNone;

    [[nodiscard]] bool live() const { return (generation & 1U) != 0; }
    [[nodiscard]] std::uint32_t space() const { return where & (kMaxSpaces - 1); }
    [[nodiscard]] std::uint32_t key() const { return where >> kKeyShift; }
  };
  static_assert(sizeof(Node) == 32);

  struct alignas(32) Space {
    std::uint32_t end = kNone;  // the node that closes the circle; it stays when the space goes
    std::uint32_t units = 0;    // 0: no such space
    std::uint32_t free = 0;
    std::uint32_t live = 0;
    std::uint32_t firstKey = 0;    // of its rank
    std::uint32_t cursor = kNone;  // the next range to carry over to the bins of a new rank
    SpaceRank rank = SpaceRank::First;
    bool queued = false;  // in `following_`
  };

  /// All bins, and three levels of bitmaps of those that are not empty.
  struct Bins {
    std::vector<std::uint32_t> heads;
    std::vector<std::uint64_t> bits;
    std::vector<std::uint64_t> words;
    std::uint64_t top = 0;

    void clear(std::uint32_t keys);
    [[nodiscard]] std::uint32_t nextKey(std::uint32_t from) const;
    [[nodiscard]] std::uint32_t nextKeyAbove(std::uint32_t word) const;
    [[nodiscard]] std::uint64_t wordOf(std::uint32_t word, std::uint32_t from, std::uint32_t to) const;
    [[nodiscard]] std::uint32_t lastKey(std::uint32_t from, std::uint32_t to) const;
    void mark(std::uint32_t key);
    void clearIf(bool empty, std::uint32_t key);
  };

  static std::uint32_t classOf(std::uint32_t size);
  [[nodiscard]] std::uint32_t sureKey(std::uint64_t size) const;
  [[nodiscard]] std::uint32_t firstKey(SpaceRank rank) const { return static_cast<std::uint32_t>(rank) * keysOfRank_; }

  [[nodiscard]] bool hasSpace(std::uint32_t space) const { return space < spaces_.size() && spaces_[space].units != 0; }
  [[nodiscard]] bool isLive(RangeId id) const;
  [[nodiscard]] RangeStatus whyNotLive(RangeId id) const;
  [[nodiscard]] Range rangeOf(std::uint32_t index) const {
    const Node& node = nodes_[index];
    return {node.live() ? RangeId{index, node.generation} : RangeId{}, node.space(), node.offset, node.size};
  }
  [[nodiscard]] Range liveBehind(std::uint32_t index, std::uint32_t end) const;
  [[nodiscard]] bool holds(std::uint32_t index, std::uint32_t units, std::uint64_t alignment) const;
  [[nodiscard]] std::uint32_t lookAtFirst(std::uint32_t from, std::uint32_t to, std::uint32_t units,
                                          std::uint64_t alignment) const;
  [[nodiscard]] std::uint32_t lookAtAll(std::uint32_t from, std::uint32_t to, std::uint32_t units,
                                        std::uint64_t alignment) const;
  [[nodiscard]] std::uint32_t findAligned(std::uint32_t from, std::uint32_t units, std::uint64_t alignment) const;
  [[nodiscard]] std::uint32_t findAnywhere(std::uint32_t from, std::uint32_t units) const;
  [[nodiscard]] std::uint32_t findFree(std::uint32_t units, std::uint64_t alignment) const;

  std::uint32_t takeNode();
  void dropNode(std::uint32_t index);
  std::uint32_t insertAfter(std::uint32_t index, std::uint32_t offset, std::uint32_t size);
  void absorb(std::uint32_t index, std::uint32_t next);
  std::uint32_t cutPadding(std::uint32_t index, std::uint64_t alignment);
  void giveTail(std::uint32_t index, std::uint32_t size);
  std::uint32_t replaceNode(std::uint32_t index);
  void bin(std::uint32_t index);
  void unbin(std::uint32_t index);
  Range occupy(std::uint32_t index);
  void makeBins(std::uint32_t largest);
  void noteLargest(std::uint32_t space);
  void forgetLargest(std::uint32_t units);
  void carry(Space& space);
  void carryOver();
  [[nodiscard]] bool carrying() const { return !following_.empty(); }

  [[nodiscard]] bool checkSpace(std::uint32_t space, std::uint64_t& ranges, std::uint64_t& freeRanges) const;
  [[nodiscard]] std::optional<std::uint64_t> checkBins() const;

  std::vector<Node> nodes_;
  std::vector<Space> spaces_;
  Bins bins_;
  std::vector<std::uint32_t> following_;  // spaces whose free ranges may be in the bins of their former rank
  std::uint32_t unused_ = kNone;
  std::uint32_t keysOfRank_ = 0;
  std::uint32_t largestSpace_ = 0;
  std::uint32_t largestSpaces_ = 0;  // so many spaces have that size
  std::uint32_t spanBits_ = 0;       // a space takes 2^spanBits of the address space that eighths divide
  std::uint32_t eighthShift_ = 0;
  std::uint32_t highestSpace_ = 0;  // that there ever was
  std::uint32_t liveRanges_ = 0;
  std::uint32_t wornOut_ = 0;  // nodes whose generations are used up
  std::uint64_t totalUnits_ = 0;
  std::uint64_t freeUnits_ = 0;
};

}  // namespace flux
