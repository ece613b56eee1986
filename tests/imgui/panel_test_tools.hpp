#pragma once

#include "flux_panel_feed.hpp"

#include <flux/host.hpp>

#include <gtest/gtest.h>

#include <array>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace flux::test {

/// A pool on plain memory, and what feeds a panel with it.
struct PanelPool {
  explicit PanelPool(const PoolDesc& desc = {})
      : device(HostDevice::create({.completion = HostDeviceDesc::Completion::Immediate})),
        pool(Pool::create(*device, desc).value()) {}

  BlockHandle add(const std::string& name, ByteCount bytes, Tag tag = kUntagged) {
    const std::array parts{part(bytes)};
    return pool->add({.name = name, .parts = parts, .tag = tag}).value();
  }
  void update(BlockHandle block, ByteCount bytes) {
    const std::array parts{PartUpdate{PartId{0}, part(bytes).source}};
    ASSERT_TRUE(pool->update(block, parts));
  }
  /// The pool copies what it is given.
  PartDesc part(ByteCount bytes) {
    if (zeros.size() < bytes) zeros.resize(bytes);
    return {PartKind::Vertex, bytes, Source::bytes(std::span(zeros).first(bytes))};
  }
  void step(int times = 1) {
    for (int i = 0; i < times; ++i) {
      const auto report = pool->step();
      ASSERT_TRUE(report);
      now += std::chrono::seconds(1);
      feed.stepped(*pool, *report, std::chrono::microseconds(7), now);
      pool->publish();
    }
  }

  std::unique_ptr<HostDevice> device;
  std::unique_ptr<Pool> pool;
  PanelFeed feed;
  std::vector<std::byte> zeros;
  std::chrono::steady_clock::time_point now{};
};

}  // namespace flux::test
