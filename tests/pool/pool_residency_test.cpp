// Blocks that leave the device and come back: more data than memory, bytes that are the same again, and what keeps a
// block from leaving.

#include "pool/residency_test_tools.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <utility>
#include <vector>

namespace flux {
namespace {

using namespace test;

TEST_P(PoolResidency, FourTimesTheMemoryIsDrawnWithTheSameBytesAgain) {
  for (const Given given : {Given::Now, Given::Owned, Given::Kept, Given::Lasting, Given::Once}) {
    SCOPED_TRACE(static_cast<int>(given));
    things_.clear();
    make(smallMemory(), GetParam());
    for (int i = 0; i < 200; ++i) {
      add(given);
      if (i % 8 == 0) step();
    }
    for (int round = 0; round < 2; ++round) {
      for (std::size_t first = 0; first < 200; first += 10) EXPECT_LE(drawAll(first, kVisible), 60) << first;
    }
    const PoolStats stats = pool().stats();
    EXPECT_GT(stats.evictions, 200U);
    EXPECT_GT(stats.restores, 200U);
    EXPECT_EQ(fixture_->host->earlyReclaims(), 0U);
    // Kept parts and lasting sources need no copy, and a copy that has been made serves again.
    const bool copies = given != Given::Kept && given != Given::Lasting;
    EXPECT_EQ(stats.readBackBytes != 0, copies);
    EXPECT_LE(stats.readBackBytes, 200 * kBlockBytes);
    EXPECT_EQ(stats.storeBytes != 0, copies);
    fixture_.reset();
  }
}
INSTANTIATE_TEST_SUITE_P(Completions, PoolResidency, testing::Values(Completion::Immediate, Completion::Delayed));

TEST_F(PoolEviction, APinBringsABlockBack) {
  fill(Given::Lasting);
  EXPECT_TRUE(press());
  const auto gone = std::ranges::find_if(things_, [this](const auto& thing) { return !resident(*thing); });
  ASSERT_NE(gone, things_.end());
  ASSERT_TRUE(pool().pin((*gone)->block));
  for (int i = 0; i < 40; ++i) step();
  EXPECT_TRUE(resident(**gone));
}

TEST_F(PoolEviction, ABlockWhoseBytesHaveNoHomeStaysAndANewOneIsRefused) {
  fill(Given::Now, smallMemory(3 * kBlockBytes));
  EXPECT_TRUE(press()) << "the store has room for one, and for the one that leaves";
  EXPECT_EQ(pool().stats().evictions, 1U);
  add(Given::Now);
  const std::vector<std::byte> bytes(kBlockBytes);
  const PartDesc part{PartKind::Vertex, kBlockBytes, Source::bytes(bytes)};
  const Result<BlockHandle> refused = pool().add(test::blockDesc("refused", {&part, 1}));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::OutOfBudget);
  EXPECT_EQ(refused.error().resourceName(), "refused");
}

TEST_F(PoolEviction, AProducerBringsTheCopyOfANewBlockWhileThePoolIsNearlyFull) {
  fill(Given::Now);
  Producer producer = pool().makeProducer();
  for (const bool staged : {false, true}) {
    SCOPED_TRACE(staged);
    auto& thing = *things_.emplace_back(std::make_unique<Thing>());
    thing.bytes = test::pattern(77, 0, staged ? 2 : 1, kBlockBytes);
    Result<StagedBytes> pages = producer.stage(kBlockBytes);
    ASSERT_TRUE(pages);
    std::ranges::copy(thing.bytes, pages->bytes().begin());
    const PartDesc part{PartKind::Vertex, kBlockBytes, staged ? Source::staged(*pages) : Source::bytes(thing.bytes)};
    thing.block = producer.add(test::blockDesc("thing", {&part, 1})).value();
    std::ranges::fill(pages->bytes(), std::byte{0});  // no step reads them any more
    *pages = {};
    step();
    ASSERT_FALSE(resident(thing));
    EXPECT_LT(drawAll(things_.size() - 1, 1), 60);
  }
}

TEST_F(PoolEviction, AStepCopiesAnEighthOfTheQuotaToTheStore) {
  make(smallMemory(), Completion::Manual);
  for (std::size_t i = 0; i < kFit; ++i) add(Given::Now);
  const auto finish = [&](const StepQuota& quota) {
    const Result<StepReport> report = pool().step(quota);
    EXPECT_TRUE(report);
    pool().publish();
    fixture_->host->complete(kCopyQueue, fixture_->host->submittedValue(kCopyQueue));
    return report.value_or(StepReport{}).evictions;
  };
  for (int i = 0; i < 20; ++i) finish({});
  for (int i = 0; i < 12; ++i) (void)pool().beginFrame();
  for (int i = 0; i < 8; ++i) add(Given::Now);
  finish({});
  for (std::size_t i = kFit; i < things_.size(); ++i) pool().beginFrame().miss(things_[i]->block, Priority::High);
  finish({});  // eight begin to leave
  const StepQuota quota{.evictBytes = ByteCount{8} * kBlockBytes};
  std::vector<std::uint32_t> evictions;
  for (int i = 0; i < 8; ++i) evictions.push_back(finish(quota));
  EXPECT_EQ(evictions, std::vector<std::uint32_t>(8, 1));
}

TEST_F(PoolEviction, ABlockThatIsUsedWhileItsBytesAreReadBackStays) {
  for (const std::string_view how : {"drawn", "updated", "overwritten", "pinned", "removed"}) {
    SCOPED_TRACE(how);
    things_.clear();
    PoolDesc desc = smallMemory();
    make(desc, Completion::Manual);
    for (std::size_t i = 0; i < kFit; ++i) add(Given::Now);
    const auto finish = [&] {
      step();
      fixture_->host->complete(kCopyQueue, fixture_->host->submittedValue(kCopyQueue));
    };
    for (int i = 0; i < 20; ++i) finish();
    for (int i = 0; i < 12; ++i) (void)pool().beginFrame();
    add(Given::Now);
    step();
    const auto wantLast = [&] {
      Frame frame = pool().beginFrame();
      frame.miss(things_.back()->block, Priority::High);
    };
    wantLast();
    step();  // Something begins to leave, and the device takes its time.
    ASSERT_EQ(pool().stats().storeBytes, 2 * kBlockBytes) << "that of the new block, and of the one that leaves";
    ASSERT_EQ(pool().stats().evictions, 0U);
    const auto changed = test::pattern(99, 0, 9, kBlockBytes);
    Frame frame = pool().beginFrame();
    for (std::size_t i = 0; i < kFit; ++i) {
      Thing& thing = *things_[i];
      if (how == "drawn") {
        frame.use(thing.block);
      } else if (how == "removed") {
        ASSERT_TRUE(pool().remove(thing.block));
      } else if (how == "pinned") {
        ASSERT_TRUE(pool().pin(thing.block));
      } else {
        const PartUpdate update{PartId{0}, Source::bytes(changed)};
        ASSERT_TRUE(how == "updated" ? pool().update(thing.block, {&update, 1}).has_value()
                                     : pool().updateInPlace(thing.block, {&update, 1}).has_value());
        thing.bytes = changed;
      }
    }
    frame.end();
    finish();
    finish();
    EXPECT_EQ(pool().stats().evictions, 0U);
    for (int i = 0; i < 60; ++i) finish();
    fixture_->host->complete(kCopyQueue, fixture_->host->submittedValue(kCopyQueue));
    if (how == "removed") continue;
    for (std::size_t i = 0; i < kFit; ++i) {
      const Place place = pool().beginFrame().find(things_[i]->block, PartId{0}).place;
      if (place.bytes == 0) continue;
      EXPECT_EQ(fixture_->hashAt(place), hashBytes(things_[i]->bytes)) << i;
    }
  }
}

// What had been read back after the part that could not be was taken for read, too.
TEST_F(PoolEviction, ABlockOfWhichAPartCannotBeReadBackKeepsItsBytes) {
  PoolDesc desc = smallMemory();
  desc.readbackLimitBytes = desc.stagingPageBytes;
  make(desc);
  const std::array<std::vector<std::byte>, 3> bytes{test::pattern(1, 0, 1, 6000), test::pattern(1, 1, 1, 6000),
                                                    test::pattern(1, 2, 1, 8000)};
  std::array<PartDesc, 3> parts;
  for (std::size_t i = 0; i < 3; ++i) parts[i] = {PartKind::Vertex, bytes[i].size(), Source::bytes(bytes[i])};
  const BlockHandle block = pool().add(test::blockDesc("three parts", parts)).value();
  for (std::size_t i = 0; i < kFit - 1; ++i) add(Given::Now);
  for (int i = 0; i < 20; ++i) step();
  for (const auto& thing : things_) ASSERT_TRUE(pool().pin(thing->block));
  for (int i = 0; i < 12; ++i) (void)pool().beginFrame();

  std::vector<Readback> others;  // leave no room for what is to be read back
  for (std::size_t i = 0; i < 3; ++i) {
    others.push_back(pool().readBack({.block = things_[i]->block, .part = PartId{0}, .bytes = kBlockBytes}).value());
  }
  step();
  Thing& wanted = add(Given::Now);
  for (int i = 0; i < 3; ++i) {
    pool().beginFrame().miss(wanted.block, Priority::High);
    step();
  }
  ASSERT_EQ(pool().stats().storeBytes, 2 * kBlockBytes) << "that of the new block, and of the one that leaves";
  const PartId first{0};
  ASSERT_TRUE(pool().removeParts(block, {&first, 1}));
  others.clear();
  for (int i = 0; i < 40; ++i) {
    ASSERT_TRUE(pool().step({.evictBytes = ByteCount{8} * 7000}));  // in one step the first part and the second
    pool().publish();
  }
  for (const std::uint32_t part : {1U, 2U}) {
    PartLookup found;
    for (int i = 0; i < 60 && !found.drawable(); ++i) {
      Frame frame = pool().beginFrame();
      found = frame.find(block, PartId{part});
      if (!found.drawable()) frame.miss(block, Priority::High);
      frame.end();
      if (i == 0) {
        ASSERT_TRUE(pool().unpin(things_[part]->block));  // which leaves instead
      }
      step();
    }
    ASSERT_TRUE(found.drawable());
    EXPECT_EQ(fixture_->hashAt(found.place), hashBytes(bytes[part])) << part;
  }
}

TEST_F(PoolEviction, UpdatesOfAnAbsentBlockBringItBackWithBoth) {
  for (const Given given : {Given::Now, Given::Kept, Given::Lasting}) {
    for (const bool inPlace : {false, true}) {
      SCOPED_TRACE(static_cast<int>(given));
      things_.clear();
      fill(given);
      ASSERT_TRUE(press());
      Thing& gone = **std::ranges::find_if(things_, [this](const auto& thing) { return !resident(*thing); });
      const auto changed = test::pattern(7, 0, 2, 400);
      const PartUpdate update{PartId{0}, Source::bytes(changed), 1000, 400};
      ASSERT_TRUE(inPlace ? pool().updateInPlace(gone.block, {&update, 1}).has_value()
                          : pool().update(gone.block, {&update, 1}).has_value());
      std::ranges::copy(changed, gone.bytes.begin() + 1000);
      for (int i = 0; i < 40; ++i) step();
      const PartLookup found = pool().beginFrame().find(gone.block, PartId{0});
      ASSERT_EQ(found.status, FindStatus::Resident);
      EXPECT_EQ(fixture_->hashAt(found.place), hashBytes(gone.bytes));
      EXPECT_EQ(found.version, pool().requestedVersion(gone.block));
      fixture_.reset();
    }
  }
}

TEST_F(PoolEviction, BlocksWhosePartsComeAndGoKeepTheirIdsAndBytes) {
  make(smallMemory());
  std::map<std::pair<std::size_t, PartId>, std::vector<std::byte>> bytes;
  std::vector<BlockHandle> blocks;
  for (std::uint32_t i = 0; i < 40; ++i) {
    const std::array<std::vector<std::byte>, 3> given{test::pattern(i, 0, 1, 5000), test::pattern(i, 1, 1, 3000),
                                                      test::pattern(i, 2, 1, 7000)};
    std::array<PartDesc, 3> parts;
    for (std::size_t p = 0; p < 3; ++p) parts[p] = {PartKind::Vertex, given[p].size(), Source::bytes(given[p])};
    blocks.push_back(pool().add(test::blockDesc("live", parts)).value());
    step();
    const PartId second{1};
    ASSERT_TRUE(pool().removeParts(blocks[i], {&second, 1}));
    const auto more = test::pattern(i, 3, 1, 2000);
    const PartDesc part{PartKind::Index, more.size(), Source::bytes(more)};
    PartId id{};
    ASSERT_TRUE(pool().addParts(blocks[i], {&part, 1}, {&id, 1}));
    EXPECT_NE(partGeneration(id), 0U) << "the index has been used before";
    bytes[{i, PartId{0}}] = given[0];
    bytes[{i, PartId{2}}] = given[2];
    bytes[{i, id}] = more;
    step();
  }
  const auto check = [&](std::size_t block) {
    const Frame frame = pool().beginFrame();
    for (const auto& [key, expected] : bytes) {
      if (key.first != block) continue;
      const PartLookup found = frame.find(blocks[block], key.second);
      if (found.status != FindStatus::Resident) return false;
      EXPECT_EQ(fixture_->hashAt(found.place), hashBytes(expected));
    }
    EXPECT_EQ(frame.find(blocks[block], PartId{1}).status, FindStatus::Stale);
    return true;
  };
  std::vector<BlockHandle> more;
  more.reserve(30);
  for (int i = 0; i < 30; ++i) more.push_back(add(Given::Now).block);
  std::size_t missed = 0;
  for (int round = 0; round < 3; ++round) {
    for (std::size_t i = 0; i < blocks.size(); ++i) {
      for (int tries = 0; !check(i); ++tries) {
        ASSERT_LT(tries, 60);
        ++missed;
        pool().beginFrame().miss(blocks[i], Priority::High);
        step();
      }
      pool().beginFrame().use(blocks[i]);
    }
    for (const BlockHandle block : more) {
      pool().beginFrame().miss(block, Priority::Low);
      step();
    }
    for (int i = 0; i < 60; ++i) step();
  }
  EXPECT_GT(missed, 20U);
  EXPECT_GT(pool().stats().restores, 40U);
}

TEST_F(PoolEviction, SharedBlocksComeBackWithAllTheirParts) {
  make(smallMemory());
  std::vector<std::pair<SharedPart, std::vector<std::byte>>> small;
  for (std::uint32_t i = 0; i < 100; ++i) {
    auto bytes = test::pattern(i, 5, 1, 1200);
    const SharedPartDesc desc{.affinity = i % 3, .part = {PartKind::Storage, bytes.size(), Source::bytes(bytes)}};
    small.emplace_back(pool().addShared(desc).value(), std::move(bytes));
    if (i % 5 == 0) step();
  }
  for (int i = 0; i < 20; ++i) step();
  for (int i = 0; i < 80; ++i) add(Given::Now);
  step();
  for (std::size_t first = 0; first < 80; first += 20) EXPECT_LE(drawAll(first, 40), 60);
  std::size_t absent = 0;
  for (const auto& [part, bytes] : small) {
    for (int tries = 0; tries < 60; ++tries) {
      const PartLookup found = pool().beginFrame().find(part.block, part.part);
      if (found.status == FindStatus::Resident) {
        EXPECT_EQ(fixture_->hashAt(found.place), hashBytes(bytes));
        break;
      }
      ASSERT_EQ(found.status, FindStatus::Absent);
      ASSERT_LT(tries, 59);
      ++absent;
      pool().beginFrame().miss(part.block, Priority::Normal);
      step();
    }
  }
  EXPECT_GT(absent, 0U);
}

TEST_F(PoolEviction, ASourceThatFailsLaterLosesTheBlockByName) {
  fill(Given::Lasting);
  EXPECT_TRUE(press());
  Thing& gone = **std::ranges::find_if(things_, [this](const auto& thing) { return !resident(*thing); });
  gone.bytes.clear();  // its function answers false from now on
  ASSERT_TRUE(pool().request(gone.block, Priority::High));
  std::vector<Error> errors;
  for (int i = 0; i < 60 && errors.empty(); ++i) {
    ASSERT_TRUE(pool().step());
    errors.assign(pool().errors().begin(), pool().errors().end());
    pool().publish();
  }
  ASSERT_EQ(errors.size(), 1U);
  EXPECT_EQ(errors[0].code, ErrorCode::SourceFailed);
  EXPECT_EQ(errors[0].handle, gone.block);
  EXPECT_EQ(pool().beginFrame().find(gone.block).status, FindStatus::Lost);
}

// Its range was in the place that the block has left: in the one to which it has come back another part has those
// bytes.
TEST_F(PoolResidency, APartThatWasRemovedBeforeItsBlockLeftFreesNothingWhereItComesBack) {
  constexpr std::uint32_t kParts = 3;
  constexpr ByteCount kPartBytes = 2000;
  make(smallMemory());
  std::vector<std::vector<std::byte>> bytes;
  std::vector<PartDesc> parts;
  for (std::uint32_t i = 0; i < kParts; ++i) {
    bytes.push_back(pattern(7, i, 1, kPartBytes));
    parts.push_back({PartKind::Vertex, kPartBytes, Source::bytes(bytes.back())});
  }
  const BlockHandle block = pool().add(blockDesc("block", parts)).value();
  for (int i = 0; i < 12; ++i) step();
  Frame old = pool().beginFrame();
  const PartId removed{0};
  ASSERT_TRUE(pool().removeParts(block, {&removed, 1}));
  step();
  ASSERT_TRUE(pool().setBudget({.hardBytes = kLimitBytes, .softBytes = kPartBytes}));
  for (int i = 0; i < 20 && pool().stats().evictions == 0; ++i) step();
  ASSERT_EQ(pool().stats().evictions, 1U);
  ASSERT_TRUE(pool().setBudget({.hardBytes = kLimitBytes}));
  ASSERT_TRUE(pool().request(block, Priority::High));
  for (int i = 0; i < 20 && pool().stats().restores == 0; ++i) step();
  ASSERT_EQ(pool().stats().restores, 1U);
  const ByteCount free = pool().inspect(block)->gaps->freeBytes;

  old.end();
  for (int i = 0; i < 3; ++i) step();
  EXPECT_EQ(pool().stats().retiredBytes, 0U);
  EXPECT_EQ(pool().inspect(block)->gaps->freeBytes, free);
  const Frame frame = pool().beginFrame();
  for (std::uint32_t i = 1; i < kParts; ++i) {
    const PartLookup found = frame.find(block, PartId{i});
    ASSERT_TRUE(found.drawable());
    EXPECT_EQ(fixture_->hashAt(found.place), hashBytes(bytes[i])) << i;
  }
}

TEST_F(PoolEviction, FallbacksAreDrawnMeanwhile) {
  make(smallMemory());
  const Thing& coarse = add(Given::Now, 512);
  ASSERT_TRUE(pool().pin(coarse.block));
  step();
  std::vector<BlockHandle> chain{coarse.block};
  const auto bytes = test::pattern(1, 1, 1, kBlockBytes);
  const PartDesc part{PartKind::Vertex, kBlockBytes, Source::bytes(bytes)};
  for (int i = 0; i < 3; ++i) {
    BlockDesc desc = test::blockDesc("level", {&part, 1});
    desc.fallback = chain.back();
    chain.push_back(pool().add(desc).value());
  }
  for (int i = 0; i < 20; ++i) step();
  for (int i = 0; i < 60; ++i) add(Given::Now);
  step();
  for (int i = 0; i < 3; ++i) (void)drawAll(1, kFit);
  const BlockLookup found = pool().beginFrame().find(chain.back());
  EXPECT_EQ(found.status, FindStatus::Fallback);
  EXPECT_EQ(found.block, coarse.block) << "over two that are not there either";
}

TEST_F(PoolEviction, APoolThatDoesNotEvictRefuses) {
  PoolDesc desc = smallMemory();
  desc.evicts = false;
  make(desc);
  std::vector<std::byte> bytes(kBlockBytes);
  const PartDesc part{PartKind::Vertex, kBlockBytes, Source::bytes(bytes), true};
  Result<BlockHandle> added = BlockHandle{};
  for (int i = 0; i < 100 && added; ++i) {
    added = pool().add(test::blockDesc("refused", {&part, 1}));
    step();
  }
  ASSERT_FALSE(added);
  EXPECT_EQ(added.error().code, ErrorCode::OutOfBudget);
  EXPECT_EQ(pool().stats().evictions, 0U);
}

}  // namespace
}  // namespace flux
