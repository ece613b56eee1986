// Any bytes as a recording: as a file, and, past what its checksums let through, as the events of a block.

#include "fuzz/fuzz_input.hpp"
#include "record/codec.hpp"

#include <flux/recording.hpp>

#include <memory>
#include <span>
#include <sstream>
#include <string>

namespace flux {
namespace {

/// Each event takes at least a byte, and has no more in it than its kind has.
void readEvents(std::span<const std::byte> bytes) {
  EventDecoder decoder;
  RecordedEvent event;
  for (std::size_t before = bytes.size(); decoder.next(bytes, event); before = bytes.size()) {
    FUZZ_CHECK(bytes.size() < before);
    const std::size_t columns = columnCount(event.kind);
    FUZZ_CHECK(columns == 0 ? event.list.empty() : event.list.size() % columns == 0);
    FUZZ_CHECK(event.text.size() <= kMaxTextBytes && !describe(event).empty());
  }
}

void readFile(const std::string& text) {
  Result<RecordingReader> reader = RecordingReader::open(std::make_unique<std::istringstream>(text), "fuzz");
  if (!reader) return;
  RecordedEvent event;
  std::uint64_t events = 0;
  while (reader->next(event).value_or(false)) {
    FUZZ_CHECK(event.number == ++events);
  }
}

}  // namespace
}  // namespace flux

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::span<const std::uint8_t> bytes(data, size);
  flux::readEvents(std::as_bytes(bytes));
  flux::readFile(std::string(bytes.begin(), bytes.end()));
  return 0;
}
