#include "record/codec.hpp"

#include "base/packed_handle.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <random>
#include <string>

namespace flux {
namespace {

/// An event of any kind, with numbers of every size.
RecordedEvent randomEvent(std::mt19937_64& random) {
  const auto number = [&] {
    switch (random() % 4) {
      case 0:
        return random();
      case 1:
        return std::numeric_limits<std::uint64_t>::max() - random() % 3;
      default:
        return random() % 300;
    }
  };
  RecordedEvent event;
  event.kind = static_cast<RecordKind>(random() % kRecordKindCount);
  const RecordRow& row = recordRow(event.kind);
  event.byProducer = row.group == RecordGroup::Call && random() % 2 == 0;
  for (std::size_t i = 0; i < numberCount(event.kind); ++i) event.numbers[i] = number();
  if (row.text)
    event.text = std::string(random() % 60, static_cast<char>(random() % 256)) + std::to_string(random() % 20);
  event.list.resize(columnCount(event.kind) * (random() % 5));
  for (std::uint64_t& each : event.list) each = number();
  return event;
}

void encode(EventEncoder& encoder, const RecordedEvent& event) {
  encoder.begin(event.kind, event.byProducer);
  for (std::size_t i = 0; i < numberCount(event.kind); ++i) encoder.number(event.numbers[i]);
  if (recordRow(event.kind).text) encoder.text(event.text);
  const std::size_t columns = columnCount(event.kind);
  if (columns == 0) return;
  encoder.rows(event.list.size() / columns);
  for (std::size_t at = 0; at < event.list.size(); at += columns) {
    const std::uint64_t* const row = event.list.data() + at;
    switch (columns) {
      case 1:
        encoder.row({row[0]});
        break;
      case 2:
        encoder.row({row[0], row[1]});
        break;
      case 4:
        encoder.row({row[0], row[1], row[2], row[3]});
        break;
      default:
        encoder.row({row[0], row[1], row[2], row[3], row[4]});
        break;
    }
  }
}

TEST(Codec, EventsComeBackAsTheyWere) {
  std::mt19937_64 random(1);
  EventEncoder encoder;
  EventDecoder decoder;
  for (int block = 0; block < 20; ++block) {
    std::vector<RecordedEvent> events(500);
    for (RecordedEvent& event : events) encode(encoder, event = randomEvent(random));
    const std::vector<std::byte> bytes = encoder.take();
    std::span<const std::byte> rest = bytes;
    for (const RecordedEvent& event : events) {
      RecordedEvent found;
      ASSERT_TRUE(decoder.next(rest, found));
      ASSERT_EQ(found.kind, event.kind);
      ASSERT_EQ(found.byProducer, event.byProducer);
      ASSERT_EQ(found.numbers, event.numbers);
      ASSERT_EQ(found.text, event.text);
      ASSERT_EQ(found.list, event.list);
    }
    ASSERT_TRUE(rest.empty());
  }
}

TEST(Codec, WhatGoesOnAsBeforeTakesAByteANumber) {
  EventEncoder encoder;
  RecordedEvent event;
  event.kind = RecordKind::PlaceTaken;
  event.numbers = {3, 1'000'000, 4096, 1};
  encode(encoder, event);
  (void)encoder.take();
  encode(encoder, event);
  EXPECT_EQ(encoder.size(), 1 + numberCount(event.kind));
}

TEST(Codec, DamagedBytesAreRefusedOrMeanSomethingElse) {
  std::mt19937_64 random(2);
  for (int round = 0; round < 3000; ++round) {
    EventEncoder encoder;
    for (int i = 0; i < 5; ++i) encode(encoder, randomEvent(random));
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
  EventEncoder encoder;
  encoder.begin(RecordKind::RemoveParts);
  encoder.number(0);
  encoder.rows(1'000'000'000'000);
  const std::vector<std::byte> bytes = encoder.take();
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
  event.list = {static_cast<std::uint64_t>(PartKind::Index), 12, 5, 12};
  EXPECT_EQ(describe(event),
            "producer: add block=7.3 lifetime=1 fallback=9.1 tag=0 "
            "\"a \\\"quoted\\\"\\x0a\\x1b[31m \\xff name \xc3\xa9 \\xc2\\x9b\" [kind=index bytes=12 source=staged+kept "
            "given=12]");
  event = {};
  event.kind = RecordKind::Refused;
  event.numbers = {1 + static_cast<std::uint64_t>(ErrorCode::StagingFull)};
  EXPECT_EQ(describe(event), "refused error='staging full'");
}

}  // namespace
}  // namespace flux
