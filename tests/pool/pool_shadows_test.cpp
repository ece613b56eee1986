// Copies of parts that the pool keeps on the host: what they hold, when they are stale, what they cost, and that they
// bring everything back after a lost device.

#include "pool/pool_test_tools.hpp"

#include <flux/readback.hpp>

#include <algorithm>
#include <array>
#include <map>
#include <utility>

namespace flux {
namespace {

using test::PoolFixture;
using Completion = HostDeviceDesc::Completion;

constexpr PartId kPart{0};

PoolDesc poolWithShadows() {
  PoolDesc desc = test::smallPool();
  desc.readbackLimitBytes = 2 * desc.stagingPageBytes;
  desc.shadowLimitBytes = 300'000;
  return desc;
}

bool failsWith(const auto& result, ErrorCode code) {
  return !result && result.error().code == code;
}

class PoolShadows : public testing::Test {
 protected:
  Pool& pool() { return *fixture_.pool; }

  Result<BlockHandle> addKept(Source source, ByteCount bytes) {
    const PartDesc part{PartKind::Storage, bytes, std::move(source), true};
    return pool().add(test::blockDesc("kept", {&part, 1}));
  }
  void steps(int count = 6) { fixture_.stepAndPublish(count); }

  [[nodiscard]] std::vector<std::byte> kept(BlockHandle block) {
    const Result<Source> found = pool().shadow(block, kPart);
    EXPECT_TRUE(found) << describe(found.error());
    if (!found) return {};
    return {found->data().begin(), found->data().end()};
  }
  [[nodiscard]] std::vector<std::byte> onDevice(BlockHandle block, ByteCount bytes) {
    const Place place = pool().beginFrame().find(block, kPart).place;
    const auto found = fixture_.host->bytes(place.chunk).subspan(place.offset, bytes);
    return {found.begin(), found.end()};
  }

  PoolFixture fixture_{Completion::Immediate, poolWithShadows()};
};

TEST_F(PoolShadows, HoldTheNewestAcceptedContents) {
  auto bytes = test::pattern(1, 0, 1, 5000);
  const BlockHandle block = addKept(Source::bytes(bytes), 5000).value();
  EXPECT_EQ(kept(block), bytes);
  std::uint32_t version = 1;
  for (const auto& [offset, count] : {std::pair{0, 5000}, {4, 8}, {4096, 904}, {1000, 3000}}) {
    const auto changed = test::pattern(1, 0, ++version, static_cast<std::size_t>(count));
    std::ranges::copy(changed, bytes.begin() + offset);
    const PartUpdate update{kPart, Source::bytes(changed), static_cast<ByteOffset>(offset),
                            static_cast<ByteCount>(count)};
    ASSERT_TRUE(version % 2 == 0 ? pool().update(block, {&update, 1}).has_value()
                                 : pool().updateInPlace(block, {&update, 1}).has_value());
    EXPECT_EQ(kept(block), bytes) << "at once";
    steps();
    EXPECT_EQ(onDevice(block, 5000), bytes);
  }
  EXPECT_EQ(pool().stats().shadowBytes, 5000U);
  ASSERT_TRUE(pool().remove(block));
  EXPECT_EQ(pool().stats().shadowBytes, 0U);
  EXPECT_TRUE(failsWith(pool().shadow(block, kPart), ErrorCode::StaleHandle));
}

TEST_F(PoolShadows, ShareOwnedBytesAndNeverWriteWhatOthersHold) {
  const auto bytes = test::pattern(1, 0, 1, 4000);
  const std::shared_ptr<std::byte[]> owned(new std::byte[4000]);
  std::ranges::copy(bytes, owned.get());
  const BlockHandle block = addKept(Source::owned(owned, 4000), 4000).value();
  EXPECT_EQ(pool().shadow(block, kPart).value().data().data(), owned.get()) << "no copy";
  const Source before = pool().shadow(block, kPart).value();
  const auto changed = test::pattern(1, 0, 2, 64);
  const PartUpdate update{kPart, Source::bytes(changed), 128, 64};
  ASSERT_TRUE(pool().update(block, {&update, 1}));
  EXPECT_TRUE(std::ranges::equal(before.data(), bytes)) << "neither the owner's bytes";
  const Source second = pool().shadow(block, kPart).value();
  EXPECT_TRUE(std::ranges::equal(second.data().subspan(128, 64), changed));
  ASSERT_TRUE(pool().update(block, {&update, 1}));
  const auto again = test::pattern(1, 0, 3, 64);
  const PartUpdate other{kPart, Source::bytes(again), 128, 64};
  ASSERT_TRUE(pool().update(block, {&other, 1}));
  EXPECT_TRUE(std::ranges::equal(second.data().subspan(128, 64), changed)) << "nor what was given out";
  const auto last = kept(block);
  EXPECT_TRUE(std::ranges::equal(std::span(last).subspan(128, 64), again));
}

TEST_F(PoolShadows, AreBoundedAndRefuseWhatCannotBeKept) {
  const auto bytes = test::pattern(1, 0, 1, 100'000);
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(addKept(Source::bytes(bytes), bytes.size()));
    steps();
  }
  const PoolStats before = pool().stats();
  const std::array<std::byte, 1> one{};
  EXPECT_TRUE(failsWith(addKept(Source::bytes(one), 1), ErrorCode::OutOfBudget));
  EXPECT_EQ(pool().stats().blocks, before.blocks);
  EXPECT_EQ(before.shadowBytes, 300'000U);

  PoolFixture other(Completion::Immediate, poolWithShadows());
  const auto fill = [](void*, const FillRequest& request) {
    std::ranges::fill(request.destination, std::byte{1});
    return true;
  };
  PartDesc part{PartKind::Storage, 64, Source::callback(fill, nullptr), true};
  EXPECT_TRUE(failsWith(other.pool->add(test::blockDesc("asked", {&part, 1})), ErrorCode::InvalidArgument));
  part.source = Source::bytes(std::span(bytes).first(64));
  const BlockHandle block = other.pool->add(test::blockDesc("kept", {&part, 1})).value();
  const PartUpdate update{kPart, Source::callback(fill, nullptr)};
  EXPECT_TRUE(failsWith(other.pool->update(block, {&update, 1}), ErrorCode::InvalidArgument));
  EXPECT_TRUE(failsWith(other.pool->updateInPlace(block, {&update, 1}), ErrorCode::InvalidArgument));
  EXPECT_TRUE(failsWith(other.pool->addShared({.part = part}), ErrorCode::InvalidArgument));
  EXPECT_TRUE(failsWith(other.pool->shadow(block, PartId{1}), ErrorCode::InvalidArgument));
  part.kept = false;
  const BlockHandle plain = other.pool->add(test::blockDesc("plain", {&part, 1})).value();
  EXPECT_TRUE(failsWith(other.pool->shadow(plain, kPart), ErrorCode::InvalidArgument));
  EXPECT_TRUE(failsWith(other.pool->markWritten(plain, kPart, {}), ErrorCode::InvalidArgument));
}

TEST_F(PoolShadows, ComeAndGoWithTheirParts) {
  const auto bytes = test::pattern(1, 0, 1, 1000);
  const BlockHandle block = addKept(Source::bytes(bytes), 1000).value();
  steps();
  const std::array<PartDesc, 2> parts{PartDesc{PartKind::Storage, 1000, Source::bytes(bytes), true},
                                      PartDesc{PartKind::Storage, 1000, Source::bytes(bytes)}};
  std::array<PartId, 2> ids{};
  ASSERT_TRUE(pool().addParts(block, parts, ids));
  EXPECT_EQ(pool().stats().shadowBytes, 2000U);
  EXPECT_TRUE(pool().shadow(block, ids[0]));
  EXPECT_TRUE(failsWith(pool().shadow(block, ids[1]), ErrorCode::InvalidArgument));
  steps();
  ASSERT_TRUE(pool().removeParts(block, std::span(ids).first(1)));
  EXPECT_EQ(pool().stats().shadowBytes, 1000U);
  EXPECT_TRUE(failsWith(pool().shadow(block, ids[0]), ErrorCode::InvalidArgument));
}

TEST_F(PoolShadows, AreKeptOfWhatOtherThreadsAdd) {
  const auto bytes = test::pattern(1, 0, 1, 100'000);  // more than a page: it goes by way of the heap
  const PartDesc part{PartKind::Storage, bytes.size(), Source::bytes(bytes), true};
  Result<Source> found;
  {
    Producer producer = pool().makeProducer();
    const BlockHandle block = producer.add(test::blockDesc("from elsewhere", {&part, 1})).value();
    steps();
    found = pool().shadow(block, kPart);
    ASSERT_TRUE(found);
  }
  fixture_.pool.reset();
  EXPECT_TRUE(std::ranges::equal(found->data(), bytes)) << "also after the pool";
}

TEST_F(PoolShadows, AreStaleAfterTheDeviceHasWrittenUntilTheBytesAreBroughtBack) {
  auto bytes = test::pattern(1, 0, 1, 100'000);  // more than a page for readback
  const BlockHandle block = addKept(Source::bytes(bytes), bytes.size()).value();
  steps();
  // The device writes: nobody tells the pool's copy.
  const Place place = pool().beginFrame().find(block, kPart).place;
  const auto chunk = fixture_.host->bytes(place.chunk);
  auto* const written = const_cast<std::byte*>(chunk.data()) + place.offset;
  std::ranges::fill(std::span(written + 50, 70'000), std::byte{0x42});
  std::ranges::fill(std::span(bytes).subspan(50, 70'000), std::byte{0x42});
  const TimelineValue work = fixture_.host->submitReads(test::kDrawQueue, {}, {});
  ASSERT_TRUE(pool().markWritten(block, kPart, {test::kDrawQueue, work}));
  EXPECT_TRUE(failsWith(pool().shadow(block, kPart), ErrorCode::ShadowStale));

  // An update sends only what it names, and what is kept stays stale.
  const auto changed = test::pattern(1, 0, 2, 64);
  std::ranges::copy(changed, bytes.begin() + 4096);
  const PartUpdate update{kPart, Source::bytes(changed), 4096, 64};
  ASSERT_TRUE(pool().updateInPlace(block, {&update, 1}));
  EXPECT_TRUE(failsWith(pool().shadow(block, kPart), ErrorCode::ShadowStale));
  ASSERT_TRUE(pool().refreshShadow(block, kPart));
  EXPECT_EQ(pool().step().value().uploadedBytes, 64U);
  // One that comes while the bytes are on their way has them read once more.
  const auto later = test::pattern(1, 0, 3, 64);
  ASSERT_TRUE(pool().step());
  std::ranges::copy(later, bytes.begin() + 8192);
  const PartUpdate another{kPart, Source::bytes(later), 8192, 64};
  ASSERT_TRUE(pool().update(block, {&another, 1}));
  steps(20);
  EXPECT_EQ(kept(block), bytes);
  EXPECT_EQ(onDevice(block, bytes.size()), bytes);

  // All of the part makes it fresh as well.
  ASSERT_TRUE(pool().markWritten(block, kPart, {}));
  const auto whole = test::pattern(1, 0, 4, bytes.size());
  const PartUpdate all{kPart, Source::owned(
                                  [&] {
                                    std::shared_ptr<std::byte[]> owned(new std::byte[whole.size()]);
                                    std::ranges::copy(whole, owned.get());
                                    return owned;
                                  }(),
                                  whole.size())};
  ASSERT_TRUE(pool().update(block, {&all, 1}));
  EXPECT_EQ(kept(block), whole);
}

TEST_F(PoolShadows, BringEverythingBackAfterALostDevice) {
  std::map<BlockHandle, std::vector<std::byte>> contents;
  for (std::uint32_t i = 0; i < 8; ++i) {
    const auto bytes = test::pattern(i, 0, 1, 1000 + 777 * i);
    contents[addKept(Source::bytes(bytes), bytes.size()).value()] = bytes;
  }
  steps();
  for (auto& [block, bytes] : contents) {
    const auto changed = test::pattern(block.index, 0, 2, 128);
    std::ranges::copy(changed, bytes.begin() + 256);
    const PartUpdate update{kPart, Source::bytes(changed), 256, 128};
    ASSERT_TRUE(pool().update(block, {&update, 1}));
  }
  fixture_.host->lose();
  EXPECT_FALSE(pool().step());

  PoolFixture restored(Completion::Immediate, poolWithShadows());
  std::map<BlockHandle, std::vector<std::byte>> expected;
  for (const auto& [block, bytes] : contents) {
    const PartDesc part{PartKind::Storage, bytes.size(), pool().shadow(block, kPart).value(), true};
    expected[restored.pool->add(test::blockDesc("restored", {&part, 1})).value()] = bytes;
  }
  fixture_.pool.reset();
  restored.stepAndPublish(6);
  for (const auto& [block, bytes] : expected) {
    Readback readback = restored.pool->readBack({block, kPart}).value();
    restored.stepAndPublish(3);
    std::vector<std::byte> found(bytes.size());
    ASSERT_TRUE(readback.take(found));
    EXPECT_EQ(found, bytes);
  }
}

}  // namespace
}  // namespace flux
