#include "record/codec.hpp"
#include "record/numbers.hpp"

#include "base/packed_handle.hpp"
#include "record/random_event.hpp"

#include <gtest/gtest.h>

#include <random>
#include <string>

namespace flux {
namespace {

TEST(Codec, EventsComeBackAsTheyWere) {
  std::mt19937_64 random(1);
  EventEncoder encoder;
  EventDecoder decoder;
  for (int block = 0; block < 20; ++block) {
    std::vector<RecordedEvent> events(500);
    for (RecordedEvent& event : events) encoder.encode(event = randomEvent(random));
    const std::vector<std::byte> bytes = encoder.take();
    std::span<const std::byte> rest = bytes;
    for (const RecordedEvent& event : events) {
      RecordedEvent found;
      ASSERT_TRUE(decoder.next(rest, found));
      ASSERT_TRUE(same(found, event));
    }
    ASSERT_TRUE(rest.empty());
  }
}

TEST(Codec, WhatGoesOnAsBeforeTakesAByteANumber) {
  EventEncoder encoder;
  RecordedEvent event;
  event.kind = RecordKind::PlaceTaken;
  event.numbers = {3, 1'000'000, 4096, 1};
  encoder.encode(event);
  (void)encoder.take();
  encoder.encode(event);
  EXPECT_EQ(encoder.take().size(), 1 + numberCount(event.kind));
}

TEST(Codec, DamagedBytesAreRefusedOrMeanSomethingElse) {
  std::mt19937_64 random(2);
  for (int round = 0; round < 3000; ++round) {
    EventEncoder encoder;
    for (int i = 0; i < 5; ++i) encoder.encode(randomEvent(random));
    std::vector<std::byte> bytes = encoder.take();
    bytes[random() % bytes.size()] = static_cast<std::byte>(random() % 256);
    bytes.resize(bytes.size() - random() % 3);
    EventDecoder decoder;
    std::span<const std::byte> rest = bytes;
    RecordedEvent event;
    for (int i = 0; !rest.empty() && decoder.next(rest, event); ++i) ASSERT_LT(i, 200);
  }
}

TEST(Codec, ANumberOfMoreThan64BitsIsRefused) {
  std::vector<std::byte> bytes(12, std::byte{0xff});
  bytes[0] = static_cast<std::byte>(RecordKind::ChunkGone);
  bytes[11] = std::byte{0x01};
  EventDecoder decoder;
  std::span<const std::byte> rest = bytes;
  RecordedEvent event;
  EXPECT_FALSE(decoder.next(rest, event));
}

TEST(Codec, AListLongerThanTheBytesIsRefused) {
  RecordedEvent whole;
  whole.kind = RecordKind::RemoveParts;
  whole.list.resize(100);
  EventEncoder encoder;
  encoder.encode(whole);
  std::vector<std::byte> bytes = encoder.take();
  bytes.resize(bytes.size() - 1);
  EventDecoder decoder;
  std::span<const std::byte> rest = bytes;
  RecordedEvent event;
  EXPECT_FALSE(decoder.next(rest, event));
}

TEST(DescribeEvent, NamesNumbersAndEscapesNames) {
  RecordedEvent event;
  event.kind = RecordKind::Add;
  event.byProducer = true;
  event.numbers = {packed({7, 3}), 1, packed({9, 1})};
  event.text = "a \"quoted\"\n\x1b[31m \xff name \xc3\xa9 \xc2\x9b";
  event.list = {static_cast<std::uint64_t>(PartKind::Index), 12,
                static_cast<std::uint64_t>(SourceKind::Staged) + kSourceKinds, 12};
  EXPECT_EQ(describe(event),
            "producer: add block=7.3 lifetime=1 fallback=9.1 tag=0 movable=0 "
            "\"a \\\"quoted\\\"\\x0a\\x1b[31m \\xff name \xc3\xa9 \\xc2\\x9b\" [kind=index bytes=12 source=staged+kept "
            "given=12]");
  event = {};
  event.kind = RecordKind::Refused;
  event.numbers = {1 + static_cast<std::uint64_t>(ErrorCode::StagingFull)};
  EXPECT_EQ(describe(event), "refused error='staging full'");
}

TEST(DescribeEvent, LeavesNumbersThatMeanNothing) {
  RecordedEvent event;
  event.kind = RecordKind::Refused;
  event.numbers = {256 + 1};
  EXPECT_EQ(describe(event), "refused error=257");
  event.kind = RecordKind::Pin;
  event.numbers = {~std::uint64_t{0}};
  EXPECT_EQ(describe(event), "pin block=18446744073709551615");
  event = {};
  event.kind = RecordKind::AddParts;
  event.list = {kPartKindCount,   1, static_cast<std::uint64_t>(SourceKind::LastingCallback), 0, 0, 1,
                2 * kSourceKinds, 0};
  EXPECT_EQ(describe(event), "addParts block=0.0 [kind=" + std::to_string(kPartKindCount) +
                                 " bytes=1 source=lasting given=0] [kind=vertex bytes=1 source=10 given=0]");
}

}  // namespace
}  // namespace flux
