#include "flux_panel_text.hpp"

#include <array>
#include <cstdio>

namespace flux {
namespace {

template <class... Values>
std::string formatted(const char* format, Values... values) {
  std::array<char, 160> text{};
  std::snprintf(text.data(), text.size(), format, values...);
  return text.data();
}

std::string placeText(const RangeView& place) {
  if (place.bytes == 0) return "no place";
  return "chunk " + std::to_string(static_cast<std::uint32_t>(place.chunk)) + " at " + bytesText(place.offset);
}

}  // namespace

std::string bytesText(ByteCount bytes) {
  constexpr std::array kUnits{"B", "KiB", "MiB", "GiB", "TiB"};
  auto value = static_cast<double>(bytes);
  std::size_t unit = 0;
  while (value >= 1000 && unit + 1 < kUnits.size()) {
    value /= 1024;
    ++unit;
  }
  return formatted(unit == 0 ? "%.0f %s" : "%.1f %s", value, kUnits[unit]);
}

std::string countText(std::uint64_t count) {
  std::string text = std::to_string(count);
  for (std::size_t i = text.size(); i > 3; i -= 3) text.insert(i - 3, 1, ',');
  return text;
}

std::string durationText(std::chrono::nanoseconds duration) {
  const auto nanoseconds = static_cast<double>(duration.count());
  if (nanoseconds < 9.95e3) return formatted("%.1f us", nanoseconds / 1e3);
  if (nanoseconds < 1e6) return formatted("%.0f us", nanoseconds / 1e3);
  if (nanoseconds < 1e9) return formatted("%.1f ms", nanoseconds / 1e6);
  return formatted("%.1f s", nanoseconds / 1e9);
}

const char* wordFor(BlockState state) noexcept {
  switch (state) {
    case BlockState::Resident:
      return "resident";
    case BlockState::Absent:
      return "absent";
    case BlockState::Lost:
      return "lost";
    case BlockState::Free:
      break;
  }
  return "gone";
}

const char* wordFor(Lifetime lifetime) noexcept {
  return lifetime == Lifetime::LongLived ? "long-lived" : "streaming";
}

std::string waitText(const PanelData& data, const PanelBlock& block) {
  std::string text;
  if (block.move != kNoPanelEntry) {
    const MoveView& move = data.moves[block.move];
    text = move.submitted
               ? "copies of " + bytesText(move.allBytes)
               : "its turn: " + bytesText(move.gatheredBytes) + " of " + bytesText(move.allBytes) + " copied";
    if (move.copyValue != 0) text += ", copy value " + countText(move.copyValue);
  }
  if (block.waitingParts != 0) {
    if (!text.empty()) text += "; then ";
    text += formatted("new contents of %u part%s, ", block.waitingParts, block.waitingParts == 1 ? "" : "s") +
            bytesText(block.waitingBytes);
  }
  return text.empty() ? "nothing" : text;
}

std::string eventText(const PanelEvent& event) {
  const auto version = static_cast<unsigned long long>(event.version);
  switch (event.what) {
    case PanelEvent::What::Watched:
      return std::string(wordFor(event.state)) + formatted(", version %llu, ", version) + placeText(event.place);
    case PanelEvent::What::Asked:
      return formatted("version %llu was asked for", version);
    case PanelEvent::What::Arrived:
      return formatted("version %llu arrived", version);
    case PanelEvent::What::Moved:
      return "moved to " + placeText(event.place);
    case PanelEvent::What::State:
      return std::string("became ") + wordFor(event.state);
    case PanelEvent::What::Gone:
      break;
  }
  return "removed";
}

const char* tagName(const PanelData& data, Tag tag) {
  const auto index = static_cast<std::size_t>(tag);
  return index < data.tags.size() && !data.tags[index].name.empty() ? data.tags[index].name.c_str() : "(no owner)";
}

}  // namespace flux
