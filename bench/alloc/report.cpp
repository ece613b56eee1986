#include "report.hpp"

#include <algorithm>
#include <cstddef>
#include <utility>

namespace flux::bench {

std::string number(double value, int decimals) {
  char text[64];
  std::snprintf(text, sizeof text, "%.*f", decimals, value);
  return text;
}

Report::~Report() {
  if (csv_ != nullptr) std::fclose(csv_);
}

bool Report::openCsv(const std::string& path) {
  csv_ = std::fopen(path.c_str(), "w");
  if (csv_ != nullptr) std::fputs("workload,allocator,metric,x,y\n", csv_);
  return csv_ != nullptr;
}

void Report::table(std::string title, std::vector<std::string> columns) {
  finish();
  title_ = std::move(title);
  rows_.push_back(std::move(columns));
}

void Report::row(std::vector<std::string> cells) {
  rows_.push_back(std::move(cells));
}

void Report::finish() {
  if (rows_.empty()) return;
  std::vector<std::size_t> widths(rows_[0].size(), 3);
  for (const auto& row : rows_) {
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  std::printf("\n### %s\n\n", title_.c_str());
  for (std::size_t r = 0; r < rows_.size(); ++r) {
    for (std::size_t i = 0; i < rows_[r].size(); ++i) {
      std::printf(i == 0 ? "| %-*s " : "| %*s ", static_cast<int>(widths[i]), rows_[r][i].c_str());
    }
    std::puts("|");
    if (r != 0) continue;
    for (std::size_t i = 0; i < widths.size(); ++i) {
      std::printf(i == 0 ? "| %s " : "| %s: ", std::string(widths[i] - (i == 0 ? 0 : 1), '-').c_str());
    }
    std::puts("|");
  }
  std::fflush(stdout);
  rows_.clear();
}

void Report::point(std::string_view workload, std::string_view allocator, std::string_view metric, double x, double y) {
  if (csv_ == nullptr) return;
  std::fprintf(csv_, "%.*s,%.*s,%.*s,%.10g,%.10g\n", static_cast<int>(workload.size()), workload.data(),
               static_cast<int>(allocator.size()), allocator.data(), static_cast<int>(metric.size()), metric.data(), x,
               y);
}

void Report::violation(const std::string& what) {
  correct_ = false;
  std::fprintf(stderr, "VIOLATION: %s\n", what.c_str());
}

}  // namespace flux::bench
