#include "pool/pool_test_tools.hpp"

#include <array>
#include <atomic>
#include <cstring>
#include <deque>
#include <latch>
#include <mutex>
#include <thread>

namespace flux {
namespace {

using test::kDrawQueue;

/// One geometry thread moves amounts between accounts, always two in one publish; readers sum them up through
/// frames. The sum is the same in every snapshot, and every byte read belongs to the version that the snapshot names.
/// Run under ThreadSanitizer, too.
TEST(PoolStress, ReadersNeverSeeHalfAChange) {
  constexpr std::uint32_t kAccounts = 64;
  constexpr std::uint32_t kStart = 1000;
  constexpr int kSteps = 3000;
  constexpr std::uint64_t kReads = 200;
  test::PoolFixture f(HostDeviceDesc::Completion::Immediate);

  struct Money {
    std::uint32_t amount;
    std::uint32_t account;
  };
  std::vector<BlockHandle> accounts;
  std::vector<std::uint32_t> amounts(kAccounts, kStart);
  const auto bytesOf = [](const Money& money) { return std::as_bytes(std::span{&money, 1}); };
  for (std::uint32_t i = 0; i < kAccounts; ++i) {
    const Money money{kStart, i};
    const PartDesc part{PartKind::Storage, sizeof(Money), Source::bytes(bytesOf(money))};
    BlockDesc desc = test::blockDesc("account", {&part, 1});
    accounts.push_back(f.pool->add(desc).value());
  }
  f.stepAndPublish(3);

  std::atomic<std::uint64_t> sums{0};
  std::latch started(3);
  const auto read = [&](const std::stop_token& stop) {
    started.arrive_and_wait();
    while (!stop.stop_requested()) {
      const Frame frame = f.pool->beginFrame("reader");
      std::uint64_t sum = 0;
      for (std::uint32_t i = 0; i < kAccounts; ++i) {
        const PartLookup found = frame.find(accounts[i], PartId{0});
        ASSERT_TRUE(found.drawable());
        // The Host device's buffer handle is its memory; a pinned place is never written.
        Money money{};
        std::memcpy(&money, reinterpret_cast<const std::byte*>(found.place.buffer) + found.place.offset, sizeof money);
        ASSERT_EQ(money.account, i);
        sum += money.amount;
      }
      ASSERT_EQ(sum, std::uint64_t{kAccounts} * kStart);
      sums.fetch_add(1, std::memory_order_relaxed);
    }
  };
  std::jthread a(read);
  std::jthread b(read);
  started.arrive_and_wait();

  std::mt19937 random(1);
  // Two blocks that change in one step become visible in one publish: their copies are in one batch.
  // Goes on until the readers have had their turns, however the threads are scheduled.
  for (int step = 0; (step < kSteps || sums.load() < kReads) && !testing::Test::HasFailure(); ++step) {
    const std::uint32_t from = static_cast<std::uint32_t>(random() % kAccounts);
    const std::uint32_t to = (from + 1 + static_cast<std::uint32_t>(random() % (kAccounts - 1))) % kAccounts;
    const std::uint32_t amount = amounts[from] == 0 ? 0 : static_cast<std::uint32_t>(random() % amounts[from]);
    amounts[from] -= amount;
    amounts[to] += amount;
    ASSERT_TRUE(f.update(accounts[from], bytesOf({amounts[from], from})));
    ASSERT_TRUE(f.update(accounts[to], bytesOf({amounts[to], to})));
    for (int i = 0; i < 3; ++i) {
      ASSERT_TRUE(f.pool->step());
      f.pool->publish();
    }
  }
}

/// Frames that are shared by several recording threads, submitted on another thread, dropped or held for long, while
/// blocks come and go and the simulated GPU is late.
void shareFramesWithLateQueues(ByteCount directBytes, const PoolDesc& desc = test::smallPool()) {
  constexpr int kFrames = 150;
  constexpr std::uint32_t kRecorders = 3;
  test::PoolFixture f(HostDeviceDesc::Completion::Worker, desc, 2, directBytes);
  std::mutex handlesMutex;
  std::vector<std::pair<BlockHandle, std::uint32_t>> handles;  // with the seed of its bytes
  std::jthread geometry([&](const std::stop_token& stop) {
    std::uint32_t seed = 0;
    while (!stop.stop_requested()) {
      ++seed;
      const auto bytes = test::pattern(seed, 0, 1, 64 + seed % 3000);
      const PartDesc part{PartKind::Vertex, bytes.size(), Source::bytes(bytes)};
      if (const Result<BlockHandle> handle = f.pool->add(test::blockDesc("mesh", {&part, 1}))) {
        const std::lock_guard lock(handlesMutex);
        handles.emplace_back(*handle, seed);
        if (handles.size() > 200) {
          ASSERT_TRUE(f.pool->remove(handles[seed % 100].first));
          handles.erase(handles.begin() + seed % 100);
        }
      }
      ASSERT_TRUE(f.pool->step());
      f.pool->publish();
    }
  });

  // However slowly the geometry thread gets to draw something, and to move it.
  const auto shown = [&](std::uint64_t drawn) {
    return drawn != 0 && (desc.defrag != test::restless() || f.pool->stats().relocations != 0);
  };
  std::uint64_t drawn = 0;
  for (int number = 0; number < kFrames || !shown(drawn); ++number) {
    std::vector<std::pair<BlockHandle, std::uint32_t>> wanted;
    {
      const std::lock_guard lock(handlesMutex);
      wanted = handles;
    }
    Frame frame = f.pool->beginFrame();
    std::array<std::vector<HostRead>, kRecorders> lists;
    std::array<std::vector<std::uint64_t>, kRecorders> expected;
    std::array<std::vector<std::uint64_t>, kRecorders> hashes;
    {
      std::vector<std::jthread> recorders;
      for (std::uint32_t r = 0; r < kRecorders; ++r) {
        recorders.emplace_back([&, r] {
          hashes[r].resize(wanted.size());
          for (std::size_t i = r; i < wanted.size(); i += kRecorders) {
            const PartLookup found = frame.find(wanted[i].first, PartId{0});
            if (!found.drawable()) continue;
            lists[r].push_back({found.place.chunk, found.place.offset, found.place.bytes, &hashes[r][lists[r].size()]});
            expected[r].push_back(hashBytes(test::pattern(wanted[i].second, 0, 1, found.place.bytes)));
          }
        });
      }
    }
    if (number % 7 == 3) continue;  // recorded and dropped
    TimelineValue last = 0;
    for (std::uint32_t r = 0; r < kRecorders; ++r) {
      last = f.host->submitReads(kDrawQueue, lists[r], frame.waits());
      frame.submitted(kDrawQueue, last);
    }
    frame.end();
    while (f.host->completed(kDrawQueue) < last) std::this_thread::yield();
    for (std::uint32_t r = 0; r < kRecorders; ++r) {
      hashes[r].resize(expected[r].size());
      ASSERT_EQ(hashes[r], expected[r]);
      drawn += expected[r].size();
    }
  }
  geometry.request_stop();
  geometry.join();
  EXPECT_EQ(f.host->earlyReclaims(), 0U);
  EXPECT_EQ(f.host->overwrites(), 0U);
}

TEST(PoolStress, SharedFramesWithLateQueues) {
  shareFramesWithLateQueues(0);
}

TEST(PoolStress, SharedFramesOfBytesWrittenByTheGeometryThread) {
  shareFramesWithLateQueues(kAllBytes);
}

TEST(PoolStress, SharedFramesWhileEverythingMoves) {
  shareFramesWithLateQueues(0, test::restlessPool());
}

/// Any thread reads the statistics while all that they count changes, and the geometry thread looks at everything while
/// others use it. Run under ThreadSanitizer, too.
TEST(PoolStress, StatisticsAreReadOnAnyThread) {
  constexpr ByteCount kBytes = 80;  // of every block: no sum of them is anything else than a multiple
  constexpr std::uint64_t kReads = 2000;
  constexpr std::uint32_t kMostBlocks = 64;
  PoolDesc desc = test::smallPool();
  desc.recordMirrors = 3;
  test::PoolFixture f(HostDeviceDesc::Completion::Worker, desc);
  std::atomic<std::uint64_t> reads{0};
  const auto read = [&](const std::stop_token& stop) {
    PoolStats before;
    Producer producer = f.pool->makeProducer();
    while (!stop.stop_requested()) {
      const Frame frame = f.pool->beginFrame("reader");
      frame.use({1, frame.view().hot[1 % frame.view().recordCount].generation});
      (void)producer.stage(64);
      const PoolStats now = f.pool->stats();
      ASSERT_GE(now.openFrames, 1U);
      ASSERT_GE(now.published, frame.snapshot());
      ASSERT_EQ(now.liveBytes % kBytes, 0U);
      ASSERT_LE(now.liveBytes, kMostBlocks * kBytes);
      ASSERT_EQ(now.retiredBytes % kPlaceUnitBytes, 0U);  // of blocks, and of mirrors that have become too small
      ASSERT_LE(now.blocks, kMostBlocks);
      ASSERT_LE(now.recordMirrors, 3U);
      ASSERT_EQ(now.reservedBytes % (64 * kKiB), 0U);
      for (const auto counter : {&PoolStats::steps, &PoolStats::blocksAdded, &PoolStats::blocksRemoved,
                                 &PoolStats::uploadedBytes, &PoolStats::chunksCreated, &PoolStats::published}) {
        ASSERT_GE(now.*counter, before.*counter);
      }
      before = now;
      reads.fetch_add(1, std::memory_order_relaxed);
    }
  };
  std::jthread a(read);
  std::jthread b(read);
  const auto bytes = test::pattern(1, 0, 1, kBytes);
  std::deque<BlockHandle> blocks;
  while (reads.load(std::memory_order_relaxed) < kReads && !testing::Test::HasFailure()) {
    for (int i = 0; i < 7; ++i) {
      const PartDesc part{PartKind::Vertex, bytes.size(), Source::bytes(bytes)};
      const Result<BlockHandle> block = f.pool->add(test::blockDesc("block", {&part, 1}));
      if (!block) {  // the worker is late
        ASSERT_EQ(block.error().code, ErrorCode::StagingFull) << describe(block.error());
        break;
      }
      blocks.push_back(*block);
    }
    while (blocks.size() > kMostBlocks - 7) {
      ASSERT_TRUE(f.pool->remove(blocks.front()));
      blocks.pop_front();
    }
    ASSERT_TRUE(f.pool->step());
    f.pool->publish();
    if (f.pool->stats().steps % 16 == 0) (void)f.pool->dump();
  }
}

}  // namespace
}  // namespace flux
