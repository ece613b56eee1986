#pragma once

#include "record/codec.hpp"

#include <limits>
#include <random>
#include <string>

namespace flux {

/// An event of any kind, with numbers of every size.
inline RecordedEvent randomEvent(std::mt19937_64& random) {
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

/// Whether they are the same in all that an event has.
inline bool same(const RecordedEvent& a, const RecordedEvent& b) {
  return a.kind == b.kind && a.byProducer == b.byProducer && a.numbers == b.numbers && a.text == b.text &&
         a.list == b.list;
}

}  // namespace flux
