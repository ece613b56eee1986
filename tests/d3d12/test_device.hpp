#pragma once

#include "d3d12/context.hpp"
#include "d3d12/range_reader.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <random>
#include <span>
#include <string>
#include <vector>

namespace flux::test {

[[nodiscard]] inline std::vector<std::byte> patternBytes(std::size_t count, std::uint32_t seed) {
  std::mt19937 random(seed);
  std::vector<std::byte> bytes(count);
  std::generate(bytes.begin(), bytes.end(), [&] { return static_cast<std::byte>(random()); });
  return bytes;
}

/// A device whose calls are checked: a message fails the test.
class D3D12Test : public testing::Test {
 protected:
  ~D3D12Test() override {
    const std::vector<std::string> first = context_.messages().first();
    EXPECT_EQ(context_.messages().count(), 0U) << (first.empty() ? "" : first.front());
  }

  app::D3D12Context context_{{.validate = true}};
};

/// What the bytes of a chunk's beginning are once `device` has copied up to `copied`. The draw queue of `context` reads
/// them.
[[nodiscard]] inline std::vector<std::byte> readChunk(app::D3D12Context& context, D3D12Device& device,
                                                      const ChunkInfo& chunk, ByteCount bytes, TimelineValue copied) {
  EXPECT_TRUE(device.wait(kCopyQueue, copied, std::chrono::seconds{60}));
  app::d3d12::RangeReader reader(context.d3d12Device());
  Place place;
  place.buffer = chunk.buffer;
  place.bytes = bytes;
  ID3D12CommandList* const list = reader.record({&place, 1});
  context.wait(context.submit({&list, 1}, {}));
  const std::span<const std::byte> found = reader.bytes();
  return {found.begin(), found.end()};
}

inline void openPage(Device& device, StagingIndex index, std::span<const std::byte> bytes) {
  const auto page = device.openStaging(index, bytes.size());
  ASSERT_TRUE(page);
  std::copy(bytes.begin(), bytes.end(), page->begin());
  ASSERT_TRUE(device.sealStaging(index, bytes.size()));
}

}  // namespace flux::test
