#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace flux::bench {

/// What was measured, in sections of named figures, some of which have a limit.
class Results {
 public:
  /// Starts a section, and prints its title: a run takes a while.
  void section(const std::string& title);

  void add(const std::string& name, double value, const std::string& unit);
  void requireAtMost(const std::string& name, double value, const std::string& unit, double limit);
  void requireAtLeast(const std::string& name, double value, const std::string& unit, double limit);

  /// All figures with limits once more, with how many are over.
  void printVerdicts() const;
  /// Everything, as JSON. False: the file cannot be written.
  [[nodiscard]] bool writeJson(const std::string& path) const;

 private:
  struct Limit {
    double value = 0;
    bool atLeast = false;
  };
  struct Figure {
    std::string section;
    std::string name;
    double value = 0;
    std::string unit;
    std::optional<Limit> limit;
    [[nodiscard]] bool ok() const { return !limit || (limit->atLeast ? value >= limit->value : value <= limit->value); }
  };
  void append(Figure figure);
  static void print(const Figure& figure);

  std::string section_;
  std::vector<Figure> figures_;
};

}  // namespace flux::bench
