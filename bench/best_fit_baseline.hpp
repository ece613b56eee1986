#pragma once

#include <cstdint>
#include <iterator>
#include <map>
#include <optional>
#include <set>
#include <tuple>
#include <utility>

namespace flux::bench {

/// What one writes first: exact best fit over all spaces with ordered containers, O(log n), one heap allocation a
/// node. Frees by place; alignment 1.
class BestFitBaseline {
 public:
  using Place = std::pair<std::uint32_t, std::uint32_t>;  // space, offset

  void addSpace(std::uint32_t space, std::uint32_t units) { insert({space, 0}, units); }

  std::optional<Place> allocate(std::uint32_t units) {
    const auto found = bySize_.lower_bound({units, 0, 0});
    if (found == bySize_.end()) return std::nullopt;
    const auto [size, space, offset] = *found;
    bySize_.erase(found);
    byPlace_.erase({space, offset});
    if (size != units) insert({space, offset + units}, size - units);
    return Place{space, offset};
  }

  void free(Place place, std::uint32_t units) {
    auto after = byPlace_.lower_bound(place);
    if (after != byPlace_.end() && after->first == Place{place.first, place.second + units}) {
      units += after->second;
      after = erase(after);
    }
    if (after != byPlace_.begin()) {
      const auto before = std::prev(after);
      if (before->first.first == place.first && before->first.second + before->second == place.second) {
        units += before->second;
        place = before->first;
        erase(before);
      }
    }
    insert(place, units);
  }

 private:
  using ByPlace = std::map<Place, std::uint32_t>;

  void insert(Place place, std::uint32_t units) {
    bySize_.emplace(units, place.first, place.second);
    byPlace_.emplace(place, units);
  }

  ByPlace::iterator erase(ByPlace::iterator range) {
    bySize_.erase({range->second, range->first.first, range->first.second});
    return byPlace_.erase(range);
  }

  std::set<std::tuple<std::uint32_t, std::uint32_t, std::uint32_t>> bySize_;  // size, space, offset
  ByPlace byPlace_;
};

}  // namespace flux::bench
