// Any sequence of calls of the range allocator, compared with maps of the live ranges.

#include "alloc/range_allocator.hpp"

#include <algorithm>
#include <array>
#include <iterator>
#include <optional>
#include <utility>
#include <vector>

#include "alloc/live_ranges.hpp"
#include "fuzz/fuzz_input.hpp"

namespace flux::test {
namespace {

constexpr std::uint32_t kSpaces = 5;
constexpr std::uint64_t kMaxUnits = 0xFFFFFFFF;
constexpr int kOperationsACheck = 16;  // it looks at all bins
// With no more free ranges than this a refusal is exact: the search has looked at all of them.
constexpr std::size_t kExactRanges = 256;

struct ModelSpace {
  std::uint64_t units = 0;  // 0: there is none
  SpaceRank rank = SpaceRank::First;
  LiveRanges live;
};

class RangeAllocatorFuzz {
 public:
  explicit RangeAllocatorFuzz(std::span<const std::uint8_t> bytes) : input_(bytes) {}

  void run() {
    // What comes more often has more places.
    static constexpr std::array kOperations{
        &RangeAllocatorFuzz::allocate,  &RangeAllocatorFuzz::allocate,      &RangeAllocatorFuzz::allocate,
        &RangeAllocatorFuzz::allocate,  &RangeAllocatorFuzz::allocate,      &RangeAllocatorFuzz::free,
        &RangeAllocatorFuzz::free,      &RangeAllocatorFuzz::free,          &RangeAllocatorFuzz::free,
        &RangeAllocatorFuzz::freeStale, &RangeAllocatorFuzz::addSpace,      &RangeAllocatorFuzz::growSpace,
        &RangeAllocatorFuzz::setRank,   &RangeAllocatorFuzz::allocateWhole, &RangeAllocatorFuzz::removeSpace,
        &RangeAllocatorFuzz::resize,    &RangeAllocatorFuzz::resize,        &RangeAllocatorFuzz::shrinkSpace,
    };
    for (int operations = 0; !input_.empty();) {
      (this->*kOperations[input_.below(kOperations.size())])();
      check();
      if (++operations % kOperationsACheck == 0) FUZZ_CHECK(ranges_.checkInvariants());
    }
    FUZZ_CHECK(ranges_.checkInvariants());
  }

 private:
  /// A space's index, or one that is none.
  std::uint32_t anySpace() { return input_.below(kSpaces + 1); }
  [[nodiscard]] bool present(std::uint32_t space) const { return space < kSpaces && spaces_[space].units != 0; }

  void addSpace() {
    const bool beyond = input_.below(16) == 0;
    const std::uint32_t space = beyond ? RangeAllocator::kMaxSpaces + input_.byte() : input_.below(kSpaces);
    const std::uint64_t units = input_.number();
    const RangeStatus status = ranges_.addSpace(space, units);
    FUZZ_CHECK((status == RangeStatus::Ok) == (!beyond && units != 0 && units <= kMaxUnits && !present(space)));
    if (status == RangeStatus::Ok) spaces_[space] = {.units = units};
  }

  void growSpace() {
    const std::uint32_t space = anySpace();
    const std::uint64_t units = (present(space) ? spaces_[space].units : 0) + input_.number() - input_.below(2);
    const RangeStatus status = ranges_.growSpace(space, units);
    if (!present(space)) {
      FUZZ_CHECK(status == RangeStatus::UnknownSpace);
    } else if (units > kMaxUnits) {
      FUZZ_CHECK(status == RangeStatus::TooLarge);
    } else if (units < spaces_[space].units) {
      FUZZ_CHECK(status == RangeStatus::WouldShrink);
    } else {
      FUZZ_CHECK(status == RangeStatus::Ok);
      spaces_[space].units = units;
    }
  }

  void shrinkSpace() {
    const std::uint32_t space = anySpace();
    const std::uint64_t units = input_.number();
    const RangeStatus status = ranges_.shrinkSpace(space, units);
    if (units == 0) {
      FUZZ_CHECK(status == RangeStatus::ZeroSize);
    } else if (!present(space)) {
      FUZZ_CHECK(status == RangeStatus::UnknownSpace);
    } else if (units > spaces_[space].units) {
      FUZZ_CHECK(status == RangeStatus::WouldGrow);
    } else if (units < endOfLast(spaces_[space])) {
      FUZZ_CHECK(status == RangeStatus::SpaceInUse);
    } else {
      FUZZ_CHECK(status == RangeStatus::Ok);
      spaces_[space].units = units;
    }
  }

  void removeSpace() {
    const std::uint32_t space = anySpace();
    const RangeStatus status = ranges_.removeSpace(space);
    if (!present(space)) {
      FUZZ_CHECK(status == RangeStatus::UnknownSpace);
    } else if (!spaces_[space].live.empty()) {
      FUZZ_CHECK(status == RangeStatus::SpaceInUse);
    } else {
      FUZZ_CHECK(status == RangeStatus::Ok);
      spaces_[space] = {};
    }
  }

  void setRank() {
    const std::uint32_t space = anySpace();
    const auto rank = static_cast<SpaceRank>(input_.below(3));
    FUZZ_CHECK((ranges_.setRank(space, rank) == RangeStatus::Ok) == present(space));
    if (present(space)) spaces_[space].rank = rank;
  }

  void allocate() {
    const std::uint64_t units = input_.number();
    const std::uint64_t alignment = input_.number();
    const RangeAllocator::Allocation dry = ranges_.wouldAllocate(units, alignment);
    const auto [status, range] = ranges_.allocate(units, alignment);
    FUZZ_CHECK(status == dry.status && range.space == dry.range.space && range.offset == dry.range.offset);
    FUZZ_CHECK((status == RangeStatus::ZeroSize) == (units == 0 || alignment == 0));
    if (status == RangeStatus::ZeroSize) return;
    const bool tooLarge = std::ranges::all_of(spaces_, [&](const ModelSpace& space) { return space.units < units; });
    FUZZ_CHECK((status == RangeStatus::TooLarge) == tooLarge);
    if (status == RangeStatus::Full) {
      FUZZ_CHECK(live_.size() + kSpaces > kExactRanges || !anyGapHolds(units, alignment));
    }
    if (status != RangeStatus::Ok) return;
    FUZZ_CHECK(range.size == units);
    FUZZ_CHECK(range.offset % alignment == 0);
    FUZZ_CHECK(present(range.space) && spaces_[range.space].rank != SpaceRank::Apart);
    took(range);
  }

  void allocateWhole() {
    const std::uint32_t space = anySpace();
    const auto [status, range] = ranges_.allocateWhole(space);
    if (!present(space)) {
      FUZZ_CHECK(status == RangeStatus::UnknownSpace);
    } else if (!spaces_[space].live.empty()) {
      FUZZ_CHECK(status == RangeStatus::SpaceInUse);
    } else {
      FUZZ_CHECK(status == RangeStatus::Ok);
      FUZZ_CHECK(range.space == space && range.offset == 0 && range.size == spaces_[space].units);
      took(range);
    }
  }

  /// Notes a range that must lie inside its space, between its neighbours.
  void took(const Range& range) {
    ModelSpace& space = spaces_[range.space];
    FUZZ_CHECK(range.offset + range.size <= space.units);
    const auto after = space.live.lower_bound(range.offset);
    FUZZ_CHECK(after == space.live.end() || range.offset + range.size <= after->first);
    if (after != space.live.begin()) {
      const auto before = std::prev(after);
      FUZZ_CHECK(before->first + before->second <= range.offset);
    }
    space.live.emplace_hint(after, range.offset, range.size);
    live_.push_back(range);
  }

  void free() {
    if (live_.empty()) return;
    std::swap(live_[input_.below(live_.size())], live_.back());
    const Range range = live_.back();
    live_.pop_back();
    const std::optional<Range> found = ranges_.find(range.id);
    FUZZ_CHECK(found && found->space == range.space && found->offset == range.offset && found->size == range.size);
    FUZZ_CHECK(ranges_.free(range.id) == RangeStatus::Ok);
    FUZZ_CHECK(!ranges_.find(range.id));
    spaces_[range.space].live.erase(range.offset);
    stale_.push_back(range.id);
  }

  /// A live range, at the same place, takes another size, if what is behind it leaves room.
  void resize() {
    if (live_.empty()) return;
    Range& range = live_[input_.below(live_.size())];
    const std::uint64_t units = input_.number();
    const RangeStatus status = ranges_.resize(range.id, units);
    LiveRanges& live = spaces_[range.space].live;
    const auto place = live.find(range.offset);
    const auto after = std::next(place);
    const std::uint64_t end = after == live.end() ? spaces_[range.space].units : after->first;
    if (units == 0) {
      FUZZ_CHECK(status == RangeStatus::ZeroSize);
    } else if (range.offset + units > end) {
      FUZZ_CHECK(status == RangeStatus::Full);
    } else {
      FUZZ_CHECK(status == RangeStatus::Ok);
      place->second = range.size = units;
    }
  }

  /// Ids that are live no more, or never were.
  void freeStale() {
    RangeId id{static_cast<std::uint32_t>(input_.number()), static_cast<std::uint32_t>(input_.number())};
    if (!stale_.empty() && input_.below(4) != 0) id = stale_[input_.below(stale_.size())];
    if (std::ranges::find(live_, id, &Range::id) != live_.end()) return;
    const bool stale = std::ranges::find(stale_, id) != stale_.end();
    FUZZ_CHECK(ranges_.free(id) == (stale ? RangeStatus::StaleId : RangeStatus::ForeignId));
    FUZZ_CHECK(ranges_.resize(id, 1) == (stale ? RangeStatus::StaleId : RangeStatus::ForeignId));
    FUZZ_CHECK(!ranges_.find(id));
  }

  static std::uint64_t endOfLast(const ModelSpace& space) {
    if (space.live.empty()) return 0;
    const auto last = std::prev(space.live.end());
    return last->first + last->second;
  }

  [[nodiscard]] bool anyGapHolds(std::uint64_t units, std::uint64_t alignment) const {
    return std::ranges::any_of(spaces_, [&](const ModelSpace& space) {
      return space.rank != SpaceRank::Apart && test::anyGapHolds(space.live, space.units, units, alignment);
    });
  }

  void check() const {
    std::uint64_t total = 0;
    std::uint64_t free = 0;
    for (std::uint32_t s = 0; s < kSpaces; ++s) {
      const ModelSpace& space = spaces_[s];
      std::uint64_t used = 0;
      auto expected = space.live.begin();
      std::uint64_t end = 0;
      bool gap = false;
      ranges_.forEach(s, [&](const Range& range) {
        FUZZ_CHECK(range.offset == std::exchange(end, range.offset + range.size));
        FUZZ_CHECK(!std::exchange(gap, !range.id) || !gap);
        if (!range.id) return;
        FUZZ_CHECK(expected != space.live.end());
        FUZZ_CHECK(range.offset == expected->first && range.size == expected->second);
        used += range.size;
        ++expected;
      });
      FUZZ_CHECK(expected == space.live.end() && end == space.units);
      FUZZ_CHECK(ranges_.useOf(s).live == space.live.size());
      FUZZ_CHECK(ranges_.useOf(s).units == space.units);
      FUZZ_CHECK(ranges_.useOf(s).free == space.units - used);
      total += space.units;
      free += space.units - used;
    }
    FUZZ_CHECK(ranges_.totalUnits() == total);
    FUZZ_CHECK(ranges_.freeUnits() == free);
    FUZZ_CHECK(ranges_.liveRanges() == live_.size());
    FUZZ_CHECK(ranges_.largestFree() <= free);
    FUZZ_CHECK(ranges_.fragmentation() >= 0 && ranges_.fragmentation() <= 1);
  }

  FuzzInput input_;
  RangeAllocator ranges_;
  std::array<ModelSpace, kSpaces> spaces_;
  std::vector<Range> live_;
  std::vector<RangeId> stale_;
};

}  // namespace
}  // namespace flux::test

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  flux::test::RangeAllocatorFuzz({data, size}).run();
  return 0;
}
