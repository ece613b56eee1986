#pragma once

/// What the workloads have in common.

#include <cstdint>
#include <string>
#include <vector>

#include "player.hpp"
#include "report.hpp"

namespace flux::bench {

/// Who takes part. The first one is the reference of the ratios.
struct Field {
  std::vector<Contestant<OneSpace>> spaces;
  std::vector<Contestant<Growing>> chunks;
};

struct Settings {
  std::uint32_t repetitions = 5;
  bool quick = false;  ///< Small cases: checks more than it measures.
};

struct Workload {
  const char* name;
  const char* summary;
  void (*run)(const Field& field, const Settings& settings, Report& report);
};

void runDrop(const Field& field, const Settings& settings, Report& report);

/// All of them, in the order in which they run.
const std::vector<Workload>& workloads();

/// Counts a violation when the live ranges are not in order.
void checkPlayer(const Player& player, const std::string& name, Report& report);

/// "x of BF": a value beside that of the reference.
std::string ratio(double value, double reference);

}  // namespace flux::bench
