#pragma once

/// What the workloads have in common.

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "player.hpp"
#include "report.hpp"

namespace flux::bench {

/// Who takes part. The first one is the reference of the ratios.
struct Field {
  std::vector<Contestant<OneSpace>> spaces;
  std::vector<Contestant<Growing>> chunks;
  std::vector<Contestant<Growing>> traces;  ///< As `chunks`, and what only traces are played to.
};

struct Settings {
  std::uint32_t repetitions = 5;
  bool quick = false;  ///< Small cases: checks more than it measures.
  std::string traces;  ///< The folder that they are in.
};

struct Workload {
  const char* name;
  const char* summary;
  void (*run)(const Field& field, const Settings& settings, Report& report);
};

void runSteady(const Field& field, const Settings& settings, Report& report);
void runChunks(const Field& field, const Settings& settings, Report& report);
void runChunkCount(const Field& field, const Settings& settings, Report& report);
void runLoad(const Field& field, const Settings& settings, Report& report);
void runStreaming(const Field& field, const Settings& settings, Report& report);
void runFill(const Field& field, const Settings& settings, Report& report);
void runFirstChunk(const Field& field, const Settings& settings, Report& report);
void runGrowOrAdd(const Field& field, const Settings& settings, Report& report);
void runNowhere(const Field& field, const Settings& settings, Report& report);
void runTraces(const Field& field, const Settings& settings, Report& report);
void runPoolTraces(const Field& field, const Settings& settings, Report& report);
void runDrop(const Field& field, const Settings& settings, Report& report);

/// All of them, in the order in which they run.
const std::vector<Workload>& workloads();

/// Counts a violation when the live ranges are not in order.
void checkPlayer(const Player& player, std::span<const std::uint32_t> bytes, const std::string& name, Report& report,
                 ByteCount alignment = 256, ByteCount spaceBytes = 0);

}  // namespace flux::bench
