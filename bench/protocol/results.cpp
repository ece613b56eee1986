#include "results.hpp"

#include <nlohmann/json.hpp>

#include <cstdio>
#include <fstream>
#include <utility>

namespace flux::bench {

void Results::section(const std::string& title) {
  section_ = title;
  std::printf("\n%s\n", title.c_str());
}

void Results::add(const std::string& name, double value, const std::string& unit) {
  append({section_, name, value, unit, std::nullopt});
}

void Results::requireAtMost(const std::string& name, double value, const std::string& unit, double limit) {
  append({section_, name, value, unit, Limit{limit, false}});
}

void Results::requireAtLeast(const std::string& name, double value, const std::string& unit, double limit) {
  append({section_, name, value, unit, Limit{limit, true}});
}

void Results::append(Figure figure) {
  print(figure);
  figures_.push_back(std::move(figure));
}

void Results::print(const Figure& figure) {
  std::printf("  %-66s %10.4g %-5s", figure.name.c_str(), figure.value, figure.unit.c_str());
  if (figure.limit) {
    std::printf("  %s %-6.4g %s", figure.limit->atLeast ? "at least" : "at most ", figure.limit->value,
                figure.ok() ? "ok" : "OVER");
  }
  std::printf("\n");
  std::fflush(stdout);
}

void Results::printVerdicts() const {
  std::printf("\nRequirements\n");
  int over = 0;
  int limits = 0;
  const std::string* section = nullptr;
  for (const Figure& figure : figures_) {
    if (!figure.limit) continue;
    if (section == nullptr || *section != figure.section) std::printf(" %s\n", figure.section.c_str());
    section = &figure.section;
    print(figure);
    ++limits;
    if (!figure.ok()) ++over;
  }
  std::printf("%d of %d within their limits\n", limits - over, limits);
}

bool Results::writeJson(const std::string& path) const {
  nlohmann::ordered_json all = nlohmann::ordered_json::array();
  for (const Figure& figure : figures_) {
    nlohmann::ordered_json one{
        {"section", figure.section}, {"name", figure.name}, {"value", figure.value}, {"unit", figure.unit}};
    if (figure.limit) {
      one[figure.limit->atLeast ? "atLeast" : "atMost"] = figure.limit->value;
      one["ok"] = figure.ok();
    }
    all.push_back(std::move(one));
  }
  std::ofstream file(path);
  file << all.dump(2) << '\n';
  return file.good();
}

}  // namespace flux::bench
