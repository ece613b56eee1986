#include "record/event_words.hpp"

#include "record/random_event.hpp"

#include <gtest/gtest.h>

namespace flux {
namespace {

/// Memory for so many events with lists of so many numbers in all.
EventBlock memoryFor(std::size_t events, std::size_t numbers = 0) {
  return EventBlock(events * EventWords::mostWords(0) + numbers);
}

void write(EventWords& words, const RecordedEvent& event) {
  const std::size_t columns = columnCount(event.kind);
  const std::size_t rows = columns != 0 ? event.list.size() / columns : 0;
  ASSERT_TRUE(words.hasRoom(EventWords::mostWords(rows)));
  EventWords::Event written = words.begin(event.kind, event.byProducer);
  written.numbers(std::span(event.numbers).first(numberCount(event.kind)));
  if (hasText(event.kind)) written.text(event.text);
  if (columns != 0) {
    written.number(rows);
    written.numbers(event.list);
  }
  words.end(written);
}

TEST(EventWords, EventsComeBackAsTheyWere) {
  std::mt19937_64 random(1);
  EventWords words;
  (void)words.take(EventBlock(std::size_t{1} << 20U));
  for (int block = 0; block < 20; ++block) {
    std::vector<RecordedEvent> events(1000);
    for (RecordedEvent& event : events) write(words, event = randomEvent(random));
    const EventBlock taken = words.take(EventBlock(std::size_t{1} << 20U));
    EXPECT_TRUE(words.empty());
    RecordedEvent found;
    std::span<const std::uint64_t> rest = taken.events();
    for (const RecordedEvent& event : events) {
      ASSERT_FALSE(rest.empty());
      EventWords::next(rest, found);
      ASSERT_TRUE(same(found, event));
    }
    ASSERT_TRUE(rest.empty());
  }
}

TEST(EventWords, AnEventTakesNoMoreThanItSays) {
  RecordedEvent longest;
  longest.kind = RecordKind::Add;
  longest.text.assign(kMaxTextBytes, 'x');
  longest.list.assign(columnCount(longest.kind) * 100'000, 7);
  EventWords words;
  EXPECT_FALSE(words.hasRoom(1));  // nobody has given it memory
  (void)words.take(memoryFor(1, 100'000 * kMaxColumns));
  write(words, longest);
  EXPECT_FALSE(words.hasRoom(EventWords::mostWords(100'000)));
  const EventBlock taken = words.take({});
  EXPECT_LE(taken.size, EventWords::mostWords(100'000));
  std::span<const std::uint64_t> rest = taken.events();
  RecordedEvent found;
  EventWords::next(rest, found);
  EXPECT_TRUE(same(found, longest));
  EXPECT_TRUE(rest.empty());
}

TEST(EventWords, NamesOfAnyLengthComeBackAndLongOnesAreCut) {
  EventWords words;
  (void)words.take(memoryFor(2 * kMaxTextBytes));
  std::string name;
  const auto makeTag = [&] {
    RecordedEvent event;
    event.kind = RecordKind::MakeTag;
    event.text = name;
    write(words, event);
  };
  for (; name.size() < 2 * kMaxTextBytes; name += static_cast<char>('a' + name.size() % 26)) makeTag();
  const EventBlock taken = words.take({});
  std::span<const std::uint64_t> rest = taken.events();
  RecordedEvent found;
  for (std::size_t length = 0; length < name.size(); ++length) {
    EventWords::next(rest, found);
    EXPECT_EQ(found.text, name.substr(0, std::min(length, kMaxTextBytes)));
  }
}

}  // namespace
}  // namespace flux
