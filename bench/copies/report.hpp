#pragma once

#include "bed.hpp"

#include <nlohmann/json.hpp>

#include <iosfwd>
#include <string>
#include <vector>

namespace flux::bench {

/// All ways of copying the pieces of one size.
struct CaseResult {
  std::string name;
  Timing regionsUp;
  Timing fluxUp;
  Timing regionsMove;
  Timing fluxMove;
};

/// One run of the benchmark.
struct CopyReport {
  std::string device;
  std::string driver;
  std::string copyQueue;
  ByteCount bytes = 0;
  int repeats = 0;
  double creationMilliseconds = 0;
  VulkanCopyCrossover measured;
  CaseResult contiguous;
  std::vector<CaseResult> cases;

  /// Of all cases and ways.
  [[nodiscard]] std::uint64_t wrongWords() const;
};

void print(const CopyReport& report, std::ostream& out);
[[nodiscard]] nlohmann::ordered_json toJson(const CopyReport& report);

}  // namespace flux::bench
