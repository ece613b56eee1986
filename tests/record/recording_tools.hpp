#pragma once

/// Recordings as bytes in memory: read, changed, written again.

#include "record/block_file.hpp"
#include "record/codec.hpp"

#include <flux/recording.hpp>

#include <gtest/gtest.h>

#include <functional>
#include <limits>
#include <memory>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

namespace flux::test {

inline Result<RecordingReader> readerOf(const std::string& bytes) {
  return RecordingReader::open(std::make_unique<std::istringstream>(bytes), "test");
}

inline std::vector<RecordedEvent> eventsOf(RecordingReader& reader) {
  std::vector<RecordedEvent> events;
  RecordedEvent event;
  while (reader.next(event).value_or(false)) events.push_back(event);
  return events;
}

/// A recording of these events.
inline std::string written(const std::vector<RecordedEvent>& events) {
  EventEncoder encoder;
  for (const RecordedEvent& event : events) encoder.encode(event);
  std::ostringstream out;
  EXPECT_TRUE(writeFileHead(out) && writeBlock(out, encoder.take()));
  return out.str();
}

/// The same recording, with its events changed, and only so many of them.
inline std::string changed(const std::string& bytes, const std::function<void(RecordedEvent&)>& change,
                           std::size_t most = std::numeric_limits<std::size_t>::max()) {
  RecordingReader reader = std::move(readerOf(bytes).value());
  std::vector<RecordedEvent> events = eventsOf(reader);
  if (events.size() > most) events.resize(most);
  for (RecordedEvent& event : events) change(event);
  return written(events);
}

}  // namespace flux::test
