#include "record/event_words.hpp"

#include <algorithm>

namespace flux {

EventBlock EventWords::take(EventBlock next) {
  block_.size = static_cast<std::size_t>(at_ - block_.memory.get());
  EventBlock taken = std::exchange(block_, std::move(next));
  at_ = block_.memory.get();
  end_ = at_ + block_.capacity;
  return taken;
}

void EventWords::next(std::span<const std::uint64_t>& words, RecordedEvent& event) {
  const auto take = [&words](std::size_t count) {
    const std::span<const std::uint64_t> taken = words.first(count);
    words = words.subspan(count);
    return taken;
  };
  const std::uint64_t head = take(1)[0];
  event.kind = static_cast<RecordKind>(head & ~std::uint64_t{kByProducer});
  event.byProducer = (head & kByProducer) != 0;
  event.numbers = {};
  std::ranges::copy(take(numberCount(event.kind)), event.numbers.begin());
  event.text.clear();
  if (hasText(event.kind)) {
    const auto bytes = static_cast<std::size_t>(take(1)[0]);
    const std::span<const std::uint64_t> text = take(wordsOfText(bytes));
    event.text.assign(reinterpret_cast<const char*>(text.data()), bytes);
  }
  event.list.clear();
  if (const std::size_t columns = columnCount(event.kind); columns != 0) {
    const std::span<const std::uint64_t> list = take(static_cast<std::size_t>(take(1)[0]) * columns);
    event.list.assign(list.begin(), list.end());
  }
}

}  // namespace flux
