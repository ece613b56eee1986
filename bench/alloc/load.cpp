/// How full a space can be without a failure.

#include "load.hpp"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "churn.hpp"
#include "workload.hpp"

namespace flux::bench {
namespace {

struct Case {
  const char* name = "";
  std::uint32_t live = 10'000;
  SizeRange sizes;
  std::uint32_t churn = 20;  ///< In multiples of the live count.
  std::uint32_t seeds = 3;   ///< At most.
  ByteCount alignment = 16;
};

std::vector<Case> cases(bool quick) {
  if (quick) return {{.name = "1,000 live", .live = 1'000, .churn = 5, .seeds = 1}};
  return {{.name = "10 k live"},
          {.name = "100 k live", .live = 100'000, .churn = 10, .seeds = 1},
          {.name = "powers of two", .sizes = {.kind = Sizes::PowersOfTwo}},
          {.name = "2^n + 256", .sizes = {.kind = Sizes::PowersOfTwoPlus256}},
          {.name = "odd sizes", .sizes = {.kind = Sizes::Odd}, .alignment = 256}};
}

}  // namespace

double highestLoad(const Contestant<OneSpace>& contestant, std::uint32_t slots, std::span<const Operation> operations,
                   ByteCount peakBytes, ByteCount alignment) {
  double fails = 1.0;  // the lowest load that is known, or taken, to be too high
  double works = 0.2;
  while (fails - works > 0.0005) {
    const double load = (fails + works) / 2;
    const auto bytes = static_cast<ByteCount>(static_cast<double>(peakBytes) / load) / 256 * 256;
    const bool ok = contestant.make(slots, {.bytes = bytes, .alignment = alignment})->playAll(operations);
    (ok ? works : fails) = load;
  }
  return 100 * works;
}

void runLoad(const Field& field, const Settings& settings, Report& report) {
  const std::vector<Case> all = cases(settings.quick);
  std::vector<std::string> columns{"allocator"};
  for (const Case& c : all) columns.emplace_back(c.name);
  report.table(
      "Highest peak of live bytes in percent of the space without a failure; 10 k live, if not stated; sizes rounded "
      "to 256",
      std::move(columns));
  std::vector<std::vector<std::string>> rows;
  rows.reserve(field.spaces.size());
  for (const Contestant<OneSpace>& contestant : field.spaces) rows.push_back({contestant.name});
  for (std::size_t k = 0; k < all.size(); ++k) {
    const Case& c = all[k];
    const std::uint32_t seeds = std::min(c.seeds, settings.repetitions);
    std::vector<double> sums(field.spaces.size());
    for (std::uint32_t seed = 0; seed < seeds; ++seed) {
      Churn churn(c.live, c.sizes, 200 + seed);
      std::vector<Operation> operations = churn.fill();
      const std::vector<Operation> pairs = churn.pairs(std::size_t{c.churn} * c.live);
      operations.insert(operations.end(), pairs.begin(), pairs.end());
      for (std::size_t i = 0; i < field.spaces.size(); ++i) {
        if (field.spaces[i].most < c.live) continue;
        sums[i] += highestLoad(field.spaces[i], c.live, operations, churn.peakLiveBytes(), c.alignment);
      }
    }
    for (std::size_t i = 0; i < field.spaces.size(); ++i) {
      const bool took = field.spaces[i].most >= c.live;
      rows[i].push_back(took ? number(sums[i] / seeds, 1) : "-");
      if (took) report.point("load", field.spaces[i].name, c.name, static_cast<double>(k), sums[i] / seeds);
    }
  }
  for (auto& row : rows) report.row(std::move(row));
}

}  // namespace flux::bench
