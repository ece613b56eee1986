#include "alloc/live_ranges.hpp"
#include "alloc/range_allocator.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <random>
#include <vector>

// Random calls, compared with a model that keeps the live ranges of each space in a map and nothing else.

namespace flux {
namespace {

/// How many calls: as the environment says, for long runs.
int operations() {
  // The test has one thread.
  const char* const wanted = std::getenv("FLUX_PROPERTY_OPERATIONS");  // NOLINT(concurrency-mt-unsafe)
  if (wanted != nullptr) return std::atoi(wanted);
#ifdef NDEBUG
  return 1'000'000;
#else
  return 200'000;
#endif
}
constexpr std::uint32_t kSpaces = 6;
constexpr std::uint32_t kMaxUnits = 1U << 17U;

struct ModelSpace {
  std::uint32_t units = 0;
  SpaceRank rank = SpaceRank::First;
  test::LiveRanges live;
  std::uint64_t liveUnits = 0;
};

class Model {
 public:
  explicit Model(std::uint32_t seed) : random_(seed) {}

  void step() {
    const std::uint32_t draw = below(1000);
    if (draw < 500) {
      allocate();
    } else if (draw < 930) {
      freeAny();
    } else if (draw < 970) {
      resizeAny();
    } else if (draw < 980) {
      changeSpace();
    } else if (draw < 985) {
      changeRank();
    } else {
      freeStale();
    }
    checkSums();
  }

  void freeEverything() {
    while (!ids_.empty()) freeAny();
    for (std::uint32_t s = 0; s < kSpaces; ++s) {
      if (spaces_[s].units == 0) continue;
      EXPECT_EQ(ranges_.setRank(s, SpaceRank::First), RangeStatus::Ok);
      EXPECT_EQ(ranges_.useOf(s).free, spaces_[s].units);
      const auto whole = ranges_.allocateWhole(s);
      EXPECT_EQ(whole.range.size, spaces_[s].units) << "one free range is left of each space";
    }
  }

  [[nodiscard]] const RangeAllocator& ranges() const { return ranges_; }
  [[nodiscard]] int refusals() const { return refusals_; }
  [[nodiscard]] std::size_t mostLive() const { return mostLive_; }

  /// Every live range as the allocator lists it, against the map.
  void checkLists() const {
    ASSERT_TRUE(ranges_.checkInvariants());
    for (std::uint32_t s = 0; s < kSpaces; ++s) {
      auto expected = spaces_[s].live.begin();
      ranges_.forEach(s, [&](const Range& range) {
        if (!range.id) return;
        ASSERT_NE(expected, spaces_[s].live.end());
        ASSERT_EQ(range.offset, expected->first);
        ASSERT_EQ(range.size, expected->second);
        ++expected;
      });
      ASSERT_EQ(expected, spaces_[s].live.end());
    }
  }

 private:
  std::uint32_t below(std::uint32_t bound) { return static_cast<std::uint32_t>(random_()) % bound; }
  std::uint32_t logUniform(std::uint32_t bits) { return 1 + below(1U << below(bits + 1)); }

  void allocate() {
    const std::uint32_t units = logUniform(12);
    const std::uint32_t alignment = below(2) == 0 ? 1 : logUniform(12);
    const RangeAllocator::Allocation dry = ranges_.wouldAllocate(units, alignment);
    const auto [status, range] = ranges_.allocate(units, alignment);
    ASSERT_EQ(dry.status, status);
    ASSERT_EQ(dry.range.space, range.space);
    ASSERT_EQ(dry.range.offset, range.offset);
    if (status != RangeStatus::Ok) {
      // With wider alignments a bounded search may miss one of hundreds that nearly fit.
      if (++refusals_ % 16 == 0 && alignment <= 256) {
        ASSERT_FALSE(anyGapHolds(units, alignment)) << units << " units at multiples of " << alignment;
      }
      return;
    }
    ASSERT_EQ(range.size, units);
    ASSERT_EQ(range.offset % alignment, 0U);
    ASSERT_LT(range.space, kSpaces);
    ModelSpace& space = spaces_[range.space];
    ASSERT_NE(space.rank, SpaceRank::Apart);
    ASSERT_LE(std::uint64_t{range.offset} + units, space.units);
    const auto after = space.live.lower_bound(range.offset);
    if (after != space.live.end()) {
      ASSERT_LE(range.offset + units, after->first);
    }
    if (after != space.live.begin()) {
      const auto before = std::prev(after);
      ASSERT_LE(before->first + before->second, range.offset);
    }
    space.live.emplace_hint(after, range.offset, units);
    space.liveUnits += units;
    ids_.push_back(range.id);
    mostLive_ = std::max(mostLive_, ids_.size());
  }

  void freeAny() {
    if (ids_.empty()) return;
    std::swap(ids_[below(static_cast<std::uint32_t>(ids_.size()))], ids_.back());
    const RangeId id = ids_.back();
    ids_.pop_back();
    const std::optional<Range> range = ranges_.find(id);
    ASSERT_TRUE(range);
    ModelSpace& space = spaces_[range->space];
    const auto place = space.live.find(range->offset);
    ASSERT_NE(place, space.live.end());
    ASSERT_EQ(place->second, range->size);
    space.live.erase(place);
    space.liveUnits -= range->size;
    ASSERT_EQ(ranges_.free(id), RangeStatus::Ok);
    stale_ = id;
  }

  void resizeAny() {
    if (ids_.empty()) return;
    const RangeId id = ids_[below(static_cast<std::uint32_t>(ids_.size()))];
    const std::optional<Range> range = ranges_.find(id);
    ASSERT_TRUE(range);
    ModelSpace& space = spaces_[range->space];
    const auto place = space.live.find(range->offset);
    ASSERT_NE(place, space.live.end());
    const auto after = std::next(place);
    const std::uint64_t end = after == space.live.end() ? space.units : after->first;
    const std::uint64_t wanted = 1 + below(static_cast<std::uint32_t>(2 * range->size));
    const bool possible = range->offset + wanted <= end;
    ASSERT_EQ(ranges_.resize(id, wanted), possible ? RangeStatus::Ok : RangeStatus::Full);
    if (!possible) return;
    place->second = wanted;
    space.liveUnits += wanted - range->size;
    ASSERT_EQ(ranges_.find(id)->size, wanted);
    ASSERT_EQ(ranges_.find(id)->offset, range->offset);
  }

  void freeStale() {
    ASSERT_EQ(ranges_.free(stale_), stale_ ? RangeStatus::StaleId : RangeStatus::ForeignId);
    ASSERT_EQ(ranges_.free({below(1U << 20U), below(1000) * 2}), RangeStatus::ForeignId);
  }

  void changeSpace() {
    const std::uint32_t s = below(kSpaces);
    ModelSpace& space = spaces_[s];
    if (space.units == 0) {
      space.units = 1 + below(kMaxUnits / 4);
      ASSERT_EQ(ranges_.addSpace(s, space.units), RangeStatus::Ok);
    } else if (space.live.empty()) {
      ASSERT_EQ(ranges_.removeSpace(s), RangeStatus::Ok);
      space = {};
    } else if (space.units < kMaxUnits) {
      ASSERT_EQ(ranges_.removeSpace(s), RangeStatus::SpaceInUse);
      if (below(2) == 0) {
        const auto last = std::prev(space.live.end());
        const std::uint32_t units = 1 + below(space.units);
        const bool possible = units >= last->first + last->second;
        ASSERT_EQ(ranges_.shrinkSpace(s, units), possible ? RangeStatus::Ok : RangeStatus::SpaceInUse);
        if (possible) space.units = units;
        return;
      }
      ASSERT_EQ(ranges_.growSpace(s, space.units - 1), RangeStatus::WouldShrink);
      space.units += below(64);
      ASSERT_EQ(ranges_.growSpace(s, space.units), RangeStatus::Ok);
    }
  }

  void changeRank() {
    const std::uint32_t s = below(kSpaces);
    const auto rank = static_cast<SpaceRank>(below(3));
    ASSERT_EQ(ranges_.setRank(s, rank), spaces_[s].units == 0 ? RangeStatus::UnknownSpace : RangeStatus::Ok);
    if (spaces_[s].units != 0) spaces_[s].rank = rank;
  }

  [[nodiscard]] bool anyGapHolds(std::uint32_t units, std::uint32_t alignment) const {
    return std::ranges::any_of(spaces_, [&](const ModelSpace& space) {
      return space.rank != SpaceRank::Apart && test::anyGapHolds(space.live, space.units, units, alignment);
    });
  }

  void checkSums() const {
    std::uint64_t total = 0;
    std::uint64_t live = 0;
    for (std::uint32_t s = 0; s < kSpaces; ++s) {
      total += spaces_[s].units;
      live += spaces_[s].liveUnits;
      ASSERT_EQ(ranges_.useOf(s).live, spaces_[s].live.size());
      ASSERT_EQ(ranges_.useOf(s).free, spaces_[s].units - spaces_[s].liveUnits);
    }
    ASSERT_EQ(ranges_.totalUnits(), total);
    ASSERT_EQ(ranges_.freeUnits(), total - live);
    ASSERT_EQ(ranges_.liveRanges(), ids_.size());
  }

  std::mt19937 random_;
  RangeAllocator ranges_;
  std::vector<ModelSpace> spaces_{kSpaces};
  std::vector<RangeId> ids_;
  RangeId stale_;
  int refusals_ = 0;
  std::size_t mostLive_ = 0;
};

TEST(RangeAllocatorProperty, RandomCallsAgreeWithAModel) {
  Model model(1);
  const int count = operations();
  for (int i = 0; i < count; ++i) {
    model.step();
    if (i % 5000 == 0) model.checkLists();
    if (::testing::Test::HasFatalFailure()) FAIL() << "operation " << i;
  }
  model.checkLists();
  EXPECT_GT(model.refusals(), 100) << "the run must also meet full spaces";
  EXPECT_GT(model.mostLive(), 500U);
  model.freeEverything();
  EXPECT_TRUE(model.ranges().checkInvariants());
}

}  // namespace
}  // namespace flux
