#pragma once

#include "test_files.hpp"

#include "failure.hpp"
#include "inspect/dump_file.hpp"

#include <flux/host.hpp>
#include <flux/pool.hpp>

#include <array>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace flux::app {

/// A pool with two owners and some blocks, whose dumps are read back.
class InspectFixture : public testing::Test {
 protected:
  BlockHandle add(std::string_view name, std::size_t size, Tag tag = kUntagged) {
    const std::vector<std::byte> bytes(size);
    const std::array parts{PartDesc{PartKind::Vertex, size, Source::bytes(bytes)},
                           PartDesc{PartKind::Index, 16, Source::bytes(std::span(bytes).first(16))}};
    return pool->add({.name = name, .parts = parts, .tag = tag}).value();
  }
  void settle(int steps = 3) {
    for (int i = 0; i < steps; ++i) {
      ASSERT_TRUE(pool->step());
      pool->publish();
    }
  }
  DumpFile dump(const char* file = "dump.json") { return readDump(folder.write(file, pool->dump())); }
  /// What the command says to a file with this text.
  std::string refusal(const std::string& text) {
    try {
      (void)readDump(folder.write("wrong.json", text));
    } catch (const Failure& failure) {
      return failure.what();
    }
    return "";
  }

  TestFolder folder;
  std::unique_ptr<HostDevice> device = HostDevice::create({.completion = HostDeviceDesc::Completion::Immediate});
  std::unique_ptr<Pool> pool = std::move(Pool::create(*device, {.hardLimitBytes = 4 * kMiB}).value());
  Tag terrain = pool->makeTag("terrain").value();
};

}  // namespace flux::app
