#include "record/event_words.hpp"

#include "record/random_event.hpp"

#include <gtest/gtest.h>

namespace flux {
namespace {

void write(EventWords& words, const RecordedEvent& event) {
  words.begin(event.kind, event.byProducer);
  for (std::size_t i = 0; i < numberCount(event.kind); ++i) words.number(event.numbers[i]);
  if (recordRow(event.kind).text) words.text(event.text);
  const std::size_t columns = columnCount(event.kind);
  if (columns == 0) return;
  words.rows(event.list.size() / columns);
  for (const std::uint64_t number : event.list) words.row({number});
}

TEST(EventWords, EventsComeBackAsTheyWere) {
  std::mt19937_64 random(1);
  EventWords words;
  std::vector<std::uint64_t> memory;
  for (int block = 0; block < 20; ++block) {
    std::vector<RecordedEvent> events(1000);
    for (RecordedEvent& event : events) write(words, event = randomEvent(random));
    memory = words.take(std::move(memory));
    RecordedEvent found;
    std::span<const std::uint64_t> rest = memory;
    for (const RecordedEvent& event : events) {
      ASSERT_FALSE(rest.empty());
      EventWords::next(rest, found);
      ASSERT_TRUE(same(found, event));
    }
    ASSERT_TRUE(rest.empty());
  }
}

TEST(EventWords, ListsOfAnyLengthHaveRoom) {
  RecordedEvent event;
  event.kind = RecordKind::Update;
  event.list.assign(columnCount(event.kind) * 100'000, 7);
  EventWords words;
  write(words, event);
  write(words, event);
  const std::vector<std::uint64_t> taken = words.take();
  std::span<const std::uint64_t> rest = taken;
  RecordedEvent found;
  EventWords::next(rest, found);
  EventWords::next(rest, found);
  EXPECT_TRUE(same(found, event));
  EXPECT_TRUE(rest.empty());
}

TEST(EventWords, LongNamesAreCut) {
  EventWords words;
  words.begin(RecordKind::MakeTag);
  for (std::size_t i = 0; i < numberCount(RecordKind::MakeTag); ++i) words.number(0);
  words.text(std::string(1000, 'x'));
  const std::vector<std::uint64_t> taken = words.take();
  std::span<const std::uint64_t> rest = taken;
  RecordedEvent found;
  EventWords::next(rest, found);
  EXPECT_EQ(found.text, std::string(kMaxTextBytes, 'x'));
}

}  // namespace
}  // namespace flux
