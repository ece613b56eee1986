// Owners, pins, handles.

#include "pool/pool_test_tools.hpp"

#include <set>

namespace flux {
namespace {

using test::pattern;
using test::PoolFixture;

constexpr PartId kPart{0};

ErrorCode codeOf(const Result<void>& result) {
  EXPECT_FALSE(result.has_value());
  return result ? ErrorCode{} : result.error().code;
}

TEST(PoolOwners, TheLastReleaseRemovesTheBlock) {
  PoolFixture f;
  const BlockHandle block = f.add("shared", pattern(1, 0, 1, 64));
  ASSERT_TRUE(f.pool->retain(block));
  ASSERT_TRUE(f.pool->retain(block));
  f.stepAndPublish(2);
  ASSERT_TRUE(f.pool->release(block));
  ASSERT_TRUE(f.pool->release(block));
  f.stepAndPublish(2);
  EXPECT_TRUE(f.pool->beginFrame().find(block).drawable());
  ASSERT_TRUE(f.pool->release(block));
  EXPECT_EQ(codeOf(f.pool->release(block)), ErrorCode::StaleHandle);
  EXPECT_EQ(codeOf(f.pool->retain(block)), ErrorCode::StaleHandle);
  f.stepAndPublish(3);
  EXPECT_EQ(f.pool->beginFrame().find(block).status, FindStatus::Stale);
  EXPECT_EQ(f.pool->stats().blocks, 0U);
  EXPECT_EQ(f.pool->stats().retiredBytes, 0U);
}

TEST(PoolOwners, RemovingEndsItForAllOwners) {
  PoolFixture f;
  const BlockHandle block = f.add("shared", pattern(1, 0, 1, 64));
  ASSERT_TRUE(f.pool->retain(block));
  ASSERT_TRUE(f.pool->remove(block));
  EXPECT_EQ(codeOf(f.pool->release(block)), ErrorCode::StaleHandle);
}

TEST(PoolPins, APinnedBlockIsNeitherUpdatedNorRemoved) {
  PoolFixture f;
  const BlockHandle block = f.add("ui", pattern(1, 0, 1, 64));
  f.stepAndPublish(2);
  ASSERT_TRUE(f.pool->pin(block));
  ASSERT_TRUE(f.pool->pin(block));
  const Place place = f.pool->beginFrame().find(block).place;
  const Result<ContentVersion> updated = f.update(block, pattern(1, 0, 2, 64));
  ASSERT_FALSE(updated.has_value());
  EXPECT_EQ(updated.error().code, ErrorCode::Pinned);
  EXPECT_EQ(updated.error().resourceName(), "ui");
  EXPECT_EQ(codeOf(f.pool->remove(block)), ErrorCode::Pinned);
  ASSERT_TRUE(f.pool->unpin(block));
  EXPECT_EQ(codeOf(f.pool->remove(block)), ErrorCode::Pinned) << "pins count";
  f.stepAndPublish(3);
  EXPECT_EQ(f.pool->beginFrame().find(block).place.offset, place.offset);
  ASSERT_TRUE(f.pool->unpin(block));
  EXPECT_EQ(codeOf(f.pool->unpin(block)), ErrorCode::InvalidArgument);
  EXPECT_TRUE(f.update(block, pattern(1, 0, 2, 64)));
}

TEST(PoolPins, WhatWasAskedBeforeThePinStillArrives) {
  PoolFixture f;
  const BlockHandle block = f.add("ui", pattern(1, 0, 1, 64));
  f.stepAndPublish(2);
  ASSERT_TRUE(f.update(block, pattern(1, 0, 2, 64)));
  ASSERT_TRUE(f.pool->pin(block));
  f.stepAndPublish(3);
  const PartLookup found = f.pool->beginFrame().find(block, kPart);
  EXPECT_EQ(found.version, 2U);
  EXPECT_EQ(f.hashAt(found.place), hashBytes(pattern(1, 0, 2, 64)));
}

TEST(PoolPins, ABlockWithoutOwnersGoesWhenItsPinGoes) {
  PoolFixture f;
  const BlockHandle block = f.add("ui", pattern(1, 0, 1, 64));
  ASSERT_TRUE(f.pool->pin(block));
  ASSERT_TRUE(f.pool->release(block));
  f.stepAndPublish(3);
  EXPECT_TRUE(f.pool->beginFrame().find(block).drawable());
  ASSERT_TRUE(f.pool->unpin(block));
  f.stepAndPublish(3);
  EXPECT_EQ(f.pool->beginFrame().find(block).status, FindStatus::Stale);
}

#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
constexpr std::uint32_t kLives = 1U << 13U;  // one life looks like any other; this is about time
#else
constexpr std::uint32_t kLives = 1U << 20U;
#endif

TEST(PoolHandles, AnOldHandleIsRefusedAfterAMillionLivesOfItsIndex) {
  PoolDesc desc = test::smallPool();
  desc.maxBlocks = 1;
  PoolFixture f(HostDeviceDesc::Completion::Immediate, desc);
  const auto bytes = pattern(1, 0, 1, 16);
  const BlockHandle first = f.add("first", bytes);
  BlockHandle block = first;
  for (std::uint32_t life = 0; life < kLives; ++life) {
    ASSERT_TRUE(f.pool->remove(block));
    // The index comes free when nobody can name it any more; until then there is none.
    Result<BlockHandle> next = Unexpected(Error{});
    const PartDesc part{PartKind::Vertex, bytes.size(), Source::bytes(bytes)};
    for (int tries = 0; tries < 8 && !next; ++tries) {
      ASSERT_TRUE(f.pool->step());
      f.pool->publish();
      next = f.pool->add(test::blockDesc("next", {&part, 1}));
    }
    ASSERT_TRUE(next.has_value());
    ASSERT_EQ(next->index, block.index);
    ASSERT_GT(next->generation, block.generation);
    block = *next;
  }
  f.stepAndPublish(3);
  const Frame frame = f.pool->beginFrame();
  EXPECT_TRUE(frame.find(block).drawable());
  EXPECT_EQ(frame.find(first).status, FindStatus::Stale);
  EXPECT_EQ(codeOf(f.pool->remove(first)), ErrorCode::StaleHandle);
}

TEST(PoolHandles, CapacityIsExact) {
  PoolDesc desc = test::smallPool();
  desc.maxBlocks = 100;
  PoolFixture f(HostDeviceDesc::Completion::Immediate, desc);
  const auto bytes = pattern(1, 0, 1, 16);
  std::vector<BlockHandle> blocks;
  for (std::uint32_t i = 0; i < desc.maxBlocks; ++i) blocks.push_back(f.add("block", bytes));
  const PartDesc part{PartKind::Vertex, bytes.size(), Source::bytes(bytes)};
  const Result<BlockHandle> over = f.pool->add(test::blockDesc("one more", {&part, 1}));
  ASSERT_FALSE(over.has_value());
  EXPECT_EQ(over.error().code, ErrorCode::TooManyBlocks);
  EXPECT_EQ(over.error().resourceName(), "one more");
  f.stepAndPublish(2);
  ASSERT_TRUE(f.pool->remove(blocks[50]));
  f.stepAndPublish(3);
  EXPECT_TRUE(f.pool->add(test::blockDesc("instead", {&part, 1})));
}

TEST(PoolParts, PartsBeyondTheColumnAreFoundInTheLayout) {
  PoolFixture f;
  constexpr std::uint32_t kParts = kInlineParts + 3;
  std::vector<std::vector<std::byte>> bytes;
  std::vector<PartDesc> parts;
  for (std::uint32_t i = 0; i < kParts; ++i) {
    bytes.push_back(pattern(1, i, 1, 40 + 16 * i));
    const PartKind kind = static_cast<PartKind>(i % kPartKindCount);
    parts.push_back({kind, bytes.back().size(), Source::bytes(bytes.back())});
  }
  const BlockHandle block = f.pool->add(test::blockDesc("many parts", parts)).value();
  f.stepAndPublish(2);
  const Frame frame = f.pool->beginFrame();
  for (std::uint32_t i = 0; i < kParts; ++i) {
    const PartLookup found = frame.find(block, PartId{i});
    EXPECT_EQ(found.status, FindStatus::Resident);
    EXPECT_EQ(found.kind, parts[i].kind);
    EXPECT_EQ(found.place.bytes, bytes[i].size());
    EXPECT_EQ(f.hashAt(found.place), hashBytes(bytes[i]));
  }
  for (const std::uint32_t none : {kParts, kParts + 1, 64U, 0xFFFFFFFFU}) {
    EXPECT_EQ(frame.find(block, PartId{none}).status, FindStatus::Stale) << none;
    EXPECT_FALSE(frame.find(block, PartId{none}).drawable()) << none;
  }
  const BlockHandle single = f.add("one part", pattern(2, 0, 1, 64));
  f.stepAndPublish(2);
  EXPECT_EQ(f.pool->beginFrame().find(single, PartId{1}).status, FindStatus::Stale);
}

/// Two hold free bytes of an application, and give them away at once.
TEST(PoolSources, OwnedBytesAreKeptUntilTheyHaveArrived) {
  PoolFixture f;
  const auto wanted = pattern(3, 0, 1, 100'000);  // more than the staging pages take at once
  bool freed = false;
  const std::shared_ptr<const std::byte[]> bytes(new std::byte[wanted.size()], [&freed](const std::byte* b) {
    delete[] b;
    freed = true;
  });
  std::copy(wanted.begin(), wanted.end(), const_cast<std::byte*>(bytes.get()));
  PartDesc part{PartKind::Vertex, wanted.size(), Source::owned(bytes, wanted.size())};
  const BlockHandle block = f.pool->add(test::blockDesc("owned", {&part, 1})).value();
  part.source = Source::bytes({});
  const_cast<std::shared_ptr<const std::byte[]>&>(bytes).reset();
  EXPECT_FALSE(freed);
  f.stepAndPublish(6);
  const PartLookup found = f.pool->beginFrame().find(block, kPart);
  ASSERT_TRUE(found.drawable());
  EXPECT_EQ(f.hashAt(found.place), hashBytes(wanted));
  EXPECT_TRUE(freed);

  const PartDesc wrong{PartKind::Vertex, 10, Source::owned(std::make_shared<std::byte[]>(9), 9)};
  EXPECT_EQ(f.pool->add(test::blockDesc("wrong", {&wrong, 1})).error().code, ErrorCode::InvalidArgument);
}

}  // namespace
}  // namespace flux
