#include "vulkan/hash_pass.hpp"

#include "device/device_test_tools.hpp"
#include "vulkan/commands.hpp"

#include <flux/host.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <random>

namespace flux::test {
namespace {

/// A chunk with known bytes, and a pass that hashes places in it.
class HashPassTest : public testing::Test {
 protected:
  HashPassTest()
      : context_({.validate = true}),
        pipeline_(context_),
        pool_(app::makeCommandPool(context_.vulkanDevice(), context_.drawFamily())),
        commands_(app::allocateCommands(context_.vulkanDevice(), pool_.get(), VK_COMMAND_BUFFER_LEVEL_PRIMARY)) {}

  ~HashPassTest() override {
    EXPECT_EQ(context_.messages().count(), 0U);
    for (const std::string& text : context_.messages().first()) ADD_FAILURE() << text;
  }

  /// Makes chunk 0 and fills it.
  void fill(std::span<const std::byte> bytes) {
    Device& device = context_.device();
    const auto chunk = device.createChunk(ChunkIndex{0}, (bytes.size() + 255) / 256 * 256);
    ASSERT_TRUE(chunk);
    address_ = chunk->address;
    const auto page = device.openStaging(StagingIndex{0}, bytes.size());
    ASSERT_TRUE(page);
    std::copy(bytes.begin(), bytes.end(), page->begin());
    ASSERT_TRUE(device.sealStaging(StagingIndex{0}, bytes.size()));
    const CopyPiece piece{.destination = ChunkIndex{0}, .bytes = bytes.size()};
    const auto value = device.submit({&piece, 1});
    ASSERT_TRUE(value);
    ASSERT_TRUE(device.wait(kCopyQueue, *value, std::chrono::minutes(1)));
  }

  [[nodiscard]] app::HashRange range(std::size_t offset, std::size_t bytes) const { return {address_ + offset, bytes}; }

  /// Hashes what was appended, and waits.
  void run() {
    app::check(vkResetCommandPool(context_.vulkanDevice(), pool_.get(), 0), "vkResetCommandPool");
    app::beginCommands(commands_);
    pass_.record(context_, commands_, pipeline_);
    app::check(vkEndCommandBuffer(commands_), "vkEndCommandBuffer");
    VkCommandBufferSubmitInfo list{VK_STRUCTURE_TYPE_COMMAND_BUFFER_SUBMIT_INFO};
    list.commandBuffer = commands_;
    VkSubmitInfo2 submit{VK_STRUCTURE_TYPE_SUBMIT_INFO_2};
    submit.commandBufferInfoCount = 1;
    submit.pCommandBufferInfos = &list;
    app::check(vkQueueSubmit2(context_.drawQueue(), 1, &submit, VK_NULL_HANDLE), "vkQueueSubmit2");
    app::check(vkQueueWaitIdle(context_.drawQueue()), "vkQueueWaitIdle");
  }

  app::VulkanContext context_;
  app::HashPipeline pipeline_;
  app::UniqueCommandPool pool_;
  VkCommandBuffer commands_;
  app::HashPass pass_;
  VkDeviceAddress address_ = 0;
};

TEST_F(HashPassTest, AgreesWithTheHostForSizesFromOneByteToSeveralMebibytes) {
  const auto bytes = patternBytes(5 * kMiB, 1);
  fill(bytes);
  struct Piece {
    std::size_t offset, size;
  };
  std::vector<Piece> pieces;
  for (std::size_t words = 0; words <= 300; ++words) pieces.push_back({16 * words, 4 * words});
  for (std::size_t size = 1; size <= 300; ++size) pieces.push_back({16 * size, size});
  for (std::size_t size = 2048; size <= 4 * kMiB; size *= 2) {
    pieces.push_back({size / 4, size - 4});
    pieces.push_back({16, size});
    pieces.push_back({4, size + 4});
  }
  pieces.push_back({0, bytes.size()});

  for (const Piece& piece : pieces) {
    const app::HashRange one = range(piece.offset, piece.size);
    pass_.append({&one, 1});
  }
  run();
  ASSERT_EQ(pass_.hashes().size(), pieces.size());
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    EXPECT_EQ(pass_.hashes()[i], hashBytes(std::span(bytes).subspan(pieces[i].offset, pieces[i].size)))
        << pieces[i].size << " bytes at " << pieces[i].offset;
  }
}

TEST_F(HashPassTest, HashesARangeWhereTheDeviceNamesIt) {
  struct Named {
    VkDeviceAddress address = 0;
    std::uint32_t bytes = 0;
    std::uint32_t unused = 0;
  };
  const auto bytes = patternBytes(3 * kMiB, 4);
  fill(bytes);
  app::MappedBuffer names(context_, 3 * sizeof(Named),
                          VK_BUFFER_USAGE_STORAGE_BUFFER_BIT | VK_BUFFER_USAGE_SHADER_DEVICE_ADDRESS_BIT);
  const std::array named{Named{address_ + 64, 2 * kMiB + 3}, Named{address_, 100}, Named{}};
  std::ranges::copy(std::as_bytes(std::span(named)), names.bytes().begin());
  const std::array ranges{app::HashRange{names.address(), 2 * kMiB + 3, true},
                          app::HashRange{names.address() + sizeof(Named), 104, true},       // it has another size
                          app::HashRange{names.address() + 2 * sizeof(Named), 104, true}};  // or is not there
  pass_.append(ranges);
  run();
  EXPECT_EQ(pass_.hashes()[0], hashBytes(std::span(bytes).subspan(64, 2 * kMiB + 3)));
  EXPECT_EQ(pass_.hashes()[1], 0U);
  EXPECT_EQ(pass_.hashes()[2], 0U);
}

TEST_F(HashPassTest, AgreesWithTheHostBeyondTheRoundsThatADriverGivesALoop) {
  const auto bytes = patternBytes(40 * kMiB + 3, 6);
  fill(bytes);
  const std::array ranges{range(0, bytes.size()), range(0, 16 * kMiB), range(4, kMiB), range(8, kMiB + 1),
                          range(kMiB, 20 * kMiB + 2)};
  pass_.append(ranges);
  run();
  const std::span all(bytes);
  EXPECT_EQ(pass_.hashes()[0], hashBytes(all));
  EXPECT_EQ(pass_.hashes()[1], hashBytes(all.first(16 * kMiB)));
  EXPECT_EQ(pass_.hashes()[2], hashBytes(all.subspan(4, kMiB)));
  EXPECT_EQ(pass_.hashes()[3], hashBytes(all.subspan(8, kMiB + 1)));
  EXPECT_EQ(pass_.hashes()[4], hashBytes(all.subspan(kMiB, 20 * kMiB + 2)));
}

TEST_F(HashPassTest, SeesAnyWrongBitAndAnySwap) {
  auto bytes = patternBytes(64 * kKiB, 2);
  fill(bytes);
  const app::HashRange all = range(0, bytes.size());
  pass_.append({&all, 1});
  run();
  ASSERT_EQ(pass_.hashes()[0], hashBytes(bytes));
  std::mt19937 random(3);
  for (int i = 0; i < 200; ++i) {
    const std::size_t at = random() % bytes.size();
    const auto flip = static_cast<std::byte>(1U << random() % 8);
    bytes[at] ^= flip;
    EXPECT_NE(pass_.hashes()[0], hashBytes(bytes)) << "byte " << at;
    bytes[at] ^= flip;
  }
  std::swap_ranges(bytes.begin(), bytes.begin() + 4, bytes.begin() + 4096);
  EXPECT_NE(pass_.hashes()[0], hashBytes(bytes));
}

TEST_F(HashPassTest, TakesMoreRangesThanOneRowOfWorkgroupsHolds) {
  const auto bytes = patternBytes(64 * kKiB, 4);
  fill(bytes);
  constexpr std::size_t kRanges = 2 * 65'535 + 17;
  std::vector<app::HashRange> ranges;
  ranges.reserve(kRanges);
  for (std::size_t i = 0; i < kRanges; ++i) ranges.push_back(range(i % 1000 * 16, 4 + i % 7 * 4));
  pass_.append(std::span(ranges).first(100));
  pass_.append(std::span(ranges).subspan(100));
  run();
  ASSERT_EQ(pass_.hashes().size(), kRanges);
  std::size_t wrong = 0;
  for (std::size_t i = 0; i < kRanges; ++i) {
    wrong += pass_.hashes()[i] != hashBytes(std::span(bytes).subspan(i % 1000 * 16, 4 + i % 7 * 4)) ? 1 : 0;
  }
  EXPECT_EQ(wrong, 0U);
}

TEST_F(HashPassTest, StartsAnewAfterClearAndGrows) {
  const auto bytes = patternBytes(64 * kKiB, 5);
  fill(bytes);
  for (std::size_t round = 1; round <= 4; ++round) {
    pass_.clear();
    const std::size_t count = round * 1500;
    for (std::size_t i = 0; i < count; ++i) {
      const app::HashRange one = range(16 * ((i + round) % 2000), 64);
      pass_.append({&one, 1});
    }
    run();
    ASSERT_EQ(pass_.hashes().size(), count);
    const std::size_t last = 16 * ((count - 1 + round) % 2000);
    EXPECT_EQ(pass_.hashes()[count - 1], hashBytes(std::span(bytes).subspan(last, 64)));
  }
}

TEST_F(HashPassTest, NothingAppendedIsNothingDone) {
  run();
  EXPECT_TRUE(pass_.hashes().empty());
}

}  // namespace
}  // namespace flux::test
