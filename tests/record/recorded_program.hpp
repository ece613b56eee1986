#pragma once

#include "app/test_files.hpp"
#include "record/random_program.hpp"
#include "record/recording_tools.hpp"

#include <flux/recorder.hpp>
#include <flux/recording.hpp>

#include <filesystem>

namespace flux::test {

/// A program that asks for everything, on one thread.
inline std::vector<RecordedEvent> recordedProgram(std::uint32_t seed, int operations) {
  const app::TestFolder folder;
  const std::filesystem::path file = folder.path() / "program.fluxrec";
  const auto host =
      HostDevice::create({.completion = HostDeviceDesc::Completion::Delayed, .minDelayPolls = 1, .seed = seed});
  const auto faulty = FaultyDevice::create(*host);
  const auto recorder = std::move(Recorder::create(file).value());
  {
    PoolDesc desc;
    desc.chunkBytes = 256 * kKiB;
    desc.firstChunkBytes = desc.longLivedFirstChunkBytes = 64 * kKiB;
    desc.stagingPageBytes = 64 * kKiB;
    desc.stagingLimitBytes = 384 * kKiB;
    desc.readbackLimitBytes = 64 * kKiB;
    desc.hardLimitBytes = 2 * kMiB;
    desc.maxBlocks = 500;
    desc.recordMirrors = 2;
    desc.evicts = seed % 2 == 0;
    desc.journal = &recorder->journal();
    const auto pool = std::move(Pool::create(*faulty, desc).value());
    RandomProgram({.seed = seed, .operations = operations, .threads = false}, *host, *faulty, *pool).run();
  }
  EXPECT_TRUE(recorder->close());
  RecordingReader reader = std::move(RecordingReader::open(file).value());
  return eventsOf(reader);
}

}  // namespace flux::test
