// Each rule of the checked device is broken once.

#include <gtest/gtest.h>
#include <flux/decorators.hpp>
#include <flux/host.hpp>

#include <chrono>
#include <limits>
#include <thread>
#include <vector>

#include "device/device_test_tools.hpp"

namespace flux {
namespace {

using namespace std::chrono_literals;
using namespace test;

constexpr ChunkIndex kChunk{0};
constexpr ChunkIndex kOther{1};
constexpr ChunkIndex kMissing{7};
constexpr StagingIndex kPage{0};
constexpr StagingIndex kMissingPage{7};
constexpr ByteCount kSize = 4096;

class CheckedDeviceTest : public testing::Test {
 protected:
  CheckedDeviceTest() {
    EXPECT_TRUE(succeeds(device_->createChunk(kChunk, kSize)));
    EXPECT_TRUE(succeeds(device_->createChunk(kOther, kSize)));
    EXPECT_TRUE(succeeds(device_->openStaging(kPage, kSize)));
    EXPECT_TRUE(succeeds(device_->sealStaging(kPage, 1024)));
  }
  ~CheckedDeviceTest() override { EXPECT_EQ(log_.take(), std::vector<std::string>{}); }

  /// Exactly this rule was reported since the last look.
  void expectRule(const std::string& rule) { EXPECT_EQ(log_.take(), std::vector<std::string>{rule}); }

  void expectRefused(std::vector<CopyPiece> batch, const std::string& rule) {
    SCOPED_TRACE(rule);
    const TimelineValue before = host_->submittedValue(kCopyQueue);
    EXPECT_TRUE(failsWith(device_->submit(batch), ErrorCode::InvalidArgument));
    EXPECT_EQ(host_->submittedValue(kCopyQueue), before);
    expectRule(rule);
  }

  void finish() { EXPECT_TRUE(succeeds(device_->wait(kCopyQueue, host_->submittedValue(kCopyQueue), 1s))); }

  AssertLog log_;
  std::unique_ptr<HostDevice> host_ = HostDevice::create({.completion = HostDeviceDesc::Completion::Manual});
  std::unique_ptr<Device> device_ = makeCheckedDevice(*host_);
};

TEST_F(CheckedDeviceTest, RightProgramPassesThrough) {
  const std::vector<CopyPiece> upload{fromPage(kPage, 0, kChunk, 0, 512), fromPage(kPage, 512, kChunk, 512, 512)};
  EXPECT_TRUE(succeeds(device_->submit(upload)));
  const std::vector<CopyPiece> move{fromChunk(kChunk, 0, kOther, 0, 512), fromChunk(kChunk, 0, kOther, 512, 512)};
  EXPECT_TRUE(succeeds(device_->submit(move)));
  EXPECT_TRUE(succeeds(device_->submit({})));
  device_->rangeReclaimed(kChunk, 1024, 1024);
  finish();
  EXPECT_TRUE(succeeds(device_->poll()));
  EXPECT_EQ(device_->completed(kCopyQueue), 3U);
  EXPECT_EQ(device_->completed(QueueId{1}), 0U);
  device_->rangeReclaimed(kChunk, 0, 1024);
  EXPECT_EQ(device_->budget().usedBytes, 2 * kSize);
  device_->setName(kChunk, "geometry");
  device_->raisePriority(kChunk);
  device_->destroyChunk(kChunk);
  device_->closeStaging(kPage);
  EXPECT_EQ(&device_->caps(), &host_->caps());
  EXPECT_TRUE(host_->bytes(kChunk).empty());
  EXPECT_TRUE(succeeds(device_->createChunk(kChunk, 256)));
  EXPECT_TRUE(succeeds(device_->openStaging(kPage, 256)));
  EXPECT_EQ(host_->earlyReclaims(), 0U);
}

TEST_F(CheckedDeviceTest, RangesThatTheHostWrites) {
  const auto mapping =
      HostDevice::create({.completion = HostDeviceDesc::Completion::Manual, .directWriteBytes = kAllBytes});
  const std::unique_ptr<Device> checked = makeCheckedDevice(*mapping);
  EXPECT_TRUE(succeeds(checked->createChunk(kChunk, kSize)));
  EXPECT_TRUE(succeeds(checked->openStaging(kPage, kSize)));
  EXPECT_TRUE(succeeds(checked->sealStaging(kPage, 512)));
  EXPECT_TRUE(succeeds(checked->submit(std::vector<CopyPiece>{fromPage(kPage, 0, kChunk, 0, 512)})));
  const std::span<std::byte> range = checked->mapped(kChunk, 512, 256);
  EXPECT_EQ(range.data(), mapping->bytes(kChunk).data() + 512);
  EXPECT_EQ(range.size(), 256U);
  EXPECT_TRUE(checked->mapped(kChunk, 508, 256).empty());
  expectRule("no batch uses a range that is written directly");
  EXPECT_TRUE(checked->mapped(kChunk, kSize - 128, 256).empty());
  expectRule("a range that is written directly lies inside its chunk");
  EXPECT_TRUE(checked->mapped(kMissing, 0, 256).empty());
  expectRule("a range that is written directly is of a chunk that exists");
  EXPECT_TRUE(device_->mapped(kChunk, 0, 256).empty());
  expectRule("a device whose chunks are written maps them");
  EXPECT_TRUE(succeeds(checked->wait(kCopyQueue, 1, 1s)));
  EXPECT_EQ(checked->mapped(kChunk, 0, 512).size(), 512U) << "the batch is done";
}

TEST_F(CheckedDeviceTest, ErrorsOfTheInnerDeviceChangeNothing) {
  EXPECT_TRUE(failsWith(device_->createChunk(kMissing, 16 * kGiB), ErrorCode::OutOfDeviceMemory));
  EXPECT_TRUE(succeeds(device_->createChunk(kMissing, 256)));
  EXPECT_TRUE(failsWith(device_->wait(kCopyQueue, 1, 1s), ErrorCode::Timeout));
}

TEST_F(CheckedDeviceTest, Chunks) {
  EXPECT_TRUE(failsWith(device_->createChunk(ChunkIndex{kMaxChunks}, 256), ErrorCode::InvalidArgument));
  expectRule("the index of a chunk is below kMaxChunks");
  EXPECT_TRUE(failsWith(device_->createChunk(kChunk, 256), ErrorCode::InvalidArgument));
  expectRule("a chunk is made under an index that is not in use");
  EXPECT_TRUE(failsWith(device_->createChunk(kMissing, 0), ErrorCode::InvalidArgument));
  expectRule("a chunk's size is a positive multiple of 256");
  EXPECT_TRUE(failsWith(device_->createChunk(kMissing, 300), ErrorCode::InvalidArgument));
  expectRule("a chunk's size is a positive multiple of 256");
  device_->destroyChunk(kMissing);
  expectRule("a chunk that is destroyed exists");
  device_->setName(kMissing, "nobody");
  expectRule("a chunk that is named exists");
  device_->raisePriority(kMissing);
  expectRule("a chunk whose priority is raised exists");
}

TEST_F(CheckedDeviceTest, Pages) {
  EXPECT_TRUE(failsWith(device_->openStaging(kPage, 256), ErrorCode::InvalidArgument));
  expectRule("a page is opened under an index that is not in use");
  EXPECT_TRUE(failsWith(device_->openStaging(kMissingPage, 0), ErrorCode::InvalidArgument));
  expectRule("a page is not empty");
  EXPECT_TRUE(failsWith(device_->sealStaging(kMissingPage, 0), ErrorCode::InvalidArgument));
  expectRule("a page that is sealed is open");
  EXPECT_TRUE(failsWith(device_->sealStaging(kPage, kSize + 1), ErrorCode::InvalidArgument));
  expectRule("a page is sealed within its size");
  device_->closeStaging(kMissingPage);
  expectRule("a page that is closed is open");
}

TEST_F(CheckedDeviceTest, Pieces) {
  constexpr ByteCount kHuge = std::numeric_limits<ByteCount>::max() - 3;
  expectRefused({fromPage(kPage, 0, kChunk, 0, 0)}, "a piece is not empty");
  for (const CopyPiece& piece :
       {fromPage(kPage, 0, kChunk, 0, 6), fromPage(kPage, 2, kChunk, 0, 8), fromPage(kPage, 0, kChunk, 1, 8)}) {
    expectRefused({piece}, "offsets and sizes of a piece are multiples of 4");
  }
  expectRefused({fromPage(kPage, 0, kMissing, 0, 64)}, "a piece goes to a chunk that exists");
  expectRefused({fromPage(kPage, 0, kChunk, kSize - 60, 64)}, "a piece's destination lies inside its chunk");
  expectRefused({fromPage(kPage, 0, kChunk, kHuge, 64)}, "a piece's destination lies inside its chunk");
  expectRefused({fromPage(kMissingPage, 0, kChunk, 0, 64)}, "a piece comes from a page that is open");
  expectRefused({fromPage(kPage, kSize - 60, kChunk, 0, 64)}, "a piece's source lies inside its page");
  expectRefused({fromPage(kPage, 964, kChunk, 0, 64)}, "a page is sealed before a batch reads it");
  expectRefused({fromChunk(kMissing, 0, kChunk, 0, 64)}, "a piece comes from a chunk that exists");
  expectRefused({fromChunk(kOther, kSize - 60, kChunk, 0, 64)}, "a piece's source lies inside its chunk");
}

TEST_F(CheckedDeviceTest, PagesAreUsedOneWay) {
  constexpr StagingIndex kBack{5};
  EXPECT_TRUE(succeeds(device_->openStaging(kBack, 256, StagingUse::Readback)));
  expectRefused({toPage(kChunk, 0, kMissingPage, 0, 64)}, "a piece goes to a page that is open");
  expectRefused({toPage(kChunk, 0, kPage, 0, 64)}, "a piece goes to a page for readback");
  expectRefused({fromPage(kBack, 0, kChunk, 0, 64)}, "a piece comes from a page for uploads");
  expectRefused({{kPage, kBack, 0, 0, 64}}, "what a piece reads back comes from a chunk");
  expectRefused({toPage(kChunk, 0, kBack, 196, 64)}, "a piece's destination lies inside its page");
  expectRefused({toPage(kChunk, kSize - 60, kBack, 0, 64)}, "a piece's source lies inside its chunk");
  expectRefused({toPage(kChunk, 0, kBack, 0, 64), toPage(kChunk, 64, kBack, 60, 64)},
                "the destinations of a batch are disjoint");
  EXPECT_TRUE(failsWith(device_->sealStaging(kBack, 64), ErrorCode::InvalidArgument));
  expectRule("a page that is sealed is for uploads");

  const CopyPiece piece = toPage(kChunk, 0, kBack, 64, 64);
  EXPECT_TRUE(succeeds(device_->submit({&piece, 1})));
  device_->closeStaging(kBack);
  expectRule("no batch uses a page that is closed");
  device_->rangeReclaimed(kChunk, 0, 64);
  expectRule("no batch uses a range that is reclaimed");
  finish();
  device_->closeStaging(kBack);
}

TEST_F(CheckedDeviceTest, SealingAgainCountsFromNowOn) {
  EXPECT_TRUE(succeeds(device_->sealStaging(kPage, 64)));
  expectRefused({fromPage(kPage, 64, kChunk, 0, 64)}, "a page is sealed before a batch reads it");
  EXPECT_TRUE(succeeds(device_->sealStaging(kPage, 128)));
  const CopyPiece piece = fromPage(kPage, 64, kChunk, 0, 64);
  EXPECT_TRUE(succeeds(device_->submit({&piece, 1})));
  device_->closeStaging(kPage);
  expectRule("no batch uses a page that is closed");
  finish();
  device_->closeStaging(kPage);
  EXPECT_TRUE(succeeds(device_->openStaging(kPage, 256)));
  expectRefused({fromPage(kPage, 0, kChunk, 0, 64)}, "a page is sealed before a batch reads it");
}

TEST_F(CheckedDeviceTest, BatchesAreDisjoint) {
  expectRefused(
      {fromPage(kPage, 0, kChunk, 0, 64), fromPage(kPage, 64, kOther, 0, 64), fromPage(kPage, 128, kChunk, 60, 64)},
      "the destinations of a batch are disjoint");
  expectRefused({fromChunk(kChunk, 0, kOther, 0, 64), fromPage(kPage, 0, kChunk, 60, 64)},
                "no destination of a batch overlaps one of its sources");
  expectRefused({fromChunk(kChunk, 0, kChunk, 32, 64)}, "no destination of a batch overlaps one of its sources");
  // Page 0 and chunk 0 are different things, and batches are ordered among each other.
  const std::vector<CopyPiece> batch{fromPage(kPage, 0, kChunk, 0, 64)};
  EXPECT_TRUE(succeeds(device_->submit(batch)));
  EXPECT_TRUE(succeeds(device_->submit(batch)));
}

TEST_F(CheckedDeviceTest, NothingInFlightIsTakenAway) {
  const std::vector<CopyPiece> batch{fromPage(kPage, 0, kChunk, 256, 256), fromChunk(kOther, 256, kChunk, 512, 256)};
  EXPECT_TRUE(succeeds(device_->submit(batch)));
  device_->rangeReclaimed(kChunk, 767, 1);
  expectRule("no batch uses a range that is reclaimed");
  device_->rangeReclaimed(kOther, 0, 257);
  expectRule("no batch uses a range that is reclaimed");
  device_->destroyChunk(kChunk);
  expectRule("no batch uses a chunk that is destroyed");
  device_->destroyChunk(kOther);
  expectRule("no batch uses a chunk that is destroyed");
  device_->closeStaging(kPage);
  expectRule("no batch uses a page that is closed");
  EXPECT_EQ(host_->earlyReclaims(), 0U) << "a refused call was passed on";

  host_->complete(kCopyQueue, 1);
  device_->destroyChunk(kOther);
  expectRule("no batch uses a chunk that is destroyed");  // Complete, but nobody has seen it.
  EXPECT_TRUE(succeeds(device_->poll()));
  device_->rangeReclaimed(kChunk, 0, kSize);
  device_->destroyChunk(kOther);
  device_->closeStaging(kPage);
}

TEST_F(CheckedDeviceTest, ReclaimedRangesExist) {
  device_->rangeReclaimed(kMissing, 0, 4);
  expectRule("a range that is reclaimed is of a chunk that exists");
  device_->rangeReclaimed(kChunk, kSize, 4);
  expectRule("a range that is reclaimed lies inside its chunk");
}

TEST_F(CheckedDeviceTest, QueuesExist) {
  EXPECT_EQ(device_->completed(QueueId{2}), 0U);
  expectRule("a queue that is asked for exists");
  EXPECT_TRUE(failsWith(device_->wait(QueueId{2}, 0, 0ns), ErrorCode::InvalidArgument));
  expectRule("a queue that is waited for exists");
}

/// A device that breaks its own promises, and that calls back, as a second thread would.
class LyingDevice final : public Device {
 public:
  const DeviceCaps& caps() const noexcept override { return caps_; }
  Result<ChunkInfo> createChunk(ChunkIndex, ByteCount bytes) override { return ChunkInfo{0, 0, bytes + 256}; }
  void destroyChunk(ChunkIndex) noexcept override {}
  Result<std::span<std::byte>> openStaging(StagingIndex, ByteCount bytes, StagingUse) override {
    page_.resize(static_cast<std::size_t>(bytes) / 2);
    return std::span<std::byte>(page_);
  }
  Result<void> sealStaging(StagingIndex, ByteCount) override { return {}; }
  void closeStaging(StagingIndex) noexcept override {}
  Result<TimelineValue> submit(std::span<const CopyPiece>, std::span<const QueueValue>) override { return 1; }
  Result<void> poll() override {
    if (reentered != nullptr) (void)reentered->budget();
    return {};
  }
  TimelineValue completed(QueueId) const noexcept override { return value; }
  Result<void> wait(QueueId, TimelineValue, std::chrono::nanoseconds) override { return {}; }
  MemoryBudget budget() override {
    ++budgetCalls;
    return {};
  }
  void setName(ChunkIndex, std::string_view) noexcept override {}

  Device* reentered = nullptr;
  TimelineValue value = 0;
  int budgetCalls = 0;

 private:
  DeviceCaps caps_;
  std::vector<std::byte> page_;
};

TEST(CheckedDevicePromises, OfTheInnerDeviceAreChecked) {
  AssertLog log;
  LyingDevice liar;
  const auto device = makeCheckedDevice(liar);
  const auto expectRule = [&](const char* rule) { EXPECT_EQ(log.take(), std::vector<std::string>{rule}); };

  (void)device->createChunk(kChunk, 256);
  expectRule("a device makes a chunk of exactly the size asked for");
  (void)device->openStaging(kPage, 256);
  expectRule("a device opens a page of exactly the size asked for");
  (void)device->submit({});
  EXPECT_TRUE(log.take().empty());
  (void)device->submit({});
  expectRule("a device's copy values grow");
  (void)device->wait(kCopyQueue, 1, 0ns);
  expectRule("a wait ends when its value is completed");
  liar.value = 5;
  EXPECT_EQ(device->completed(kCopyQueue), 5U);
  EXPECT_TRUE(log.take().empty());
  liar.value = 4;
  (void)device->completed(kCopyQueue);
  expectRule("completion never goes back");
}

TEST(CheckedDevicePromises, TwoCallsAtOnceAreNoticed) {
  AssertLog log;
  LyingDevice inner;
  const auto device = makeCheckedDevice(inner);
  inner.reentered = device.get();
  EXPECT_TRUE(succeeds(device->poll()));
  EXPECT_EQ(log.take(), std::vector<std::string>{"a device is called by one thread at a time"});
  EXPECT_EQ(inner.budgetCalls, 0) << "a refused call was passed on";
  // A hand-over from thread to thread is fine.
  std::thread([&] { (void)device->budget(); }).join();
  EXPECT_EQ(inner.budgetCalls, 1);
  EXPECT_TRUE(log.take().empty());
}

TEST(CheckedDevicePromises, CompletionMayBeReadByAllThreads) {
  const auto host = HostDevice::create({.completion = HostDeviceDesc::Completion::Worker});
  const auto device = makeCheckedDevice(*host);
  std::vector<std::thread> readers;
  for (int i = 0; i < 3; ++i) {
    readers.emplace_back([&] {
      for (TimelineValue last = 0; last < 100;) {
        const TimelineValue now = device->completed(kCopyQueue);
        EXPECT_GE(now, last);
        last = now;
      }
    });
  }
  for (int i = 0; i < 100; ++i) {
    EXPECT_TRUE(succeeds(device->submit({})));
    EXPECT_TRUE(succeeds(device->poll()));
  }
  EXPECT_TRUE(succeeds(device->wait(kCopyQueue, 100, 1h)));
  for (std::thread& reader : readers) reader.join();
}

}  // namespace
}  // namespace flux
