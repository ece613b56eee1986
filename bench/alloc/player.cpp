#include "player.hpp"

#include <algorithm>
#include <string>
#include <tuple>
#include <vector>

namespace flux::bench {

std::optional<std::string> Player::check(ByteCount alignment) const {
  std::vector<LiveRange> ranges = live();
  std::ranges::sort(ranges, {}, [](const LiveRange& r) { return std::tuple(r.place.chunk, r.place.offset); });
  for (std::size_t i = 0; i < ranges.size(); ++i) {
    const Place& place = ranges[i].place;
    const std::string where = "chunk " + std::to_string(place.chunk) + ", offset " + std::to_string(place.offset);
    if (place.offset % alignment != 0) return where + ": not aligned to " + std::to_string(alignment);
    if (i + 1 == ranges.size() || ranges[i + 1].place.chunk != place.chunk) continue;
    if (place.offset + ranges[i].bytes > ranges[i + 1].place.offset) return where + ": overlaps the next range";
  }
  return std::nullopt;
}

}  // namespace flux::bench
