#pragma once

/// Tables that read well in a terminal and are Markdown as they are; the same figures as CSV for plots.

#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

namespace flux::bench {

std::string number(double value, int decimals);

class Report {
 public:
  Report() = default;
  ~Report();
  Report(const Report&) = delete;
  Report& operator=(const Report&) = delete;

  /// False when the file cannot be written.
  [[nodiscard]] bool openCsv(const std::string& path);

  /// Begins a table; it is printed with the next one, or at the end. All but the first column are numbers.
  void table(std::string title, std::vector<std::string> columns);
  /// REQUIRES: as many cells as columns.
  void row(std::vector<std::string> cells);
  void finish();

  /// One line of the CSV: which, x and y are what a plot needs.
  void point(std::string_view workload, std::string_view allocator, std::string_view metric, double x, double y);

  /// Something is wrong with an allocator, not with its speed.
  void violation(const std::string& what);
  [[nodiscard]] bool correct() const { return correct_; }

 private:
  std::FILE* csv_ = nullptr;
  std::string title_;
  std::vector<std::vector<std::string>> rows_;  // the columns' names first
  bool correct_ = true;
};

}  // namespace flux::bench
