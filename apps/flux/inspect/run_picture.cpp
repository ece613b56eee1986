#include "inspect/run_picture.hpp"

#include "inspect/svg.hpp"
#include "text_table.hpp"

#include <algorithm>
#include <cmath>
#include <string_view>
#include <vector>

namespace flux::app {
namespace {

constexpr std::size_t kRunWidth = 960;
constexpr std::size_t kRunLeft = 76;
constexpr std::size_t kRunColumns = 860;  // a pixel each
constexpr std::size_t kRunTop = 62;
constexpr std::size_t kMemoryHeight = 220;
constexpr std::size_t kPartHeight = 70;
constexpr std::size_t kGap = 26;
constexpr std::string_view kSoft = "fill=\"#626b75\"";

struct Curve {
  std::string name;
  std::string_view colour;
  std::vector<double> columns;
};

/// The most that a line had in each pixel's time.
std::vector<double> columnsOf(const RunSeries& series, const std::vector<double>& values) {
  std::vector<double> columns(kRunColumns);
  const auto end = static_cast<double>(std::max<std::uint64_t>(series.end(), 1));
  std::size_t step = 0;
  for (std::size_t column = 0; column < kRunColumns; ++column) {
    const double until = end * static_cast<double>(column + 1) / kRunColumns;
    double most = step > 0 ? values[step - 1] : 0;
    for (; step < series.steps.size() && static_cast<double>(series.steps[step].began) < until; ++step) {
      most = std::max(most, values[step]);
    }
    columns[column] = most;
  }
  return columns;
}

/// Steps of one height are one piece of the path.
std::string path(const Curve& curve, double most, std::size_t top, std::size_t height, bool filled) {
  const auto y = [&](double value) {
    return fixedText(static_cast<double>(top + height) - value / most * static_cast<double>(height), 1);
  };
  std::string points =
      filled ? "M" + std::to_string(kRunLeft) + " " + y(0) + " V" : "M" + std::to_string(kRunLeft) + " ";
  points += y(curve.columns.front());
  for (std::size_t i = 1; i < kRunColumns; ++i) {
    if (curve.columns[i] == curve.columns[i - 1]) continue;
    points += " H" + std::to_string(kRunLeft + i) + " V" + y(curve.columns[i]);
  }
  points += " H" + std::to_string(kRunLeft + kRunColumns);
  if (filled) points += " V" + y(0) + " Z";
  const std::string colour(curve.colour);
  return "<path d=\"" + points + "\" " +
         (filled ? "fill=\"" + colour + "\"" : "fill=\"none\" stroke=\"" + colour + "\" stroke-width=\"1.3\"") + "/>\n";
}

std::string legend(const std::vector<Curve>& curves, std::size_t x, std::size_t y) {
  std::string out;
  for (const Curve& curve : curves) {
    out += svgBox(x, y - 10, 10, 10, curve.colour) + svgText(x + 15, y, curve.name);
    x += 40 + 7 * curve.name.size();
  }
  return out;
}

/// Lines and labels at halves of a power of two.
std::string grid(double most, std::size_t top, std::size_t height) {
  double step = 1;
  while (most / step > 4) step *= 2;
  std::string out;
  for (double value = 0; value <= most; value += step) {
    const std::size_t y = top + height - static_cast<std::size_t>(value / most * static_cast<double>(height));
    out += svgBox(kRunLeft, y, kRunColumns, 1, "#dfe2e6") +
           svgText(kRunLeft - 8, y + 4, bytesText(value), "text-anchor=\"end\" fill=\"#626b75\"");
  }
  return out;
}

}  // namespace

std::string pictureOf(const RunSeries& series, const RunMaps& maps) {
  const auto curve = [&](const char* line, std::string_view colour) {
    return Curve{line, colour, columnsOf(series, series.line(line))};
  };
  std::vector<Curve> memory{curve("reserved", "#e1e5e9"), curve("live", "#4e79a7"), curve("retired", "#b5651d")};
  // What has retired lies beside what lives.
  for (std::size_t i = 0; i < kRunColumns; ++i) memory[2].columns[i] += memory[1].columns[i];
  double most = 1;
  for (const Curve& each : memory) most = std::max(most, std::ranges::max(each.columns));

  const auto steps = static_cast<std::uint64_t>(series.steps.size());
  const double seconds = static_cast<double>(series.end()) / 1e9;
  std::string body = svgText(12, 22, maps.end.name, "font-size=\"15\" font-weight=\"600\"");
  body += svgText(12, 42,
                  countText(steps) + " steps in " + fixedText(seconds, 2) + " s, at most " +
                      bytesText(std::ranges::max(memory[1].columns)) + " live in " +
                      bytesText(std::ranges::max(memory[0].columns)),
                  kSoft);
  body += legend(memory, kRunLeft + 560, 42);
  body += path(memory[0], most, kRunTop, kMemoryHeight, true) + path(memory[2], most, kRunTop, kMemoryHeight, true) +
          path(memory[1], most, kRunTop, kMemoryHeight, true) + grid(most, kRunTop, kMemoryHeight);

  const std::size_t top = kRunTop + kMemoryHeight + kGap;
  std::vector<Curve> parts;
  for (const RunLine& line : linesOf(series, maps)) {
    if (line.chart != RunChart::Fragmentation) continue;
    parts.push_back({line.name, parts.empty() ? "#59a14f" : "#b07aa1", columnsOf(series, line.values)});
  }
  for (const double part : {0.0, 0.5, 1.0}) {
    const std::size_t y = top + kPartHeight - static_cast<std::size_t>(part * kPartHeight);
    body += svgBox(kRunLeft, y, kRunColumns, 1, "#dfe2e6") +
            svgText(kRunLeft - 8, y + 4, fixedText(100 * part, 0) + " %", "text-anchor=\"end\" fill=\"#626b75\"");
  }
  for (const Curve& each : parts) body += path(each, 1, top, kPartHeight, false);
  body += svgText(kRunLeft, top - 8, "Fragmentation", kSoft) + legend(parts, kRunLeft + 110, top - 8);
  const std::size_t bottom = top + kPartHeight + 18;
  for (int i = 0; i <= 4; ++i) {
    body +=
        svgText(kRunLeft + kRunColumns * static_cast<std::size_t>(i) / 4, bottom, fixedText(seconds * i / 4, 2) + " s",
                i == 0   ? "fill=\"#626b75\""
                : i == 4 ? "text-anchor=\"end\" fill=\"#626b75\""
                         : "text-anchor=\"middle\" fill=\"#626b75\"");
  }
  return svgOf(kRunWidth, bottom + 12, body);
}

}  // namespace flux::app
