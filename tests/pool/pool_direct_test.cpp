// Bytes that the host writes straight into their place, where the device maps its chunks.

#include <flux/producer.hpp>

#include "pool/pool_test_tools.hpp"

#include <algorithm>
#include <array>
#include <memory>

namespace flux {
namespace {

using test::kDrawQueue;
using test::pattern;
using test::PoolFixture;
using Bytes = std::vector<std::byte>;

constexpr PartId kPart{0};

/// On a device whose copies happen only when they are asked to.
PoolFixture fixture(ByteCount directBytes) {
  return PoolFixture(HostDeviceDesc::Completion::Manual, test::smallPool(), 2, directBytes);
}

Source owned(const Bytes& bytes) {
  const std::shared_ptr<std::byte[]> copy(new std::byte[bytes.size()]);
  std::ranges::copy(bytes, copy.get());
  return Source::owned(copy, bytes.size());
}

/// A function that gives the bytes that it gets as context.
Source asked(const Bytes& bytes) {
  return Source::callback(
      [](void* context, const FillRequest& request) {
        const auto& all = *static_cast<const Bytes*>(context);
        std::copy_n(all.begin() + static_cast<std::ptrdiff_t>(request.offset), request.destination.size(),
                    request.destination.begin());
        return true;
      },
      const_cast<Bytes*>(&bytes));
}

BlockHandle add(PoolFixture& f, const Source& source, std::size_t bytes) {
  const PartDesc part{PartKind::Vertex, bytes, source};
  return f.pool->add(test::blockDesc("rock", {&part, 1})).value();
}

StepReport step(PoolFixture& f, const StepQuota& quota = {}) {
  const Result<StepReport> report = f.pool->step(quota);
  EXPECT_TRUE(report) << describe(report.error());
  f.pool->publish();
  return report.value_or(StepReport{});
}

bool shows(PoolFixture& f, BlockHandle block, const Bytes& bytes, PartId part = kPart) {
  const Frame frame = f.pool->beginFrame();
  const PartLookup found = frame.find(block, part);
  return found.status == FindStatus::Resident && f.hashAt(found.place) == hashBytes(bytes);
}

void expectRightProgram(const PoolFixture& f) {
  EXPECT_EQ(f.host->earlyReclaims(), 0U);
  EXPECT_EQ(f.host->overwrites(), 0U);
}

TEST(PoolDirect, ANewBlockIsResidentInItsStepWithoutASubmission) {
  PoolFixture f = fixture(kAllBytes);
  const std::array bytes{pattern(1, 0, 1, 999), pattern(1, 1, 1, 5000), pattern(1, 2, 1, 30'000)};
  Bytes given = bytes[0];
  const std::array parts{PartDesc{PartKind::Vertex, 999, Source::bytes(given)},
                         PartDesc{PartKind::Index, 5000, owned(bytes[1])},
                         PartDesc{PartKind::Storage, 30'000, asked(bytes[2])}};
  const BlockHandle block = f.pool->add(test::blockDesc("rock", parts)).value();
  std::ranges::fill(given, std::byte{0});  // the caller's memory is free again
  EXPECT_EQ(f.pool->beginFrame().find(block).status, FindStatus::Stale) << "nothing is published";
  const StepReport report = step(f);
  EXPECT_EQ(report.uploadedBytes, 35'999U);
  EXPECT_EQ(report.directBytes, 35'999U);
  EXPECT_EQ(report.pieces, 0U);
  EXPECT_EQ(report.completedBlocks, 1U);
  EXPECT_EQ(f.host->submittedValue(kCopyQueue), 0U);
  EXPECT_EQ(f.pool->stats().stagingBytes, 0U);
  for (std::uint32_t i = 0; i < parts.size(); ++i) EXPECT_TRUE(shows(f, block, bytes[i], PartId{i})) << i;
  expectRightProgram(f);
}

TEST(PoolDirect, AnUpdateOfAllBytesNeedsNoCopyAndOpenFramesKeepTheOldOnes) {
  PoolFixture f = fixture(kAllBytes);
  const Bytes before = pattern(1, 0, 1, 800);
  const Bytes after = pattern(1, 0, 2, 800);
  const BlockHandle block = f.add("rock", before);
  step(f);
  Frame frame = f.pool->beginFrame();
  const Place old = frame.find(block, kPart).place;
  ASSERT_TRUE(f.update(block, after));
  const StepReport report = step(f);
  EXPECT_EQ(report.directBytes, 800U);
  EXPECT_EQ(report.pieces, 0U);
  EXPECT_TRUE(shows(f, block, after));
  EXPECT_EQ(f.hashAt(old), hashBytes(before)) << "the frame still draws it";
  EXPECT_EQ(f.host->submittedValue(kCopyQueue), 0U);
  frame.end();
  step(f);
  step(f);
  EXPECT_EQ(f.pool->stats().retiredBytes, 0U);
  expectRightProgram(f);
}

TEST(PoolDirect, BytesThatDoNotChangeAreCopiedOnTheDevice) {
  PoolFixture f = fixture(kAllBytes);
  const Bytes before = pattern(1, 0, 1, 800);
  const BlockHandle block = f.add("rock", before);
  step(f);
  const Bytes range = pattern(1, 0, 2, 100);
  const PartUpdate update{kPart, Source::bytes(range), 200, 100};
  ASSERT_TRUE(f.pool->update(block, {&update, 1}));
  const StepReport report = step(f);
  EXPECT_EQ(report.directBytes, 100U);
  EXPECT_EQ(report.copiedBytes, 700U);
  EXPECT_EQ(report.pieces, 2U);
  EXPECT_EQ(report.completedBlocks, 0U) << "the copies are not done";
  EXPECT_TRUE(shows(f, block, before));
  f.host->complete(kCopyQueue, 1);
  step(f);
  Bytes expected = before;
  std::ranges::copy(range, expected.begin() + 200);
  EXPECT_TRUE(shows(f, block, expected));
  expectRightProgram(f);
}

TEST(PoolDirect, AnUpdateInPlaceStaysACopy) {
  PoolFixture f = fixture(kAllBytes);
  const Bytes before = pattern(1, 0, 1, 800);
  const BlockHandle block = f.add("rock", before);
  step(f);
  const Bytes range = pattern(1, 0, 2, 100);
  const PartUpdate update{kPart, Source::bytes(range), 200, 100};
  ASSERT_TRUE(f.pool->updateInPlace(block, {&update, 1}));
  const StepReport report = step(f);
  EXPECT_EQ(report.directBytes, 0U);
  EXPECT_EQ(report.pieces, 1U);
  EXPECT_TRUE(shows(f, block, before)) << "it comes in the order of the queues";
  EXPECT_EQ(f.host->earlyReclaims(), 0U);
}

TEST(PoolDirect, WhatIsOverTheDevicesBoundGoesByCopies) {
  PoolFixture f = fixture(1000);
  const std::array bytes{pattern(1, 0, 1, 800), pattern(2, 0, 1, 800), pattern(3, 0, 1, 200), pattern(4, 0, 1, 800)};
  const BlockHandle first = add(f, owned(bytes[0]), 800);
  const BlockHandle second = add(f, owned(bytes[1]), 800);
  const BlockHandle third = add(f, asked(bytes[2]), 200);
  StepReport report = step(f);
  EXPECT_EQ(report.uploadedBytes, 1800U);
  EXPECT_EQ(report.directBytes, 1000U);
  EXPECT_EQ(report.pieces, 1U);
  EXPECT_EQ(report.completedBlocks, 2U);
  EXPECT_TRUE(shows(f, first, bytes[0]));
  EXPECT_TRUE(shows(f, third, bytes[2]));
  EXPECT_EQ(f.pool->beginFrame().find(second).status, FindStatus::Absent);
  const BlockHandle fourth = f.add("rock", bytes[3]);
  report = step(f);
  EXPECT_EQ(report.directBytes, 800U) << "each step has its own";
  EXPECT_EQ(report.pieces, 0U);
  EXPECT_TRUE(shows(f, fourth, bytes[3])) << "no copy before it holds it up";
  f.host->complete(kCopyQueue, 1);
  step(f);
  EXPECT_TRUE(shows(f, second, bytes[1]));
  expectRightProgram(f);
}

TEST(PoolDirect, BytesGivenToAddCountBeforeTheStep) {
  PoolFixture f = fixture(1000);
  const Bytes bytes = pattern(1, 0, 1, 600);
  f.add("rock", bytes);
  EXPECT_EQ(f.pool->stats().stagingBytes, 0U);
  f.add("rock", bytes);
  EXPECT_GT(f.pool->stats().stagingBytes, 0U) << "over the bound";
  const StepReport report = step(f);
  EXPECT_EQ(report.directBytes, 600U);
  EXPECT_EQ(report.pieces, 1U);
}

TEST(PoolDirect, TheQuotaCountsDirectBytesButNoPieces) {
  PoolFixture f = fixture(kAllBytes);
  const Bytes bytes = pattern(1, 0, 1, 1000);
  const std::array blocks{f.add("given", bytes), add(f, asked(bytes), 1000)};
  const StepQuota quota{.uploadBytes = 100, .pieces = 0};
  ByteCount moved = 0;
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(f.pool->beginFrame().find(blocks[1]).status, i == 0 ? FindStatus::Stale : FindStatus::Absent) << i;
    const StepReport report = step(f, quota);
    EXPECT_EQ(report.directBytes, 100U) << i;
    moved += report.directBytes;
    EXPECT_EQ(shows(f, blocks[0], bytes), moved >= 1000) << i;
  }
  EXPECT_TRUE(shows(f, blocks[1], bytes));
}

TEST(PoolDirect, WhatProducersStagedIsWrittenByTheHostOnlyWhereAllIs) {
  for (const bool all : {true, false}) {
    PoolFixture f = fixture(all ? kAllBytes : 10'000);
    Producer producer = f.pool->makeProducer();
    EXPECT_FALSE(producer.stage(900)) << "no page is open yet";
    step(f);
    const Bytes bytes = pattern(1, 0, 1, 900);
    StagedBytes staged = producer.stage(900).value();
    std::ranges::copy(bytes, staged.bytes().begin());
    const PartDesc part{PartKind::Vertex, 900, Source::staged(std::move(staged))};
    const BlockHandle block = producer.add(test::blockDesc("rock", {&part, 1})).value();
    const StepReport report = step(f);
    EXPECT_EQ(report.directBytes, all ? 900U : 0U);
    EXPECT_EQ(report.pieces, all ? 0U : 1U);
    EXPECT_EQ(shows(f, block, bytes), all);
    f.host->complete(kCopyQueue, 1);
    step(f);
    EXPECT_TRUE(shows(f, block, bytes));
    expectRightProgram(f);
  }
}

TEST(PoolDirect, AFailingSourceLosesTheBlockAndItsPlaceIsUsedAgain) {
  PoolFixture f = fixture(kAllBytes);
  const auto halfway = [](void*, const FillRequest& request) {
    std::ranges::fill(request.destination.first(request.destination.size() / 2), std::byte{7});
    return false;
  };
  const BlockHandle lost = add(f, Source::callback(halfway, nullptr), 40'000);
  const StepReport report = step(f);
  ASSERT_EQ(report.errors.size(), 1U);
  EXPECT_EQ(report.errors[0].code, ErrorCode::SourceFailed);
  EXPECT_EQ(report.directBytes, 0U);
  EXPECT_EQ(f.pool->beginFrame().find(lost).status, FindStatus::Lost);
  step(f);
  const Bytes bytes = pattern(2, 0, 1, 40'000);
  const BlockHandle next = f.add("rock", bytes);
  step(f);
  EXPECT_TRUE(shows(f, next, bytes));
  EXPECT_EQ(f.pool->stats().chunks, 1U) << "in the same chunk, which has room for one of them";
  expectRightProgram(f);
}

TEST(PoolDirect, ABlockRemovedBeforeItsStepLeavesNothingBehind) {
  PoolFixture f = fixture(kAllBytes);
  const BlockHandle block = f.add("rock", pattern(1, 0, 1, 40'000));
  ASSERT_TRUE(f.pool->remove(block));
  step(f);
  step(f);
  EXPECT_EQ(f.pool->stats().retiredBytes, 0U);
  const Bytes bytes = pattern(2, 0, 1, 40'000);
  const BlockHandle next = f.add("rock", bytes);
  step(f);
  EXPECT_TRUE(shows(f, next, bytes));
  EXPECT_EQ(f.host->submittedValue(kCopyQueue), 0U);
  expectRightProgram(f);
}

TEST(PoolDirect, SharedThingsAndNewPartsAreThereInTheSameStep) {
  PoolFixture f = fixture(kAllBytes);
  const Bytes bytes = pattern(1, 0, 1, 300);
  const PartDesc part{PartKind::Vertex, bytes.size(), Source::bytes(bytes)};
  const SharedPart shared = f.pool->addShared({.affinity = 1, .part = part, .name = "bolt"}).value();
  const BlockHandle block = f.add("rock", pattern(2, 0, 1, 300));
  EXPECT_EQ(step(f).pieces, 0U);
  EXPECT_TRUE(shows(f, shared.block, bytes, shared.part));
  const SharedPart second = f.pool->addShared({.affinity = 1, .part = part, .name = "bolt"}).value();
  EXPECT_EQ(second.block, shared.block) << "in a gap of the same block";
  EXPECT_EQ(step(f).pieces, 0U);
  EXPECT_TRUE(shows(f, second.block, bytes, second.part));
  // A block that has no room for another part moves, and with it what does not change.
  std::array<PartId, 1> ids{};
  ASSERT_TRUE(f.pool->addParts(block, {&part, 1}, ids));
  const StepReport report = step(f);
  EXPECT_EQ(report.directBytes, 300U);
  EXPECT_EQ(report.copiedBytes, 300U);
  f.host->complete(kCopyQueue, 1);
  step(f);
  EXPECT_TRUE(shows(f, block, bytes, ids[0]));
  expectRightProgram(f);
}

}  // namespace
}  // namespace flux
