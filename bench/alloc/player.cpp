#include "player.hpp"

#include <algorithm>
#include <string>
#include <tuple>
#include <vector>

namespace flux::bench {

std::optional<std::string> Player::check(std::span<const std::uint32_t> bytes, ByteCount alignment,
                                         ByteCount spaceBytes) const {
  std::vector<SlotPlace> held = places();
  std::ranges::sort(held, {}, [](const SlotPlace& h) { return std::tuple(h.place.chunk, h.place.offset); });
  for (std::size_t i = 0; i < held.size(); ++i) {
    const Place& place = held[i].place;
    const ByteOffset end = place.offset + bytes[held[i].slot];
    const std::string where = "chunk " + std::to_string(place.chunk) + ", offset " + std::to_string(place.offset);
    if (place.offset % alignment != 0) return where + ": not aligned to " + std::to_string(alignment);
    if (spaceBytes != 0 && end > spaceBytes) return where + ": ends outside";
    if (i + 1 == held.size() || held[i + 1].place.chunk != place.chunk) continue;
    if (end > held[i + 1].place.offset) return where + ": overlaps the next range";
  }
  return std::nullopt;
}

}  // namespace flux::bench
