#pragma once

/// Ranges of units in any number of spaces: the arithmetic under every chunk of a class.

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace flux {

enum class RangeStatus : std::uint8_t {
  Ok,
  ZeroSize,      ///< Units or alignment of 0.
  TooLarge,      ///< No space is that large, even when empty; or a space id of `kMaxSpaces` or more.
  Full,          ///< No free range fits now.
  UnknownSpace,  ///< No space has this id.
  SpaceInUse,    ///< The id is taken, or live ranges are in the space.
  StaleId,       ///< The range was freed before, or never was.
  WouldShrink,   ///< A space cannot become smaller.
};

/// Names a live range. Generation 0 is the null id; a freed id is refused, also when its index is used again.
struct RangeId {
  std::uint32_t index = 0;
  std::uint32_t generation = 0;

  explicit constexpr operator bool() const noexcept { return generation != 0; }
  friend constexpr bool operator==(const RangeId&, const RangeId&) noexcept = default;
};

struct Range {
  RangeId id;
  std::uint32_t space = 0;
  std::uint32_t offset = 0;
  std::uint32_t size = 0;
};

/// Which free ranges a request is served from: those of `First` spaces; if none fits, those of `Last` spaces, so
/// that these drain; never those of `Apart` spaces, which only `allocateWhole` fills.
enum class SpaceRank : std::uint8_t { First, Last, Apart };

/// Allocates ranges from any number of spaces (chunks) with one segregated-fit structure: the free ranges of all
/// spaces sit in the same size bins, and a range knows its neighbours inside its own space only. So a request takes
/// a few bit scans, whatever the number of spaces (after TLSF: Masmano, Ripoll, Crespo, Real, 2004).
///
/// **Thread contract.** None: one thread at a time.
///
/// **Units.** The caller's: sizes, offsets and alignments are numbers of units, up to 2^32 - 1 in a space.
///
/// **Fit.** Bins are exact below 64 units and have 32 steps an octave above. Of the members of a bin, the smallest
/// that fits is taken, at a tie the one of the lowest space, then offset; a bounded number of members is looked at,
/// so `Full` may be answered although one of very many nearly fitting ranges would have done.
///
/// **Invariants.**
/// - (A1) The ranges of a space, live and free, tile it without gap or overlap.
/// - (A2) Two free ranges never touch.
/// - (A3) A free range is in exactly one bin, that of its size and its space's rank; none if the space is `Apart`.
/// - (A4) Generations are odd while live, even otherwise; an index whose generation would wrap is never used again.
/// - (A5) The same calls give the same answers on every platform.
class RangeAllocator {
 public:
  static constexpr std::uint32_t kMaxSpaces = 1U << 20U;

  struct Allocation {
    RangeStatus status = RangeStatus::Full;
    Range range;
  };

  /// Adds an empty space of rank `First`. Ids are small dense integers, chosen by the caller.
  /// Errors: ZeroSize, TooLarge, SpaceInUse.
  RangeStatus addSpace(std::uint32_t space, std::uint32_t units);

  /// Makes a space larger: `units` is its new total. Errors: UnknownSpace, WouldShrink. O(1).
  RangeStatus growSpace(std::uint32_t space, std::uint32_t units);

  /// Removes an empty space. Errors: UnknownSpace, SpaceInUse. O(spaces).
  RangeStatus removeSpace(std::uint32_t space);

  /// Errors: UnknownSpace. O(ranges of the space), if the rank changes.
  RangeStatus setRank(std::uint32_t space, SpaceRank rank);

  /// Takes `units` at a multiple of `alignment`, which may be any number from 1. O(1).
  /// Errors: ZeroSize, TooLarge, Full. Nothing changes when it fails.
  Allocation allocate(std::uint32_t units, std::uint32_t alignment = 1);

  /// Takes all of an empty space, of any rank. Errors: UnknownSpace, SpaceInUse. O(1).
  Allocation allocateWhole(std::uint32_t space);

  /// Gives a range back and merges it with its free neighbours. Errors: StaleId, nothing changes. O(1).
  RangeStatus free(RangeId id);

  [[nodiscard]] std::optional<Range> find(RangeId id) const;

  /// Whether `allocate` would succeed. Costs as much.
  [[nodiscard]] bool fits(std::uint32_t units, std::uint32_t alignment = 1) const {
    return spaceFor(units, alignment).has_value();
  }

  /// The space of the range that `allocate` would answer; none if it would fail. Costs as much.
  [[nodiscard]] std::optional<std::uint32_t> spaceFor(std::uint32_t units, std::uint32_t alignment = 1) const;

  [[nodiscard]] std::uint64_t totalUnits() const { return totalUnits_; }
  [[nodiscard]] std::uint64_t freeUnits() const { return freeUnits_; }
  [[nodiscard]] std::uint32_t liveRanges() const { return liveRanges_; }

  /// Exact size of one of the free ranges in the highest bin that has any: within 1/32 of the largest, and the
  /// largest itself when that bin has few members. `Apart` spaces do not count.
  [[nodiscard]] std::uint32_t largestFree() const;

  /// Of one space; 0 when there is no such space.
  [[nodiscard]] std::uint32_t liveInSpace(std::uint32_t space) const {
    return hasSpace(space) ? spaces_[space].live : 0;
  }
  [[nodiscard]] std::uint32_t freeInSpace(std::uint32_t space) const {
    return hasSpace(space) ? spaces_[space].free : 0;
  }
  [[nodiscard]] std::uint32_t unitsOfSpace(std::uint32_t space) const {
    return hasSpace(space) ? spaces_[space].units : 0;
  }

  /// Calls `fn(const Range&)` for each live range of a space, in address order. `fn` must not change the allocator.
  template <class Fn>
  void forEachLive(std::uint32_t space, Fn&& fn) const {
    if (!hasSpace(space)) return;
    for (std::uint32_t i = spaces_[space].first; i != kNone; i = nodes_[i].next) {
      if (nodes_[i].live()) fn(rangeOf(i));
    }
  }

  /// Compares everything with everything (A1 to A4), for tests. O(ranges + spaces).
  [[nodiscard]] bool checkInvariants() const;

 private:
  friend struct RangeAllocatorPeer;  // sets generations in tests

  static constexpr std::uint32_t kNone = ~0U;
  static constexpr std::uint32_t kStepBits = 5;
  static constexpr std::uint32_t kSteps = 1U << kStepBits;  // bins an octave, and bits of a word
  static constexpr std::uint32_t kWords = 33 - kStepBits;   // octaves of a 32-bit size
  static constexpr std::uint32_t kBins = kWords * kSteps;

  /// A range, live or free, or an unused place for one (then `next` links the unused ones).
  struct Node {
    std::uint32_t offset = 0;
    std::uint32_t size = 0;
    std::uint32_t space = 0;
    std::uint32_t generation = 0;
    std::uint32_t previous = kNone;  // in address order, inside the space
    std::uint32_t next = kNone;
    std::uint32_t binPrevious = kNone;
    std::uint32_t binNext = kNone;

    [[nodiscard]] bool live() const { return (generation & 1U) != 0; }
  };
  static_assert(sizeof(Node) == 32);

  struct Space {
    std::uint32_t first = kNone;  // lowest range
    std::uint32_t last = kNone;   // highest range
    std::uint32_t units = 0;      // 0: no such space
    std::uint32_t free = 0;
    std::uint32_t live = 0;
    SpaceRank rank = SpaceRank::First;
  };

  /// Free ranges by size, and two levels of bitmaps of the bins that are not empty.
  struct Bins {
    Bins() { heads.fill(kNone); }
    std::uint32_t words = 0;
    std::array<std::uint32_t, kWords> bits{};
    std::array<std::uint32_t, kBins> heads;
  };

  static std::uint32_t binOf(std::uint32_t size);
  static std::uint32_t binOfAll(std::uint64_t size);
  static std::uint32_t nextBin(const Bins& bins, std::uint32_t from);

  [[nodiscard]] bool hasSpace(std::uint32_t space) const { return space < spaces_.size() && spaces_[space].units != 0; }
  [[nodiscard]] bool isLive(RangeId id) const;
  [[nodiscard]] Range rangeOf(std::uint32_t index) const;
  [[nodiscard]] bool better(std::uint32_t candidate, std::uint32_t best) const;
  [[nodiscard]] bool holds(std::uint32_t index, std::uint32_t units, std::uint32_t alignment) const;
  [[nodiscard]] std::uint32_t search(const Bins& bins, std::uint32_t from, std::uint32_t to, std::uint32_t looks,
                                     std::uint32_t units, std::uint32_t alignment) const;
  [[nodiscard]] std::uint32_t findFree(std::uint32_t units, std::uint32_t alignment) const;

  std::uint32_t takeNode();
  void dropNode(std::uint32_t index);
  std::uint32_t insertAfter(std::uint32_t index, std::uint32_t offset, std::uint32_t size);
  void unlink(std::uint32_t index);
  std::uint32_t replaceNode(std::uint32_t index);
  void bin(std::uint32_t index);
  void unbin(std::uint32_t index);
  Range occupy(std::uint32_t index);

  [[nodiscard]] bool checkSpace(std::uint32_t space, std::uint64_t& ranges, std::array<std::uint64_t, 3>& free) const;
  [[nodiscard]] bool checkBins(SpaceRank rank, std::uint64_t ranges) const;

  std::vector<Node> nodes_;
  std::vector<Space> spaces_;
  std::array<Bins, 2> bins_;  // by rank: First, Last
  std::uint32_t unused_ = kNone;
  std::uint32_t largestSpace_ = 0;
  std::uint32_t liveRanges_ = 0;
  std::uint32_t wrapped_ = 0;  // nodes whose generation has wrapped
  std::uint64_t totalUnits_ = 0;
  std::uint64_t freeUnits_ = 0;
};

}  // namespace flux
