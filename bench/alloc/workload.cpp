#include "workload.hpp"

#include <optional>
#include <string>
#include <vector>

namespace flux::bench {

const std::vector<Workload>& workloads() {
  static const std::vector<Workload> all = {
      {"drop", "reserved over live after a drop to 20 % of the load, while churn goes on", runDrop},
  };
  return all;
}

void checkPlayer(const Player& player, const std::string& name, Report& report) {
  constexpr ByteCount kAlignment = 16;
  if (const std::optional<std::string> wrong = player.check(kAlignment)) report.violation(name + ": " + *wrong);
}

std::string ratio(double value, double reference) {
  return reference == 0 ? "-" : number(value / reference, 2);
}

}  // namespace flux::bench
