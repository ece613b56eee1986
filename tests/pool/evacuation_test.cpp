#include "pool/evacuation.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace flux {
namespace {

constexpr ByteCount kChunkBytes = 256 * kKiB;
constexpr ByteCount kBlockBytes = 16 * kKiB;  // 16 in a chunk

ChunkSpace space() {
  return ChunkSpace({.chunkBytes = kChunkBytes, .firstChunkBytes = kChunkBytes, .spareChunks = 0});
}

/// A mover that the defragmenters wait for.
class Unmoving final : public BlockMover {
 public:
  [[nodiscard]] bool stays(RangeId) const override { return false; }
  [[nodiscard]] MoveStart move(RangeId) override { return MoveStart::Waits; }
  [[nodiscard]] bool busy() const override { return true; }
  [[nodiscard]] ByteCount goingBytes() const override { return 0; }
  void goalFailed(ByteCount) override {}
};

/// Chunks of blocks without contents, and holders that hold one of them each.
class Chunks {
 public:
  /// With so many blocks of `kBlockBytes` in it, at the smallest index that is free.
  ChunkIndex add(ByteCount bytes, std::uint32_t blocks, Lifetime lifetime = Lifetime::Streaming) {
    std::uint32_t index = 1;
    while (contains(ChunkIndex{index})) ++index;
    const ChunkIndex chunk{index};
    ChunkSpace& chunkSpace = spaces[static_cast<std::size_t>(lifetime)];
    chunkSpace.addChunk(chunk, bytes, false);
    std::vector<Placement> elsewhere;
    for (; blocks > 0; --blocks) {
      Placement place = *chunkSpace.allocate(kBlockBytes, 1);
      for (; place.chunk != chunk; place = *chunkSpace.allocate(kBlockBytes, 1)) elsewhere.push_back(place);
      places_[chunk].push_back(place);
    }
    for (const Placement& place : elsewhere) chunkSpace.free(place, 0, {});
    return chunk;
  }
  /// Of full size, with these numbers of blocks.
  std::vector<ChunkIndex> addAll(const std::vector<std::uint32_t>& blocks) {
    std::vector<ChunkIndex> added;
    added.reserve(blocks.size());
    for (const std::uint32_t count : blocks) added.push_back(add(kChunkBytes, count));
    return added;
  }
  /// Its last block leaves. False: it is empty.
  bool leave(ChunkIndex chunk) {
    std::vector<Placement>& places = places_[chunk];
    if (places.empty()) return false;
    spaceOf(chunk).free(places.back(), 0, {});
    places.pop_back();
    return true;
  }
  /// What is in it leaves, and it goes.
  void remove(ChunkIndex chunk) {
    while (leave(chunk)) {
    }
    evacuation.forget(chunk);
    spaceOf(chunk).removeChunk(chunk);
  }

  [[nodiscard]] bool choose(ByteCount excess) {
    return evacuation.choose(excess, static_cast<std::uint32_t>(holders.size()),
                             [this](std::uint32_t first, std::uint32_t end) {
                               asked.emplace_back(first, end);
                               for (std::uint32_t i = first; i < end; ++i) {
                                 if (holders[i]) evacuation.hold(*holders[i]);
                               }
                             });
  }

  [[nodiscard]] bool contains(ChunkIndex chunk) const {
    return std::ranges::any_of(spaces, [chunk](const ChunkSpace& each) { return each.contains(chunk); });
  }
  [[nodiscard]] ChunkSpace& spaceOf(ChunkIndex chunk) { return spaces[spaces[0].contains(chunk) ? 0 : 1]; }
  [[nodiscard]] ByteCount reservedBytes() const { return spaces[0].reservedBytes() + spaces[1].reservedBytes(); }
  [[nodiscard]] std::vector<ChunkIndex> all() const {
    std::vector<ChunkIndex> found;
    const std::uint32_t end = std::max(spaces[0].chunkIndexEnd(), spaces[1].chunkIndexEnd());
    for (std::uint32_t i = 0; i < end; ++i) {
      if (contains(ChunkIndex{i})) found.push_back(ChunkIndex{i});
    }
    return found;
  }
  /// Those that go; all others are in service, unless the defragmenter is emptying them.
  [[nodiscard]] std::vector<ChunkIndex> going() {
    std::vector<ChunkIndex> found;
    for (const ChunkIndex chunk : all()) {
      const bool emptied = std::ranges::count(defragmenters, chunk, &Defragmenter::victim) != 0;
      EXPECT_EQ(spaceOf(chunk).retired(chunk), evacuation.goes(chunk) || emptied);
      if (evacuation.goes(chunk)) found.push_back(chunk);
    }
    return found;
  }
  [[nodiscard]] std::uint32_t blocksIn(ChunkIndex chunk) { return spaceOf(chunk).liveRanges(chunk); }

  std::array<ChunkSpace, 2> spaces{space(), space()};
  std::array<Defragmenter, 2> defragmenters{Defragmenter(DefragPolicy{}, false), Defragmenter(DefragPolicy{}, false)};
  Evacuation evacuation{spaces, defragmenters};
  std::vector<std::optional<ChunkIndex>> holders{std::nullopt};
  std::vector<std::pair<std::uint32_t, std::uint32_t>> asked;  ///< Holders: ranges, of all surveys.

 private:
  std::map<ChunkIndex, std::vector<Placement>> places_;
};

using Indices = std::vector<ChunkIndex>;

// ---- Which chunks ------------------------------------------------------------------------------------------

TEST(Evacuation, TheEmptiestGoFirst) {
  Chunks chunks;
  const ChunkIndex nine = chunks.add(kChunkBytes, 9);
  const ChunkIndex three = chunks.add(kChunkBytes, 3);
  const ChunkIndex twelve = chunks.add(kChunkBytes, 12, Lifetime::LongLived);
  const ChunkIndex five = chunks.add(kChunkBytes, 5, Lifetime::LongLived);
  EXPECT_TRUE(chunks.choose(1));
  EXPECT_EQ(chunks.going(), Indices{three});
  EXPECT_TRUE(chunks.choose(kChunkBytes));
  EXPECT_EQ(chunks.going(), Indices{three}) << "as many as have to";
  EXPECT_TRUE(chunks.choose(kChunkBytes + 1));
  EXPECT_EQ(chunks.going(), (Indices{three, five}));
  EXPECT_TRUE(chunks.choose(3 * kChunkBytes));
  EXPECT_EQ(chunks.going(), (Indices{nine, three, five}));
  EXPECT_TRUE(chunks.choose(4 * kChunkBytes));
  EXPECT_EQ(chunks.going(), (Indices{nine, three, twelve, five}));
}

TEST(Evacuation, WhileEnoughGoNobodyIsAsked) {
  Chunks chunks;
  chunks.addAll({1});
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(chunks.choose(kChunkBytes));
  EXPECT_EQ(chunks.asked.size(), 1U);
  EXPECT_FALSE(chunks.choose(kChunkBytes + 1));
  EXPECT_EQ(chunks.asked.size(), 2U);
}

TEST(Evacuation, OfChunksThatHoldAsMuchTheFirstGoes) {
  Chunks chunks;
  chunks.add(kChunkBytes, 5, Lifetime::LongLived);
  const Indices equal{chunks.add(kChunkBytes, 4, Lifetime::LongLived), chunks.add(kChunkBytes / 2, 4),
                      chunks.add(kChunkBytes, 4)};
  for (std::size_t count = 1; count <= equal.size(); ++count) {
    EXPECT_TRUE(chunks.choose((count - 1) * kChunkBytes - (count == 3 ? kChunkBytes / 2 : 0) + 1));
    EXPECT_EQ(chunks.going(), Indices(equal.begin(), equal.begin() + static_cast<std::ptrdiff_t>(count)));
  }
}

TEST(Evacuation, AChunkOfOneRangeCountsLikeOthers) {
  Chunks chunks;
  const ChunkIndex shared = chunks.add(kChunkBytes, 15);
  const ChunkIndex dedicated{2};
  chunks.spaces[0].addChunk(dedicated, kChunkBytes, true);
  ASSERT_EQ(chunks.spaces[0].allocate(kChunkBytes, 1)->chunk, dedicated);
  EXPECT_TRUE(chunks.choose(1));
  EXPECT_EQ(chunks.going(), Indices{shared});
  EXPECT_TRUE(chunks.choose(kChunkBytes + 1));
  EXPECT_EQ(chunks.going(), (Indices{shared, dedicated}));
}

// ---- What is held ------------------------------------------------------------------------------------------

TEST(Evacuation, AHeldChunkNeverGoes) {
  Chunks chunks;
  const Indices all = chunks.addAll({1, 2, 3});
  chunks.holders = {std::nullopt, all[0], all[2], all[0]};
  EXPECT_TRUE(chunks.choose(1));
  EXPECT_EQ(chunks.going(), Indices{all[1]});
  for (int i = 0; i < 10; ++i) (void)chunks.choose(kChunkBytes + 1);
  EXPECT_EQ(chunks.going(), Indices{all[1]});
  chunks.holders[2].reset();
  EXPECT_TRUE(chunks.choose(kChunkBytes + 1)) << "each survey looks again";
  EXPECT_EQ(chunks.going(), (Indices{all[1], all[2]}));
}

TEST(Evacuation, AChunkThatBecomesHeldAfterTheSurveyComesBackAndAnotherGoes) {
  Chunks chunks;
  const Indices all = chunks.addAll({1, 2, 3, 4});
  EXPECT_TRUE(chunks.choose(kChunkBytes + 1));
  ASSERT_EQ(chunks.going(), (Indices{all[0], all[1]}));
  chunks.evacuation.hold(all[0]);
  EXPECT_EQ(chunks.going(), Indices{all[1]}) << "at once";
  chunks.evacuation.hold(all[2]);  // not chosen yet
  EXPECT_TRUE(chunks.choose(kChunkBytes + 1));
  EXPECT_EQ(chunks.going(), (Indices{all[1], all[3]}));
  EXPECT_EQ(chunks.asked.size(), 1U) << "without another survey";
}

TEST(Evacuation, NobodyNeedsToTellBeforeTheFirstSurvey) {
  Chunks chunks;
  const Indices all = chunks.addAll({1, 2});
  EXPECT_FALSE(chunks.evacuation.listens());
  chunks.evacuation.hold(all[0]);
  EXPECT_TRUE(chunks.choose(1));
  EXPECT_EQ(chunks.going(), Indices{all[0]}) << "no holder said that it holds it";
  EXPECT_TRUE(chunks.evacuation.listens());
  chunks.evacuation.stop();
  EXPECT_TRUE(chunks.evacuation.listens());
}

// ---- Less has to go, or nothing ----------------------------------------------------------------------------

TEST(Evacuation, WhatWasChosenLastComesBackIfItNeedNotGo) {
  Chunks chunks;
  const ChunkIndex large = chunks.add(kChunkBytes, 2);
  const ChunkIndex small = chunks.add(kChunkBytes / 4, 1);
  const ChunkIndex last = chunks.add(kChunkBytes / 2, 3);
  const ByteCount allBytes = kChunkBytes / 4 * 7;
  EXPECT_TRUE(chunks.choose(allBytes));  // in the order small, large, last
  ASSERT_EQ(chunks.going(), (Indices{large, small, last}));
  EXPECT_TRUE(chunks.choose(allBytes - kChunkBytes / 2 + 1));
  EXPECT_EQ(chunks.going(), (Indices{large, small, last})) << "a byte less would go";
  EXPECT_TRUE(chunks.choose(allBytes - kChunkBytes / 2));
  EXPECT_EQ(chunks.going(), (Indices{large, small}));
  EXPECT_TRUE(chunks.choose(kChunkBytes));
  EXPECT_EQ(chunks.going(), (Indices{large, small})) << "the order counts, not which would do";
  EXPECT_TRUE(chunks.choose(1));
  EXPECT_EQ(chunks.going(), Indices{small});
  EXPECT_TRUE(chunks.evacuation.underWay());
}

TEST(Evacuation, AllComeBackWhenItStopsAndTheNextSurveySeesWhatIs) {
  Chunks chunks;
  const Indices all = chunks.addAll({1, 2, 3, 4});
  EXPECT_FALSE(chunks.evacuation.underWay());
  EXPECT_TRUE(chunks.choose(kChunkBytes + 1));
  ASSERT_EQ(chunks.going().size(), 2U);
  EXPECT_TRUE(chunks.evacuation.underWay());
  chunks.evacuation.stop();
  EXPECT_TRUE(chunks.going().empty());
  EXPECT_FALSE(chunks.evacuation.underWay());
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(chunks.leave(all[3]));
  chunks.holders = {all[0]};
  EXPECT_TRUE(chunks.choose(1));
  EXPECT_EQ(chunks.going(), Indices{all[3]});
}

TEST(Evacuation, ASurveyThatIsForgottenIsMadeAgain) {
  for (const bool forgotten : {false, true}) {
    Chunks chunks;
    const Indices all = chunks.addAll({1, 3, 4});
    EXPECT_TRUE(chunks.choose(1));
    for (int i = 0; i < 3; ++i) ASSERT_TRUE(chunks.leave(all[2]));
    if (forgotten) chunks.evacuation.forgetSurvey();
    EXPECT_EQ(chunks.going(), Indices{all[0]}) << "what goes is not concerned";
    EXPECT_TRUE(chunks.choose(kChunkBytes + 1));
    EXPECT_EQ(chunks.going(), (Indices{all[0], all[forgotten ? 2 : 1]}));
  }
}

TEST(Evacuation, ItIsUnderWayUntilItIsDecidedAgain) {
  Chunks chunks;
  const Indices all = chunks.addAll({1, 2});
  chunks.holders = {all[1]};
  EXPECT_TRUE(chunks.choose(1));
  chunks.remove(all[0]);
  EXPECT_TRUE(chunks.evacuation.underWay()) << "it has just gone";
  EXPECT_FALSE(chunks.choose(1));
  EXPECT_FALSE(chunks.evacuation.underWay());
}

// ---- Chunks that go, and come ------------------------------------------------------------------------------

TEST(Evacuation, AChunkThatHasGoneIsNotTakenForOneOfTheSameIndex) {
  Chunks chunks;
  const Indices all = chunks.addAll({1, 2, 9});
  EXPECT_TRUE(chunks.choose(kChunkBytes + 1));
  chunks.remove(all[0]);
  EXPECT_EQ(chunks.going(), Indices{all[1]});
  ASSERT_EQ(chunks.add(kChunkBytes / 2, 4, Lifetime::LongLived), all[0]);
  EXPECT_EQ(chunks.going(), Indices{all[1]});
  // So many bytes as the one that is left has are on their way, and no more.
  EXPECT_TRUE(chunks.choose(kChunkBytes));
  EXPECT_EQ(chunks.going(), Indices{all[1]});
  chunks.evacuation.forgetSurvey();
  EXPECT_TRUE(chunks.choose(kChunkBytes + 1));
  EXPECT_EQ(chunks.going(), (Indices{all[0], all[1]})) << "it may be chosen like any other";
  EXPECT_TRUE(chunks.choose(kChunkBytes));
  EXPECT_EQ(chunks.going(), Indices{all[1]}) << "and comes back as the one that was chosen last";
  chunks.evacuation.stop();
  EXPECT_TRUE(chunks.going().empty());
}

TEST(Evacuation, AChunkThatWentSinceTheSurveyIsPassedOver) {
  Chunks chunks;
  const Indices all = chunks.addAll({1, 2, 3});
  EXPECT_TRUE(chunks.choose(1));
  chunks.remove(all[1]);
  EXPECT_TRUE(chunks.choose(kChunkBytes + 1));
  EXPECT_EQ(chunks.going(), (Indices{all[0], all[2]}));
}

TEST(Evacuation, WhatANewChunkOfAnOldIndexHoldsIsHeard) {
  Chunks chunks;
  const Indices all = chunks.addAll({1, 2, 3});
  EXPECT_TRUE(chunks.choose(1));
  chunks.remove(all[1]);
  ASSERT_EQ(chunks.add(kChunkBytes, 1, Lifetime::LongLived), all[1]);
  chunks.evacuation.hold(all[1]);
  EXPECT_TRUE(chunks.choose(kChunkBytes + 1));
  EXPECT_EQ(chunks.going(), (Indices{all[0], all[2]}));
}

/// The chunk that the defragmenter begins to empty.
ChunkIndex beginDefragmenting(Chunks& chunks) {
  Unmoving mover;
  chunks.defragmenters[0].setGoal({.freeChunks = 1}, 0);
  for (std::uint64_t step = 1; step < 5; ++step) chunks.defragmenters[0].step(chunks.spaces[0], mover, step, false);
  return chunks.defragmenters[0].victim().value_or(ChunkIndex{0});
}

TEST(Evacuation, TheDefragmentersChunkIsTakenOver) {
  Chunks chunks;
  const Indices all = chunks.addAll({2, 3, 1});
  const ChunkIndex victim = beginDefragmenting(chunks);
  ASSERT_EQ(victim, all[2]);
  ASSERT_TRUE(chunks.spaces[0].retired(victim));
  EXPECT_TRUE(chunks.choose(1));
  EXPECT_EQ(chunks.going(), Indices{victim});
  EXPECT_FALSE(chunks.defragmenters[0].victim());
  chunks.evacuation.stop();
  EXPECT_FALSE(chunks.spaces[0].retired(victim)) << "nobody else would put it back";
}

TEST(Evacuation, TheDefragmenterGoesOnWithAChunkThatStays) {
  Chunks chunks;
  const Indices all = chunks.addAll({2, 3, 1});
  const ChunkIndex victim = beginDefragmenting(chunks);
  chunks.holders = {victim};
  EXPECT_TRUE(chunks.choose(1));
  EXPECT_EQ(chunks.going(), Indices{all[0]});
  EXPECT_EQ(chunks.defragmenters[0].victim(), victim);
  chunks.evacuation.hold(victim);
  chunks.evacuation.stop();
  EXPECT_TRUE(chunks.spaces[0].retired(victim)) << "it is the defragmenter's";
}

TEST(Evacuation, TheDefragmenterForgetsAChunkWhoseIndexIsAnothersNow) {
  Chunks chunks;
  chunks.addAll({2, 3, 1});
  const ChunkIndex victim = beginDefragmenting(chunks);
  chunks.remove(victim);  // before it knows
  ASSERT_EQ(chunks.add(kChunkBytes, 1), victim);
  EXPECT_TRUE(chunks.choose(1));
  EXPECT_EQ(chunks.going(), Indices{victim});
  EXPECT_FALSE(chunks.defragmenters[0].victim()) << "it would put this one back as soon as it is empty";
}

// ---- How much a step does ----------------------------------------------------------------------------------

TEST(Evacuation, HoldersAreAskedSoManyAStepAndNothingIsChosenBefore) {
  Chunks chunks;
  const Indices all = chunks.addAll({1, 2, 3, 4});
  constexpr std::uint32_t kLooks = Evacuation::kHolderLooks;
  chunks.holders.resize(2 * kLooks + 1);
  chunks.holders.back() = all[0];
  for (int i = 0; i < 2; ++i) {
    EXPECT_TRUE(chunks.choose(1)) << "nobody knows yet that there are too few";
    EXPECT_TRUE(chunks.going().empty());
    if (i == 0) chunks.evacuation.hold(all[1]);  // by one that has been asked already
    chunks.holders.emplace_back();               // there may be more meanwhile
  }
  EXPECT_TRUE(chunks.choose(1));
  EXPECT_EQ(chunks.going(), Indices{all[2]});
  using Asked = std::vector<std::pair<std::uint32_t, std::uint32_t>>;
  EXPECT_EQ(chunks.asked, (Asked{{0, kLooks}, {kLooks, 2 * kLooks}, {2 * kLooks, 2 * kLooks + 3}}));
}

TEST(Evacuation, AForgottenSurveyBeginsWithTheFirstHolder) {
  Chunks chunks;
  const Indices all = chunks.addAll({1, 2});
  chunks.holders.resize(Evacuation::kHolderLooks + 1);
  EXPECT_TRUE(chunks.choose(1));
  chunks.holders.front() = all[0];
  chunks.evacuation.forgetSurvey();
  EXPECT_TRUE(chunks.choose(1));
  EXPECT_TRUE(chunks.going().empty());
  EXPECT_TRUE(chunks.choose(1));
  EXPECT_EQ(chunks.going(), Indices{all[1]});
}

TEST(Evacuation, ChunksAreLookedAtSoManyAStep) {
  Chunks chunks;
  // The first step looks at index 0 and those behind it, the second one begins with this.
  chunks.spaces[0].addChunk(ChunkIndex{Evacuation::kChunkLooks}, kChunkBytes, false);
  ASSERT_TRUE(chunks.spaces[0].allocate(kBlockBytes, 1));
  const ChunkIndex full = chunks.add(kChunkBytes, 16);
  EXPECT_TRUE(chunks.choose(1));
  EXPECT_TRUE(chunks.going().empty());
  EXPECT_TRUE(chunks.choose(1));
  EXPECT_EQ(chunks.going(), Indices{ChunkIndex{Evacuation::kChunkLooks}});
  EXPECT_FALSE(chunks.evacuation.goes(full));
  EXPECT_EQ(chunks.asked.size(), 1U) << "of the holders the first step saw all";
}

TEST(Evacuation, SoManyChunksAreTakenOutOfServiceInAStep) {
  Chunks chunks;
  constexpr std::uint32_t kMost = Evacuation::kChunksChosen;
  chunks.addAll(std::vector<std::uint32_t>(2 * kMost + 1, 16));
  const ByteCount excess = 2 * kMost * kChunkBytes;
  EXPECT_TRUE(chunks.choose(excess));
  EXPECT_EQ(chunks.going().size(), kMost);
  EXPECT_TRUE(chunks.choose(excess));
  EXPECT_EQ(chunks.going().size(), 2 * kMost);
  EXPECT_TRUE(chunks.choose(excess));
  EXPECT_EQ(chunks.going().size(), 2 * kMost);
  EXPECT_EQ(chunks.asked.size(), 1U);
}

TEST(Evacuation, EachSurveySaysOnceThatThereAreTooFew) {
  Chunks chunks;
  const Indices all = chunks.addAll({1, 2});
  chunks.holders.resize(Evacuation::kHolderLooks + 1);
  chunks.holders.back() = all[1];
  for (int survey = 0; survey < 3; ++survey) {
    EXPECT_TRUE(chunks.choose(kChunkBytes + 1)) << "not known yet";
    EXPECT_FALSE(chunks.choose(kChunkBytes + 1));
  }
  EXPECT_EQ(chunks.going(), Indices{all[0]});
}

TEST(Evacuation, AsLongAsASurveyHasMoreItDoesNotSayThatThereAreTooFew) {
  Chunks chunks;
  constexpr std::uint32_t kMost = Evacuation::kChunksChosen;
  chunks.addAll(std::vector<std::uint32_t>(kMost + 1, 16));
  const ByteCount excess = (kMost + 2) * kChunkBytes;
  EXPECT_TRUE(chunks.choose(excess)) << "one is left";
  EXPECT_TRUE(chunks.choose(excess)) << "what has become held no more, only a new survey sees";
  EXPECT_EQ(chunks.going().size(), kMost + 1);
  EXPECT_FALSE(chunks.choose(excess));
}

// ---- Beside a plain model ----------------------------------------------------------------------------------

/// What the class says of itself, in sorted lists. Everything is found out in one step.
struct Model {
  void survey(Chunks& chunks) {
    held.clear();
    for (const std::optional<ChunkIndex>& holder : chunks.holders) {
      if (holder) held.insert(*holder);
    }
    list.clear();
    for (const ChunkIndex chunk : chunks.all()) {
      if (!going(chunk) && !held.contains(chunk)) list.emplace_back(chunks.blocksIn(chunk), chunk);
    }
    std::ranges::sort(list);
  }
  bool choose(Chunks& chunks, ByteCount excess) {
    const auto bytes = [&] {
      ByteCount sum = 0;
      for (const ChunkIndex chunk : order) sum += chunks.spaceOf(chunk).bytes(chunk);
      return sum;
    };
    while (!order.empty() && bytes() - chunks.spaceOf(order.back()).bytes(order.back()) >= excess) order.pop_back();
    if (bytes() >= excess) return true;
    const bool surveys = list.empty();
    if (surveys) survey(chunks);
    std::size_t looked = 0;
    for (; looked < list.size() && looked < Evacuation::kChunksChosen && bytes() < excess; ++looked) {
      const ChunkIndex chunk = list[looked].second;
      if (chunks.contains(chunk) && !held.contains(chunk)) order.push_back(chunk);
    }
    list.erase(list.begin(), list.begin() + static_cast<std::ptrdiff_t>(looked));
    return bytes() >= excess || !list.empty() || !surveys;
  }
  void hold(ChunkIndex chunk) {
    held.insert(chunk);
    forget(chunk);
  }
  void forget(ChunkIndex chunk) { std::erase(order, chunk); }
  [[nodiscard]] bool going(ChunkIndex chunk) const { return std::ranges::count(order, chunk) != 0; }

  std::vector<ChunkIndex> order;                           // those that go, as they were chosen
  std::set<ChunkIndex> held;                               // as far as known
  std::vector<std::pair<std::uint32_t, ChunkIndex>> list;  // what is left of the survey, the emptiest first
};

/// A pool, as far as this is concerned: chunks come while there is room, blocks leave, limits and holders change.
class Twin {
 public:
  explicit Twin(std::uint32_t seed) : random_(seed) { chunks_.holders.resize(24); }

  void run(int steps) {
    for (int i = 0; i < steps && !testing::Test::HasFailure(); ++i) {
      for (std::uint32_t changes = below(4); changes > 0; --changes) change();
      step();
    }
    // Now nothing changes any more.
    for (int i = 0; i < 100; ++i) step();
    for (const ChunkIndex chunk : chunks_.all()) {
      if (chunks_.reservedBytes() <= limit_) break;
      EXPECT_TRUE(held(chunk)) << static_cast<std::uint32_t>(chunk);
    }
  }

 private:
  std::uint32_t below(std::uint32_t bound) { return static_cast<std::uint32_t>(random_() % bound); }
  [[nodiscard]] bool held(ChunkIndex chunk) const { return std::ranges::count(chunks_.holders, chunk) != 0; }

  void change() {
    const std::vector<ChunkIndex> all = chunks_.all();
    const std::uint32_t what = below(12);
    const bool mayHold = !all.empty() && below(3) != 0;
    const ChunkIndex any = all.empty() ? ChunkIndex{0} : all[below(static_cast<std::uint32_t>(all.size()))];
    if (what < 5) {
      const ByteCount bytes = kChunkBytes >> below(3);
      const auto blocks = static_cast<std::uint32_t>(bytes / kBlockBytes);
      if (chunks_.reservedBytes() + bytes > limit_) return;
      chunks_.add(bytes, 1 + below(blocks), below(3) == 0 ? Lifetime::LongLived : Lifetime::Streaming);
    } else if (what < 8) {
      std::optional<ChunkIndex>& holder = chunks_.holders[below(static_cast<std::uint32_t>(chunks_.holders.size()))];
      holder = mayHold ? std::optional(any) : std::nullopt;
      if (!mayHold) return;
      if (chunks_.evacuation.listens()) model_.hold(any);
      chunks_.evacuation.hold(any);
    } else if (what < 10) {
      if (!all.empty() && !held(any) && chunks_.blocksIn(any) > 1) (void)chunks_.leave(any);
    } else {
      if (chunks_.reservedBytes() <= limit_) forgetSurvey();
      limit_ = below(64) * kChunkBytes / 2;
    }
  }
  void forgetSurvey() {
    chunks_.evacuation.forgetSurvey();
    model_.list.clear();
  }

  void step() {
    const ByteCount reserved = chunks_.reservedBytes();
    if (reserved <= limit_) {
      chunks_.evacuation.stop();
      model_.order.clear();
      model_.list.clear();
    } else {
      const bool enough = model_.choose(chunks_, reserved - limit_);
      ASSERT_EQ(chunks_.choose(reserved - limit_), enough);
      ASSERT_EQ(chunks_.evacuation.underWay(), !model_.order.empty());
    }
    // Some of what has to leave does.
    for (const ChunkIndex chunk : chunks_.going()) {
      for (std::uint32_t blocks = below(3); blocks > 0; --blocks) (void)chunks_.leave(chunk);
      if (chunks_.blocksIn(chunk) != 0) continue;
      chunks_.remove(chunk);
      model_.forget(chunk);
    }
    check();
  }
  void check() {
    std::vector<ChunkIndex> expected = model_.order;
    std::ranges::sort(expected);
    ASSERT_EQ(chunks_.going(), expected);
    for (const ChunkIndex chunk : expected) ASSERT_FALSE(held(chunk));
    for (const ChunkSpace& each : chunks_.spaces) ASSERT_TRUE(each.checkInvariants());
  }

  std::mt19937 random_;
  Chunks chunks_;
  Model model_;
  ByteCount limit_ = 32 * kChunkBytes;
};

TEST(EvacuationProperty, TheEmptiestThatAreNotHeldGoUntilTheLimitIsReached) {
  for (std::uint32_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE(seed);
    Twin(seed).run(150);
    if (testing::Test::HasFailure()) return;
  }
}

}  // namespace
}  // namespace flux
