// Any sequence of calls of the range allocator, compared with maps of the live ranges.

#include "alloc/range_allocator.hpp"

#include <algorithm>
#include <array>
#include <iterator>
#include <map>
#include <numeric>
#include <optional>
#include <vector>

#include "fuzz/fuzz_input.hpp"

namespace flux::test {
namespace {

constexpr std::uint32_t kSpaces = 5;
// With no more free ranges than this a refusal is exact: the search has looked at all of them.
constexpr std::size_t kExactRanges = 256;

struct ModelSpace {
  std::uint32_t units = 0;  // 0: there is none
  SpaceRank rank = SpaceRank::First;
  std::map<std::uint32_t, std::uint32_t> live;  // size by offset
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
    };
    while (!input_.empty()) {
      (this->*kOperations[input_.below(kOperations.size())])();
      check();
    }
  }

 private:
  /// A space's index, or one that is none.
  std::uint32_t anySpace() { return input_.below(kSpaces + 1); }
  [[nodiscard]] bool present(std::uint32_t space) const { return space < kSpaces && spaces_[space].units != 0; }

  void addSpace() {
    const bool beyond = input_.below(16) == 0;
    const std::uint32_t space = beyond ? RangeAllocator::kMaxSpaces + input_.byte() : input_.below(kSpaces);
    const std::uint32_t units = input_.number();
    const RangeStatus status = ranges_.addSpace(space, units);
    FUZZ_CHECK((status == RangeStatus::Ok) == (!beyond && units != 0 && !present(space)));
    if (status == RangeStatus::Ok) spaces_[space] = {.units = units};
  }

  void growSpace() {
    const std::uint32_t space = anySpace();
    const std::uint64_t wanted = (present(space) ? spaces_[space].units : 0) + std::uint64_t{input_.number()};
    // Larger by a number, or if that is too much, what the number says: mostly smaller.
    const auto units = static_cast<std::uint32_t>(wanted);
    const RangeStatus status = ranges_.growSpace(space, units);
    if (!present(space)) {
      FUZZ_CHECK(status == RangeStatus::UnknownSpace);
    } else if (units < spaces_[space].units) {
      FUZZ_CHECK(status == RangeStatus::WouldShrink);
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
    const std::uint32_t units = input_.number();
    const std::uint32_t alignment = input_.number();
    const bool fits = ranges_.fits(units, alignment);
    const auto [status, range] = ranges_.allocate(units, alignment);
    FUZZ_CHECK(fits == (status == RangeStatus::Ok));
    FUZZ_CHECK((status == RangeStatus::ZeroSize) == (units == 0 || alignment == 0));
    if (status == RangeStatus::TooLarge) {
      FUZZ_CHECK(std::ranges::all_of(spaces_, [&](const ModelSpace& space) { return space.units < units; }));
    } else if (status == RangeStatus::Full) {
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
    FUZZ_CHECK(std::uint64_t{range.offset} + range.size <= space.units);
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

  void freeStale() {
    RangeId id{input_.number(), 2 * input_.number()};  // even: never live
    if (!stale_.empty() && input_.below(4) != 0) id = stale_[input_.below(stale_.size())];
    FUZZ_CHECK(ranges_.free(id) == RangeStatus::StaleId);
  }

  [[nodiscard]] bool anyGapHolds(std::uint32_t units, std::uint32_t alignment) const {
    for (const ModelSpace& space : spaces_) {
      if (space.units == 0 || space.rank == SpaceRank::Apart) continue;
      std::uint64_t begin = 0;
      const auto holds = [&](std::uint64_t end) {
        return (begin + alignment - 1) / alignment * alignment + units <= end;
      };
      for (const auto& [offset, size] : space.live) {
        if (holds(offset)) return true;
        begin = std::uint64_t{offset} + size;
      }
      if (holds(space.units)) return true;
    }
    return false;
  }

  void check() const {
    FUZZ_CHECK(ranges_.checkInvariants());
    std::uint64_t total = 0;
    std::uint64_t free = 0;
    for (std::uint32_t s = 0; s < kSpaces; ++s) {
      const ModelSpace& space = spaces_[s];
      std::uint64_t used = 0;
      auto expected = space.live.begin();
      ranges_.forEachLive(s, [&](const Range& range) {
        FUZZ_CHECK(expected != space.live.end());
        FUZZ_CHECK(range.offset == expected->first && range.size == expected->second);
        used += range.size;
        ++expected;
      });
      FUZZ_CHECK(expected == space.live.end());
      FUZZ_CHECK(ranges_.liveInSpace(s) == space.live.size());
      FUZZ_CHECK(ranges_.unitsOfSpace(s) == space.units);
      FUZZ_CHECK(ranges_.freeInSpace(s) == space.units - used);
      total += space.units;
      free += space.units - used;
    }
    FUZZ_CHECK(ranges_.totalUnits() == total);
    FUZZ_CHECK(ranges_.freeUnits() == free);
    FUZZ_CHECK(ranges_.liveRanges() == live_.size());
    FUZZ_CHECK(ranges_.largestFree() <= free);
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
