#include "publishes.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>
#include <fstream>

#include "clock.hpp"
#include "cow_table.hpp"
#include "ring_table.hpp"
#include "statistics.hpp"

namespace flux::bench {
namespace {

/// What the requirement speaks of.
constexpr std::uint32_t kUsualChanges = 64;
constexpr std::uint32_t kManyRecords = 1'000'000;

constexpr std::uint32_t kMostChanges = 100'000;

/// Publishes of one table in a row, the first not counted. The copy of all columns has emptied the caches before; a
/// geometry thread that publishes all the time finds what it always uses there, but hardly ever the records that it
/// changes.
constexpr std::uint32_t kPublishesInARow = 8;

/// Of one point and one table, so that many changes do not take minutes.
constexpr std::uint32_t kChangesInAll = 2'000'000;

/// The columns of the ring, three times: the master and two slots in turn.
class WholeCopy {
 public:
  explicit WholeCopy(std::uint32_t records) {
    for (auto& columns : copies_) {
      columns.assign((records + 1) * (sizeof(HotRecord) + sizeof(PartsRecord) + sizeof(ColdRecord)), std::byte{1});
    }
  }
  void copy() {
    turn_ = turn_ == 1 ? 2 : 1;
    std::memcpy(copies_[turn_].data(), copies_[0].data(), copies_[0].size());
    asm volatile("" : : "r"(copies_[turn_].data()) : "memory");
  }

 private:
  std::array<std::vector<std::byte>, 3> copies_;
  std::size_t turn_ = 0;
};

/// Changes and publishes records of one table, walking over all of them in a random order.
template <class Table>
class Side {
 public:
  explicit Side(std::uint32_t records) : table_(records), order_(shuffledIndices(records, 7)) {}

  void publishInARow(std::uint32_t changes) {
    for (std::uint32_t i = 0; i < kPublishesInARow; ++i) {
      const double edits = cpuNanosecondsOf([&] { edit(changes); });
      const double publish = cpuNanosecondsOf([&] { table_.publish(); });
      if (i == 0) continue;
      edits_.push_back(edits);
      publishes_.push_back(publish);
    }
  }

  /// The longest publish of one change, in microseconds, among the first ones after a frame has opened. It needs
  /// slots that publishes without frames could do without.
  double longestWithFrame() {
    double longest = 0;
    for (int i = 0; i < 8; ++i) {
      const auto frame = table_.begin();
      for (int j = 0; j < 3; ++j) {
        edit(1);
        longest = std::max(longest, cpuNanosecondsOf([&] { table_.publish(); }) / 1e3);
      }
    }
    return longest;
  }

  /// Of all publishes since the last call.
  PublishCost takeCost() {
    const PublishCost cost{median(edits_) / 1e3, median(publishes_) / 1e3};
    edits_.clear();
    publishes_.clear();
    return cost;
  }

 private:
  void edit(std::uint32_t changes) {
    ++version_;
    for (std::uint32_t i = 0; i < changes; ++i) {
      table_.edit(order_[at_], version_);
      if (++at_ == order_.size()) at_ = 0;
    }
  }

  Table table_;
  std::vector<std::uint32_t> order_;
  std::size_t at_ = 0;
  std::uint32_t version_ = 1;
  std::vector<double> edits_;
  std::vector<double> publishes_;
};

std::vector<std::uint32_t> changeCounts(std::uint32_t records) {
  const std::uint32_t most = std::min(records, kMostChanges);
  std::vector<std::uint32_t> counts{kUsualChanges, most};
  for (std::uint32_t decade = 1; decade < most; decade *= 10) {
    for (const std::uint32_t step : {1U, 2U, 5U}) {
      if (decade * step < most) counts.push_back(decade * step);
    }
  }
  std::sort(counts.begin(), counts.end());
  return counts;
}

void addPoint(const PublishPoint& point, Results& results) {
  const std::string changes = std::to_string(point.changes) + (point.changes == 1 ? " change, " : " changes, ");
  results.add(changes + "ring: edits", point.ring.edits, "us");
  results.add(changes + "ring: publish", point.ring.publish, "us");
  results.add(changes + "copy-on-write pages: edits and publish", point.cow.both(), "us");
  if (point.changes != kUsualChanges) return;
  results.add("copy of all columns", point.copy, "us");
  const std::string ratio = "copy of all columns / " + changes + "ring: ";
  if (point.records >= kManyRecords) {
    results.requireAtLeast(ratio + "publish", point.copy / point.ring.publish, "x", 250);
  } else {
    results.add(ratio + "publish", point.copy / point.ring.publish, "x");
  }
  results.add(ratio + "edits and publish", point.copy / point.ring.both(), "x");
}

}  // namespace

std::vector<PublishPoint> measurePublishes(std::uint32_t records, std::uint32_t rounds, Results& results) {
  results.section("Changes: " + std::to_string(records) + " records, no frame open");
  Side<RingTable> ring(records);
  Side<CowTable> cow(records);
  WholeCopy whole(records);

  std::vector<PublishPoint> points;
  for (const std::uint32_t changes : changeCounts(records)) {
    std::vector<double> copies;
    for (std::uint32_t round = 0; round < std::clamp(kChangesInAll / kPublishesInARow / changes, 3U, rounds); ++round) {
      ring.publishInARow(changes);
      cow.publishInARow(changes);
      copies.push_back(cpuNanosecondsOf([&] { whole.copy(); }) / 1e3);
    }
    points.push_back({records, changes, ring.takeCost(), cow.takeCost(), median(copies)});
    addPoint(points.back(), results);
  }
  results.add("1 change, the longest of the next 24, frames opening and ending: ring", ring.longestWithFrame(), "us");
  results.add("1 change, the same: copy-on-write pages", cow.longestWithFrame(), "us");
  return points;
}

bool writeCsv(const std::string& path, const std::vector<PublishPoint>& points) {
  std::ofstream file(path);
  file << "records,changes,ring_us,ring_publish_us,cow_us,copy_us\n";
  for (const PublishPoint& point : points) {
    file << point.records << ',' << point.changes << ',' << point.ring.both() << ',' << point.ring.publish << ','
         << point.cow.both() << ',' << point.copy << '\n';
  }
  return file.good();
}

}  // namespace flux::bench
