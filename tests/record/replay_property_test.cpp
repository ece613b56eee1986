// Whatever a program does, and whenever its device and its threads do something: a replay does the same.

#include "app/test_files.hpp"
#include "pool/pool_test_tools.hpp"
#include "record/random_program.hpp"

#include <flux/recorder.hpp>
#include <flux/recording.hpp>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <set>
#include <tuple>

namespace flux {
namespace {

namespace fs = std::filesystem;
using Completion = HostDeviceDesc::Completion;

struct Recorded {
  test::Places places;
  std::uint64_t events = 0;
  std::uint64_t evictions = 0;
};

PoolDesc poolFor(std::uint32_t seed) {
  PoolDesc desc;
  desc.chunkBytes = 256 * kKiB;
  desc.firstChunkBytes = 64 * kKiB;
  desc.longLivedFirstChunkBytes = 64 * kKiB;
  desc.stagingPageBytes = 64 * kKiB;
  desc.stagingLimitBytes = 384 * kKiB;
  desc.readbackLimitBytes = 64 * kKiB;
  desc.hardLimitBytes = seed % 3 == 0 ? 2 * kMiB : 0;
  desc.evicts = seed % 3 == 0;
  desc.storeLimitBytes = kMiB;
  if (desc.evicts && seed % 2 == 0) desc.hardLimitBytes = kMiB;
  desc.maxBlocks = seed % 4 == 0 ? 200 : 4096;
  desc.emptyChunkSteps = 10;
  desc.recordMirrors = seed % 2 == 0 ? 4 : 0;
  desc.reserveBytes = seed % 5 == 0 ? 300 * kKiB : 0;
  desc.maxInstructions = 64;
  if (seed % 2 == 1) desc.defrag = test::restless();
  return desc;
}

constexpr ByteCount kDirectBytes[] = {0, 3000, kAllBytes};

Recorded record(const test::ProgramSettings& settings, Completion completion, const fs::path& file) {
  const std::uint32_t seed = settings.seed;
  const auto host = HostDevice::create({.completion = completion,
                                        .minDelayPolls = 1,
                                        .maxDelayPolls = 5,
                                        .seed = seed,
                                        .maxAllocations = seed % 4 == 1 ? 16U : 4096U,
                                        .directWriteBytes = kDirectBytes[seed % 3]});
  const auto faulty = FaultyDevice::create(*host);
  auto recorder = Recorder::create(file).value();
  Recorded recorded;
  {
    PoolDesc desc = poolFor(seed);
    desc.journal = &recorder->journal();
    const auto pool = Pool::create(*faulty, desc).value();
    recorded.places = test::RandomProgram(settings, *host, *faulty, *pool).run();
    recorded.evictions = pool->stats().evictions;
  }
  const Result<void> closed = recorder->close();
  EXPECT_TRUE(closed) << describe(closed.error());
  recorded.events = recorder->events();
  return recorded;
}

/// What a part contains in a replay.
void fillThing(std::uint64_t thing, ByteOffset offset, std::span<std::byte> bytes) {
  for (std::byte& byte : bytes) byte = static_cast<std::byte>((thing * 131 + offset++ * 7) >> 1U);
}

/// `least`: places and parts that it must have.
test::Places replay(const fs::path& file, const HostDeviceDesc& device, std::uint64_t events, std::uint64_t least) {
  const auto host = HostDevice::create(device);
  const auto checked = makeCheckedDevice(*host);
  std::uint64_t verified = 0;
  ReplaySettings settings;
  settings.fill = fillThing;
  settings.arrived = [&](const Frame& frame, std::span<const ReplayedPart> parts) {
    for (const ReplayedPart& part : parts) {
      const Place place = frame.find(part.block, part.part).place;
      EXPECT_EQ(place.bytes, part.bytes);
      std::vector<std::byte> expected(place.bytes);
      fillThing(part.thing, 0, expected);
      const auto found = host->bytes(place.chunk).subspan(place.offset, place.bytes);
      EXPECT_TRUE(std::ranges::equal(found, expected)) << "block " << part.block.index;
      ++verified;
    }
  };
  auto player = RecordingPlayer::create(RecordingReader::open(file).value(), *checked, settings).value();
  Result<bool> more = true;
  while ((more = player->advance()) && *more && !testing::Test::HasFailure()) {
  }
  EXPECT_TRUE(more) << describe(more.error());
  EXPECT_FALSE(player->truncated());
  if (const auto& difference = player->difference()) {
    ADD_FAILURE() << "event " << difference->event << ": expected " << difference->expected << ", found "
                  << difference->found;
    return {};
  }
  EXPECT_EQ(player->events(), events);
  EXPECT_GE(player->places(), least);
  EXPECT_GE(verified, least);
  EXPECT_EQ(host->earlyReclaims(), 0U);
  return test::placesIn(player->pool().beginFrame());
}

class ReplayProperty : public testing::TestWithParam<std::tuple<bool, std::uint32_t>> {
 protected:
  app::TestFolder folder_;
  const fs::path file_ = folder_.path() / "program.fluxrec";
};

TEST_P(ReplayProperty, DoesTheSame) {
  const auto [threads, first] = GetParam();
  const std::uint32_t seeds = std::getenv("FLUX_SOAK") != nullptr ? 200 : 3;
  for (std::uint32_t seed = first; seed < first + seeds && !HasFailure(); ++seed) {
    SCOPED_TRACE(seed);
    const test::ProgramSettings settings{
        .seed = seed, .threads = threads, .faults = seed % 2 == 1, .loses = seed % 7 == 3};
    const Recorded recorded = record(settings, threads ? Completion::Worker : Completion::Delayed, file_);
    HostDeviceDesc other{.completion = Completion::Manual, .maxAllocations = 65536};
    other.directWriteBytes = kDirectBytes[seed % 3];
    EXPECT_TRUE(threads || seed != 12 || recorded.evictions > 0);
    // Threads come as far as they come.
    EXPECT_EQ(replay(file_, other, recorded.events, threads || settings.loses ? 0 : 100), recorded.places);
  }
}

/// What no program has asked, no replay has shown to be right.
TEST(RecordedPrograms, HaveEveryKindOfEvent) {
  const app::TestFolder folder;
  const fs::path file = folder.path() / "program.fluxrec";
  std::set<std::string_view> missing;
  for (std::size_t kind = 0; kind < kRecordKindCount; ++kind)
    missing.insert(recordRow(static_cast<RecordKind>(kind)).name);
  for (std::uint32_t seed = 1; seed < 40 && !missing.empty(); ++seed) {
    record({.seed = seed, .threads = false, .faults = true, .loses = seed % 7 == 3}, Completion::Delayed, file);
    RecordingReader reader = std::move(RecordingReader::open(file).value());
    RecordedEvent event;
    while (reader.next(event).value_or(false)) missing.erase(recordRow(event.kind).name);
  }
  EXPECT_EQ(missing, std::set<std::string_view>{});
}

INSTANTIATE_TEST_SUITE_P(Programs, ReplayProperty,
                         testing::Combine(testing::Bool(), testing::Values(1U, 11U, 21U, 31U)));

}  // namespace
}  // namespace flux
