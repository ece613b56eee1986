#pragma once

#include "test_files.hpp"

#include "inspect/run_maps.hpp"
#include "inspect/run_series.hpp"

#include <flux/host.hpp>
#include <flux/pool.hpp>
#include <flux/recorder.hpp>

#include <array>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <random>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace flux::app {

/// A pool that is recorded, and what its steps reported.
class RecordedRun : public testing::Test {
 protected:
  RecordedRun() {
    PoolDesc desc;
    desc.chunkBytes = 512 * kKiB;
    desc.firstChunkBytes = 128 * kKiB;
    desc.longLivedFirstChunkBytes = 128 * kKiB;
    desc.hardLimitBytes = 2 * kMiB;
    desc.emptyChunkSteps = 3;
    desc.recordMirrors = 3;
    desc.journal = &recorder->journal();
    pool = std::move(Pool::create(*device, desc).value());
    owner = pool->makeTag("terrain").value();
  }

  Result<BlockHandle> add(std::string_view name, std::size_t bytes, Tag tag = kUntagged) {
    bytes_.resize(std::max(bytes_.size(), bytes));
    const std::array parts{PartDesc{PartKind::Vertex, bytes, Source::bytes(std::span(bytes_).first(bytes))}};
    return pool->add({.name = name, .parts = parts, .tag = tag});
  }
  /// Without a publish.
  void step() {
    reports.push_back(pool->step().value());
    if (keepsDumps) dumps.push_back(pool->dump());
  }

  /// A program that does a bit of everything.
  void runRandomly(int operations) {
    std::mt19937 random(7);
    std::vector<BlockHandle> blocks;
    std::vector<Frame> frames;
    for (int i = 0; i < operations; ++i) {
      const auto any = [&] { return random() % blocks.size(); };
      switch (blocks.empty() ? 0 : random() % 8) {
        case 0:
        case 1:
        case 2:
          if (Result<BlockHandle> added = add("block " + std::to_string(i), 16 * (1 + random() % 3000),
                                              random() % 2 == 0 ? owner : kUntagged)) {
            blocks.push_back(*added);
          }
          break;
        case 3: {
          const PartUpdate update{PartId{0}, Source::bytes(std::span(bytes_).first(16)), 0, 16};
          (void)pool->update(blocks[any()], {&update, 1});
          break;
        }
        case 4: {
          BlockHandle& gone = blocks[any()];
          EXPECT_TRUE(pool->remove(std::exchange(gone, blocks.back())));
          blocks.pop_back();
          break;
        }
        case 5:
          frames.push_back(pool->beginFrame("a frame"));
          if (frames.size() > 2) frames.erase(frames.begin());
          break;
        default:
          step();
          if (random() % 3 != 0) pool->publish();
      }
    }
  }

  /// Ends the run. Its bytes, as they are in the file.
  std::string recording() {
    pool.reset();
    EXPECT_TRUE(recorder->close());
    std::ifstream in(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  static RecordingReader readerOf(const std::string& bytes) {
    return std::move(RecordingReader::open(std::make_unique<std::istringstream>(bytes), "test").value());
  }

  TestFolder folder;
  const std::filesystem::path file = folder.path() / "run.fluxrec";
  std::unique_ptr<Recorder> recorder = std::move(Recorder::create(file).value());
  std::unique_ptr<HostDevice> device = HostDevice::create({.completion = HostDeviceDesc::Completion::Immediate});
  std::unique_ptr<Pool> pool;
  Tag owner = kUntagged;
  std::vector<StepReport> reports;
  bool keepsDumps = true;
  std::vector<std::string> dumps;  ///< After each step.

 private:
  std::vector<std::byte> bytes_;
};

}  // namespace flux::app
