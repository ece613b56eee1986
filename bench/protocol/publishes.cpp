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

/// Walks over all records in a random order.
class Order {
 public:
  explicit Order(std::uint32_t records) : order_(shuffledIndices(records, 7)) {}
  template <class Visit>
  void next(std::uint32_t count, const Visit& visit) {
    for (std::uint32_t i = 0; i < count; ++i) {
      visit(order_[at_]);
      if (++at_ == order_.size()) at_ = 0;
    }
  }

 private:
  std::vector<std::uint32_t> order_;
  std::size_t at_ = 0;
};

/// Edits and publishes in one sample: the clock costs more than a publish of one change.
std::uint32_t publishesASample(std::uint32_t changes) {
  return std::max(1U, 64 / changes);
}

/// Microseconds of one publish with its edits.
template <class Table>
double sample(Table& table, Order& order, std::uint32_t changes, std::uint32_t version) {
  const std::uint32_t publishes = publishesASample(changes);
  const double nanoseconds = cpuNanosecondsOf([&] {
    for (std::uint32_t i = 0; i < publishes; ++i) {
      order.next(changes, [&](std::uint32_t index) { table.edit(index, version); });
      table.publish();
    }
  });
  return nanoseconds / publishes / 1e3;
}

std::vector<std::uint32_t> changeCounts(std::uint32_t records) {
  std::vector<std::uint32_t> counts;
  for (std::uint32_t decade = 1; decade <= 100'000; decade *= 10) {
    for (const std::uint32_t step : {1U, 2U, 5U}) counts.push_back(decade * step);
  }
  counts.push_back(64);
  counts.push_back(std::min(records, 100'000U));
  std::sort(counts.begin(), counts.end());
  counts.erase(std::unique(counts.begin(), counts.end()), counts.end());
  std::erase_if(counts, [&](std::uint32_t count) { return count > std::min(records, 100'000U); });
  return counts;
}

}  // namespace

std::vector<PublishPoint> measurePublishes(std::uint32_t records, std::uint32_t rounds, Results& results) {
  results.section("Edit and publish: " + std::to_string(records) + " records, no frame open");
  RingTable ring(records);
  CowTable cow(records);
  WholeCopy whole(records);
  Order ringOrder(records);
  Order cowOrder(records);

  std::vector<PublishPoint> points;
  for (const std::uint32_t changes : changeCounts(records)) {
    std::vector<double> ringTimes;
    std::vector<double> cowTimes;
    std::vector<double> copyTimes;
    for (std::uint32_t round = 0; round < rounds; ++round) {
      ringTimes.push_back(sample(ring, ringOrder, changes, round));
      cowTimes.push_back(sample(cow, cowOrder, changes, round));
      copyTimes.push_back(cpuNanosecondsOf([&] { whole.copy(); }) / 1e3);
    }
    points.push_back({records, changes, median(ringTimes), median(cowTimes), median(copyTimes)});
    const std::string name = std::to_string(changes) + " changes, ";
    results.add(name + "ring", points.back().ring, "us");
    results.add(name + "copy-on-write pages", points.back().cow, "us");
    if (changes == 64) {
      results.add("copy of all columns", points.back().copy, "us");
      const double less = medianRatio(copyTimes, ringTimes);
      if (records >= 1'000'000) {
        results.requireAtLeast("copy of all columns / 64 changes, ring", less, "x", 250);
      } else {
        results.add("copy of all columns / 64 changes, ring", less, "x");
      }
    }
  }
  return points;
}

bool writeCsv(const std::string& path, const std::vector<PublishPoint>& points) {
  std::ofstream file(path);
  file << "records,changes,ring_us,cow_us,copy_us\n";
  for (const PublishPoint& point : points) {
    file << point.records << ',' << point.changes << ',' << point.ring << ',' << point.cow << ',' << point.copy << '\n';
  }
  return file.good();
}

}  // namespace flux::bench
