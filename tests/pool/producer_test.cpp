#include <flux/producer.hpp>

#include "pool/pool_test_tools.hpp"

#include <flux/decorators.hpp>

#include <array>
#include <atomic>
#include <map>
#include <thread>

namespace flux {
namespace {

using namespace std::chrono_literals;
using test::pattern;
using test::PoolFixture;

constexpr PartId kPart{0};

Result<BlockHandle> add(Producer& producer, std::string_view name, std::span<const std::byte> bytes,
                        std::source_location where = std::source_location::current()) {
  const PartDesc part{PartKind::Vertex, bytes.size(), Source::bytes(bytes)};
  return producer.add(test::blockDesc(name, {&part, 1}), where);
}

Result<AddedParts> addPart(Producer& producer, BlockHandle block, std::span<const std::byte> bytes) {
  const PartDesc part{PartKind::Vertex, bytes.size(), Source::bytes(bytes)};
  return producer.addParts(block, {&part, 1});
}

Result<void> update(Producer& producer, BlockHandle block, std::span<const std::byte> bytes) {
  const PartUpdate update{kPart, Source::bytes(bytes)};
  return producer.update(block, {&update, 1});
}

TEST(Producer, AHandleWorksForOtherInstructionsAtOnce) {
  PoolFixture f;
  Producer producer = f.pool->makeProducer();
  std::vector<std::byte> bytes = pattern(1, 0, 1, 64);
  const BlockHandle block = add(producer, "rock", bytes).value();
  std::fill(bytes.begin(), bytes.end(), std::byte{0});  // the caller's memory is free again
  ASSERT_TRUE(update(producer, block, pattern(1, 0, 2, 64)));
  ASSERT_TRUE(producer.retain(block));
  ASSERT_TRUE(producer.release(block));
  EXPECT_EQ(f.pool->beginFrame().find(block).status, FindStatus::Stale) << "nobody has carried it out";
  EXPECT_EQ(f.pool->stats().waitingInstructions, 4U);
  const Result<StepReport> report = f.pool->step();
  ASSERT_TRUE(report);
  EXPECT_EQ(report->instructions, 4U);
  EXPECT_TRUE(report->errors.empty());
  f.stepAndPublish(4);
  const PartLookup found = f.pool->beginFrame().find(block, kPart);
  ASSERT_TRUE(found.drawable());
  EXPECT_EQ(found.version, 2U);
  EXPECT_EQ(f.hashAt(found.place), hashBytes(pattern(1, 0, 2, 64)));
  ASSERT_TRUE(producer.remove(block));
  f.stepAndPublish(3);
  EXPECT_EQ(f.pool->beginFrame().find(block).status, FindStatus::Stale);
  EXPECT_EQ(f.pool->stats().instructions, 5U);
}

TEST(Producer, AddsPartsWhoseIdsAreKnownWhenTheyHaveBeenAddedAndRemovesThem) {
  PoolFixture f;
  Producer producer = f.pool->makeProducer();
  const BlockHandle block = add(producer, "rock", pattern(1, 0, 1, 64)).value();
  std::vector<std::byte> first = pattern(1, 1, 1, 100);
  const std::vector<std::byte> second = pattern(1, 2, 1, 300);
  const std::array parts{PartDesc{PartKind::Index, first.size(), Source::bytes(first)},
                         PartDesc{PartKind::Uniform, second.size(), Source::bytes(second)}};
  const AddedParts added = producer.addParts(block, parts).value();
  std::fill(first.begin(), first.end(), std::byte{0});  // the caller's memory is free again
  EXPECT_FALSE(added.done());
  EXPECT_TRUE(added.ids().empty()) << "nobody has carried it out";
  ASSERT_TRUE(f.pool->step()->errors.empty());
  ASSERT_TRUE(added.done());
  ASSERT_EQ(added.ids().size(), 2U);
  f.stepAndPublish(4);
  {
    const Frame frame = f.pool->beginFrame();
    const PartLookup a = frame.find(block, added.ids()[0]);
    const PartLookup b = frame.find(block, added.ids()[1]);
    ASSERT_TRUE(a.drawable() && b.drawable());
    EXPECT_EQ(f.hashAt(a.place), hashBytes(pattern(1, 1, 1, 100)));
    EXPECT_EQ(f.hashAt(b.place), hashBytes(second));
  }
  ASSERT_TRUE(producer.removeParts(block, added.ids().first(1)));
  f.stepAndPublish(3);
  const Frame frame = f.pool->beginFrame();
  EXPECT_EQ(frame.find(block, added.ids()[0]).status, FindStatus::Stale);
  EXPECT_TRUE(frame.find(block, added.ids()[1]).drawable());
  EXPECT_TRUE(frame.find(block, kPart).drawable());
  EXPECT_EQ(f.pool->stats().partsAdded, 2U);
  EXPECT_EQ(f.pool->stats().partsRemoved, 1U);
}

TEST(Producer, PartsThatAreRefusedHaveNoIdsAndTheStepNamesBlockAndCaller) {
  PoolFixture f;
  Producer producer = f.pool->makeProducer();
  const BlockHandle block = add(producer, "rock", pattern(1, 0, 1, 64)).value();
  const BlockHandle gone = add(producer, "gone", pattern(2, 0, 1, 64)).value();
  ASSERT_TRUE(producer.remove(gone));
  const AddedParts stale = addPart(producer, gone, pattern(2, 1, 1, 64)).value();
  const std::source_location call = std::source_location::current();
  const AddedParts none = producer.addParts(block, {}, call).value();
  const PartId unknown{7};
  ASSERT_TRUE(producer.removeParts(block, {&unknown, 1}, call));
  const AddedParts good = addPart(producer, block, pattern(1, 1, 1, 64)).value();
  const Result<StepReport> report = f.pool->step();
  ASSERT_TRUE(report);
  ASSERT_EQ(report->errors.size(), 3U);
  EXPECT_EQ(report->errors[0].code, ErrorCode::StaleHandle);
  for (const Error& error : report->errors.last(2)) {
    EXPECT_EQ(error.code, ErrorCode::InvalidArgument);
    EXPECT_EQ(error.resourceName(), "rock");
    EXPECT_EQ(error.handle, block);
    EXPECT_EQ(error.where.line(), call.line());
  }
  EXPECT_TRUE(stale.done() && stale.ids().empty());
  EXPECT_TRUE(none.done() && none.ids().empty());
  EXPECT_TRUE(good.done());
  EXPECT_EQ(good.ids().size(), 1U);
}

TEST(Producer, AnInstructionThatFailsNamesBlockAndCallerAndTheOthersStillRun) {
  PoolFixture f;
  Producer producer = f.pool->makeProducer();
  const BlockHandle good = add(producer, "good", pattern(1, 0, 1, 64)).value();
  const std::source_location call = std::source_location::current();
  const BlockHandle bad = add(producer, "bad", {}, call).value();
  const auto bytes = pattern(1, 0, 1, 64);
  const PartUpdate wrongPart{PartId{7}, Source::bytes(bytes)};
  ASSERT_TRUE(producer.update(good, {&wrongPart, 1}));
  ASSERT_TRUE(producer.remove(bad));
  const BlockHandle last = add(producer, "last", pattern(2, 0, 1, 64)).value();
  const Result<StepReport> report = f.pool->step();
  ASSERT_TRUE(report);
  ASSERT_EQ(report->errors.size(), 3U);
  EXPECT_EQ(report->errors[0].code, ErrorCode::InvalidArgument);
  EXPECT_EQ(report->errors[0].resourceName(), "bad");
  EXPECT_EQ(report->errors[0].handle, bad);
  EXPECT_EQ(report->errors[0].where.line(), call.line());
  EXPECT_STREQ(report->errors[0].where.file_name(), call.file_name());
  EXPECT_EQ(report->errors[1].resourceName(), "good");
  EXPECT_EQ(report->errors[1].handle, good);
  EXPECT_EQ(report->errors[2].code, ErrorCode::StaleHandle);
  f.stepAndPublish(3);
  const Frame frame = f.pool->beginFrame();
  EXPECT_TRUE(frame.find(good).drawable());
  EXPECT_TRUE(frame.find(last).drawable());
  EXPECT_EQ(frame.find(bad).status, FindStatus::Stale);
}

TEST(Producer, WhatFailsInAStepThatFailsItselfIsNotLost) {
  auto host = HostDevice::create({.completion = HostDeviceDesc::Completion::Immediate});
  const auto faulty = FaultyDevice::create(*host);
  const std::unique_ptr<Pool> pool = std::move(Pool::create(*faulty, test::smallPool()).value());
  Producer producer = pool->makeProducer();
  ASSERT_TRUE(add(producer, "bad", {}));
  faulty->failCall(DeviceCall::Poll, 1, ErrorCode::DriverError);
  ASSERT_FALSE(pool->step());
  ASSERT_EQ(pool->errors().size(), 1U);
  EXPECT_EQ(pool->errors()[0].resourceName(), "bad");
  ASSERT_TRUE(pool->step());
  EXPECT_TRUE(pool->errors().empty());
}

/// Instructions, and bytes that are on their way, go with the pool.
TEST(Producer, ThePoolMayEndWithInstructionsAndTheirBytesUnderWay) {
  PoolFixture f(HostDeviceDesc::Completion::Manual);
  {
    Producer producer = f.pool->makeProducer();
    const BlockHandle flying = add(producer, "flying", pattern(1, 0, 1, 1000)).value();
    ASSERT_TRUE(f.pool->step());
    ASSERT_TRUE(update(producer, flying, pattern(1, 0, 2, 1000)));  // waits behind the copy
    ASSERT_TRUE(f.pool->step());
    ASSERT_TRUE(add(producer, "asked", pattern(2, 0, 1, 1000)));
  }
  f.pool.reset();
}

TEST(Producer, TheHandleOfABlockThatCouldNotBeAddedNeverNamesAnother) {
  PoolDesc desc = test::smallPool();
  desc.maxBlocks = 1;
  PoolFixture f(HostDeviceDesc::Completion::Immediate, desc);
  Producer producer = f.pool->makeProducer();
  const BlockHandle bad = add(producer, "bad", {}).value();
  ASSERT_TRUE(f.pool->step());
  const BlockHandle next = add(producer, "next", pattern(1, 0, 1, 64)).value();
  EXPECT_EQ(next.index, bad.index);
  f.stepAndPublish(3);
  const Frame frame = f.pool->beginFrame();
  EXPECT_TRUE(frame.find(next).drawable());
  EXPECT_EQ(frame.find(bad).status, FindStatus::Stale);
}

TEST(Producer, AFullQueueRefusesWithoutEffect) {
  PoolDesc desc = test::smallPool();
  desc.maxInstructions = 2;
  desc.maxInstructionBytes = 1000;
  desc.maxBlocks = 2;
  PoolFixture f(HostDeviceDesc::Completion::Immediate, desc);
  Producer producer = f.pool->makeProducer();
  const BlockHandle a = add(producer, "a", pattern(1, 0, 1, 700)).value();
  const Result<BlockHandle> tooManyBytes = add(producer, "b", pattern(2, 0, 1, 700));
  ASSERT_FALSE(tooManyBytes);
  EXPECT_EQ(tooManyBytes.error().code, ErrorCode::QueueFull);
  EXPECT_EQ(tooManyBytes.error().resourceName(), "b");
  ASSERT_TRUE(producer.retain(a));
  const Result<void> tooMany = producer.retain(a);
  ASSERT_FALSE(tooMany);
  EXPECT_EQ(tooMany.error().code, ErrorCode::QueueFull);
  EXPECT_EQ(tooMany.error().numbers[0], 2U);
  const Result<AddedParts> tooManyNewBytes = addPart(producer, a, pattern(1, 1, 1, 700));
  ASSERT_FALSE(tooManyNewBytes);
  EXPECT_EQ(tooManyNewBytes.error().code, ErrorCode::QueueFull);
  EXPECT_EQ(tooManyNewBytes.error().handle, a);
  ASSERT_FALSE(addPart(producer, a, pattern(1, 1, 1, 8)));
  ASSERT_FALSE(producer.removeParts(a, {&kPart, 1}));
  EXPECT_FALSE(producer.waitForRoom(1ms));
  f.stepAndPublish(3);  // the bytes have arrived
  EXPECT_TRUE(producer.waitForRoom(1s));
  // The refused calls have used no handle and no bytes.
  const BlockHandle b = add(producer, "b", pattern(2, 0, 1, 700)).value();
  f.stepAndPublish(3);
  EXPECT_TRUE(f.pool->beginFrame().find(b).drawable());
  const Result<BlockHandle> third = add(producer, "c", pattern(3, 0, 1, 64));
  ASSERT_FALSE(third);
  EXPECT_EQ(third.error().code, ErrorCode::TooManyBlocks);
}

// Larger than a page, so that they cannot go to staging at once.
TEST(Producer, BytesCountUntilTheDeviceHasThem) {
  PoolDesc desc = test::smallPool();
  desc.maxInstructionBytes = 100'000;
  PoolFixture f(HostDeviceDesc::Completion::Manual, desc);
  Producer producer = f.pool->makeProducer();
  ASSERT_TRUE(add(producer, "a", pattern(1, 0, 1, 70'000)));
  f.stepAndPublish(2);
  EXPECT_FALSE(add(producer, "b", pattern(2, 0, 1, 70'000))) << "carried out, but not arrived";
  f.host->complete(kCopyQueue, 100);
  f.stepAndPublish(2);
  EXPECT_TRUE(add(producer, "b", pattern(2, 0, 1, 70'000)));
  f.host->complete(kCopyQueue, 100);
}

/// Fills staging with `pattern(seed, 0, 1, size)`, when there is some.
Source staged(Producer& producer, std::uint32_t seed, std::size_t size) {
  const StagedBytes staged = producer.stage(size).value();
  std::ranges::copy(pattern(seed, 0, 1, size), staged.bytes().begin());
  return Source::staged(staged);
}

TEST(Producer, FillsStagingInPlace) {
  PoolFixture f;
  Producer producer = f.pool->makeProducer();
  const std::source_location call = std::source_location::current();
  const Result<StagedBytes> full = producer.stage(64, call);
  ASSERT_FALSE(full) << "no page is open";
  EXPECT_EQ(full.error().code, ErrorCode::StagingFull);
  EXPECT_EQ(full.error().where.line(), call.line());
  EXPECT_EQ(producer.stage(0).error().code, ErrorCode::InvalidArgument);
  EXPECT_EQ(producer.stage(test::smallPool().stagingPageBytes + 1).error().code, ErrorCode::InvalidArgument);
  EXPECT_FALSE(producer.waitForStaging(64, 1ns));
  f.stepAndPublish();  // opens a page
  EXPECT_TRUE(producer.waitForStaging(64, 1ns));
  std::array<StagedBytes, 2> pieces;
  ASSERT_TRUE(producer.stage(std::array<ByteCount, 2>{100, 200}, pieces));
  EXPECT_EQ(pieces[0].bytes().size(), 100U);
  EXPECT_EQ(pieces[1].bytes().data(), pieces[0].bytes().data() + 112);
  const Result<void> none = producer.stage(std::array<ByteCount, 2>{100, 0}, pieces, call);
  EXPECT_EQ(none.error().code, ErrorCode::InvalidArgument);
  EXPECT_EQ(none.error().where.line(), call.line());

  const PartDesc part{PartKind::Vertex, 1000, staged(producer, 1, 1000)};
  const BlockHandle block = producer.add(test::blockDesc("rock", {&part, 1})).value();
  const PartUpdate second{kPart, staged(producer, 2, 1000)};
  f.stepAndPublish(3);
  EXPECT_EQ(f.hashAt(f.pool->beginFrame().find(block, kPart).place), hashBytes(pattern(1, 0, 1, 1000)));
  ASSERT_TRUE(producer.update(block, {&second, 1}));
  f.stepAndPublish(3);
  const PartLookup found = f.pool->beginFrame().find(block, kPart);
  EXPECT_EQ(found.version, 2U);
  EXPECT_EQ(f.hashAt(found.place), hashBytes(pattern(2, 0, 1, 1000)));
  EXPECT_EQ(f.host->overwrites(), 0U);
}

TEST(Producer, CopiesBytesToStagingAtOnceAndOnlyToTheHeapWhenItIsFull) {
  PoolDesc desc = test::smallPool();
  desc.maxInstructionBytes = 20'000;
  PoolFixture f(HostDeviceDesc::Completion::Manual, desc);
  Producer producer = f.pool->makeProducer();
  ASSERT_TRUE(add(producer, "a", pattern(1, 0, 1, 15'000))) << "no page is open: to the heap";
  EXPECT_EQ(add(producer, "b", pattern(2, 0, 1, 15'000)).error().code, ErrorCode::QueueFull);
  f.stepAndPublish();
  ASSERT_TRUE(add(producer, "b", pattern(2, 0, 1, 15'000))) << "the heap is as full, but not staging";
  ASSERT_TRUE(add(producer, "c", pattern(3, 0, 1, 15'000)));
  f.stepAndPublish();
  f.host->complete(kCopyQueue, 100);
  f.stepAndPublish(2);
  EXPECT_EQ(f.pool->stats().uploadedBytes, 45'000U);
}

// A call that is refused, and an instruction that is, leave what is staged to whoever holds it.
TEST(Producer, WhatIsStagedOutlivesARefusal) {
  PoolDesc desc = test::smallPool();
  desc.maxInstructions = 1;
  PoolFixture f(HostDeviceDesc::Completion::Immediate, desc);
  Producer producer = f.pool->makeProducer();
  (void)producer.stage(1);
  f.stepAndPublish();
  const PartDesc part{PartKind::Vertex, 1000, staged(producer, 1, 1000)};
  const BlockHandle first = producer.add(test::blockDesc("first", {&part, 1})).value();
  ASSERT_EQ(producer.add(test::blockDesc("second", {&part, 1})).error().code, ErrorCode::QueueFull);
  f.stepAndPublish();
  const BlockHandle second = producer.add(test::blockDesc("second", {&part, 1})).value();
  f.stepAndPublish(3);
  const Frame frame = f.pool->beginFrame();
  for (const BlockHandle block : {first, second}) {
    EXPECT_EQ(f.hashAt(frame.find(block, kPart).place), hashBytes(pattern(1, 0, 1, 1000)));
  }
}

TEST(Producer, ThePoolMayEndWithStagedBytesUnderWay) {
  PoolFixture f(HostDeviceDesc::Completion::Manual);
  Producer producer = f.pool->makeProducer();
  (void)producer.stage(1);
  f.stepAndPublish();
  const auto add = [&](std::uint32_t seed) {
    const PartDesc part{PartKind::Vertex, 1000, staged(producer, seed, 1000)};
    EXPECT_TRUE(producer.add(test::blockDesc("rock", {&part, 1})));
  };
  add(1);
  f.stepAndPublish();  // submitted
  add(2);              // in the queue
  f.host->complete(kCopyQueue, 100);
}

TEST(Producer, GivesItsReservedHandlesBack) {
  PoolDesc desc = test::smallPool();
  desc.maxBlocks = 64;
  PoolFixture f(HostDeviceDesc::Completion::Immediate, desc);
  for (int i = 0; i < 10; ++i) {
    Producer producer = f.pool->makeProducer();
    const BlockHandle block = add(producer, "short-lived", pattern(1, 0, 1, 16)).value();
    Producer moved = std::move(producer);
    ASSERT_TRUE(moved.remove(block));
    f.stepAndPublish(4);
  }
  std::vector<BlockHandle> blocks;
  for (std::uint32_t i = 0; i < desc.maxBlocks; ++i) blocks.push_back(f.add("block", pattern(i, 0, 1, 16)));
  EXPECT_EQ(f.pool->stats().blocks, desc.maxBlocks);
}

/// The application's own thread of everything: a source's function runs inside the step, and may ask for more.
TEST(Producer, WhatIsAskedDuringAStepRunsInTheNextOne) {
  PoolFixture f;
  struct Context {
    Producer producer;
    BlockHandle second;
  } context{f.pool->makeProducer(), {}};
  const auto fill = [](void* opaque, const FillRequest& request) {
    auto& c = *static_cast<Context*>(opaque);
    if (!c.second) c.second = add(c.producer, "second", pattern(2, 0, 1, 64)).value();
    std::fill(request.destination.begin(), request.destination.end(), std::byte{1});
    return true;
  };
  const PartDesc part{PartKind::Vertex, 64, Source::callback(fill, &context)};
  ASSERT_TRUE(f.pool->add(test::blockDesc("first", {&part, 1})));
  EXPECT_EQ(f.pool->step()->instructions, 0U);
  ASSERT_TRUE(context.second);
  EXPECT_EQ(f.pool->step()->instructions, 1U);
  f.stepAndPublish(3);
  EXPECT_TRUE(f.pool->beginFrame().find(context.second).drawable());
}

/// Several threads add, update and remove blocks and parts of them; another one draws; under ThreadSanitizer, too.
/// Every producer's last word counts, and what frames see has never been half of something.
TEST(Producer, ManyThreadsUnderBackPressure) {
  constexpr std::uint32_t kProducers = 3;
  constexpr std::uint32_t kRounds = 400;
  constexpr std::uint32_t kKept = 8;
  PoolDesc desc = test::smallPool();
  desc.maxInstructions = 32;
  desc.maxInstructionBytes = 16 * kKiB;
  PoolFixture f(HostDeviceDesc::Completion::Immediate, desc);

  struct Kept {
    BlockHandle block;
    std::uint32_t seed = 0;
    std::uint32_t version = 0;         ///< Of the block.
    std::uint32_t contents = 0;        ///< Its version when its first part got what it has.
    std::optional<AddedParts> part{};  ///< A second part, and the version that brought it.
    std::uint32_t partVersion = 0;
  };
  std::array<std::vector<Kept>, kProducers> kept;
  std::atomic<std::uint32_t> working{kProducers};
  std::vector<std::jthread> threads;
  for (std::uint32_t p = 0; p < kProducers; ++p) {
    threads.emplace_back([&, p] {
      Producer producer = f.pool->makeProducer();
      const auto ask = [&](const auto& call) {
        auto result = call();
        while (!result && result.error().code == ErrorCode::QueueFull) {
          (void)producer.waitForRoom(100ms);
          result = call();
        }
        EXPECT_TRUE(result.has_value());
        return result;
      };
      std::mt19937 random(p);
      for (std::uint32_t i = 0; i < kRounds; ++i) {
        if (kept[p].size() < kKept) {
          const std::uint32_t seed = p * 1000 + i;
          const auto bytes = pattern(seed, 0, 1, 200);
          const Result<StagedBytes> inPlace = producer.stage(bytes.size());
          if (inPlace) std::ranges::copy(bytes, inPlace->bytes().begin());
          const PartDesc part{PartKind::Vertex, bytes.size(),
                              inPlace ? Source::staged(*inPlace) : Source::bytes(bytes)};
          kept[p].push_back({*ask([&] { return producer.add(test::blockDesc("block", {&part, 1})); }), seed, 1, 1});
        } else if (random() % 4 == 0) {
          const std::size_t victim = random() % kKept;
          ask([&] { return producer.remove(kept[p][victim].block); });
          kept[p].erase(kept[p].begin() + static_cast<std::ptrdiff_t>(victim));
        } else if (Kept& block = kept[p][random() % kKept]; random() % 3 != 0) {
          block.contents = ++block.version;
          const auto bytes = pattern(block.seed, 0, block.contents, 200);
          ask([&] { return update(producer, block.block, bytes); });
        } else if (!block.part) {
          block.partVersion = ++block.version;
          const auto bytes = pattern(block.seed, 1, block.partVersion, 100 + random() % 100);
          block.part = *ask([&] { return addPart(producer, block.block, bytes); });
        } else if (block.part->done()) {  // otherwise nobody knows its id yet
          ask([&] { return producer.removeParts(block.block, block.part->ids()); });
          block.part.reset();
        }
      }
      --working;
    });
  }
  while (working.load() > 0) {
    const Result<StepReport> report = f.pool->step();
    ASSERT_TRUE(report);
    ASSERT_TRUE(report->errors.empty()) << describe(report->errors.front());
    f.pool->publish();
    (void)f.pool->beginFrame();
  }
  threads.clear();
  f.stepAndPublish(10);
  const Frame frame = f.pool->beginFrame();
  std::size_t total = 0;
  for (const auto& blocks : kept) {
    total += blocks.size();
    for (const Kept& block : blocks) {
      const PartLookup found = frame.find(block.block, kPart);
      ASSERT_TRUE(found.drawable());
      EXPECT_EQ(found.version, block.version);
      EXPECT_EQ(f.hashAt(found.place), hashBytes(pattern(block.seed, 0, block.contents, 200)));
      if (!block.part) continue;
      ASSERT_EQ(block.part->ids().size(), 1U);
      const PartLookup part = frame.find(block.block, block.part->ids()[0]);
      ASSERT_TRUE(part.drawable());
      EXPECT_EQ(f.hashAt(part.place), hashBytes(pattern(block.seed, 1, block.partVersion, part.place.bytes)));
    }
  }
  EXPECT_GT(f.pool->stats().partsRemoved, 0U);
  EXPECT_EQ(f.pool->stats().blocks, total);
  EXPECT_EQ(f.host->overwrites(), 0U);
}

}  // namespace
}  // namespace flux
