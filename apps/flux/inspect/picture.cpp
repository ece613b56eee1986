#include "inspect/picture.hpp"

#include "inspect/svg.hpp"
#include "text_table.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <string_view>
#include <vector>

namespace flux::app {
namespace {

constexpr std::uint32_t kMapWidth = 960;
constexpr std::uint32_t kMapColumns = 780;  // of the largest chunk, a pixel each
constexpr std::uint32_t kMapLeft = 160;
constexpr std::uint32_t kMapTop = 58;
constexpr std::uint32_t kRow = 18;
constexpr std::uint32_t kBar = 12;
constexpr std::uint32_t kLegendColumns = 4;

// As on the page (page/colours.js).
constexpr std::array<std::string_view, 14> kPalette{"#4e79a7", "#f28e2b", "#59a14f", "#e15759", "#76b7b2",
                                                    "#b07aa1", "#edc948", "#9c755f", "#ff9da7", "#86bcb6",
                                                    "#d37295", "#8cd17d", "#499894", "#d4a6c8"};
constexpr std::string_view kNobody = "#a9b0b7";
constexpr std::string_view kRetiredColour = "#8d6e63";
constexpr std::string_view kRecordsColour = "#607d8b";
constexpr std::string_view kFree = "#e7eaed";

/// Who has what: owners by tag, then what is retired, then the records.
struct Categories {
  explicit Categories(const DumpFile& dump) {
    for (std::size_t tag = 0; tag < dump.head.at("tags").size(); ++tag) {
      labels.push_back(dump.tagName(static_cast<std::uint8_t>(tag)));
      colours.push_back(tag == 0 ? kNobody : kPalette[(tag - 1) % kPalette.size()]);
    }
    retired = labels.size();
    labels.insert(labels.end(), {"retired", "records"});
    colours.insert(colours.end(), {kRetiredColour, kRecordsColour});
    bytes.resize(labels.size());
  }
  [[nodiscard]] std::size_t ofTag(std::uint8_t tag) const { return tag < retired ? tag : 0; }

  std::vector<std::string> labels;
  std::vector<std::string_view> colours;
  std::vector<ByteCount> bytes;
  std::size_t retired = 0;
};

/// One chunk's pixels: how many bytes each category has in each.
class Pixels {
 public:
  Pixels(ByteCount bytes, double bytesAPixel, std::size_t categories)
      : bytesAPixel_(bytesAPixel),
        columns_(static_cast<std::size_t>(std::max(1.0, static_cast<double>(bytes) / bytesAPixel))),
        categories_(categories),
        sums_(columns_ * categories) {}

  void add(ByteOffset offset, ByteCount bytes, std::size_t category) {
    const double begin = static_cast<double>(offset) / bytesAPixel_;
    const double end = static_cast<double>(offset + bytes) / bytesAPixel_;
    if (begin >= static_cast<double>(columns_)) return;  // in a dump that somebody has changed
    for (auto column = static_cast<std::size_t>(begin); column < columns_ && static_cast<double>(column) < end;
         ++column) {
      const auto at = static_cast<double>(column);
      sums_[column * categories_ + category] += std::min(end, at + 1) - std::max(begin, at);
    }
  }
  [[nodiscard]] std::size_t columns() const { return columns_; }

  /// Who has most of a pixel; `categories`: nobody has half of it.
  [[nodiscard]] std::size_t most(std::size_t column) const {
    const auto begin = sums_.begin() + static_cast<std::ptrdiff_t>(column * categories_);
    const auto end = begin + static_cast<std::ptrdiff_t>(categories_);
    double all = 0;
    for (auto each = begin; each != end; ++each) all += *each;
    return all < 0.5 ? categories_ : static_cast<std::size_t>(std::max_element(begin, end) - begin);
  }

 private:
  double bytesAPixel_;
  std::size_t columns_;
  std::size_t categories_;
  std::vector<double> sums_;
};

/// Neighbours of one colour are one rectangle.
std::string bar(const Pixels& pixels, const Categories& categories, std::size_t y) {
  std::string out = svgBox(kMapLeft, y, pixels.columns(), kBar, kFree);
  for (std::size_t column = 0; column < pixels.columns();) {
    const std::size_t category = pixels.most(column);
    std::size_t end = column + 1;
    while (end < pixels.columns() && pixels.most(end) == category) ++end;
    if (category < categories.colours.size()) {
      out += svgBox(kMapLeft + column, y, end - column, kBar, categories.colours[category]);
    }
    column = end;
  }
  return out;
}

}  // namespace

std::string pictureOf(const DumpFile& dump) {
  Categories categories(dump);
  ByteCount largest = 1;
  for (const DumpChunk& chunk : dump.chunks) largest = std::max(largest, chunk.bytes);
  std::map<std::uint32_t, Pixels> pixels;
  for (const DumpChunk& chunk : dump.chunks) {
    pixels.try_emplace(chunk.index, chunk.bytes, static_cast<double>(largest) / kMapColumns, categories.labels.size());
  }
  const auto add = [&](const DumpPlace& place, std::size_t category) {
    const auto chunk = pixels.find(place.chunk);
    if (chunk == pixels.end()) return;
    chunk->second.add(place.offset, place.bytes, category);
    categories.bytes[category] += place.bytes;
  };
  for (const DumpBlock& block : dump.blocks) {
    for (const std::optional<DumpPlace>& place : {block.place, block.movesTo}) {
      if (place) add(*place, categories.ofTag(block.tag));
    }
  }
  for (const DumpRetired& range : dump.retired) add(range.place, categories.retired);
  for (const DumpPlace& mirror : dump.mirrors) add(mirror, categories.retired + 1);

  const auto stat = [&](const char* name) { return dump.head.at("stats").at(name).get<std::uint64_t>(); };
  std::string body = svgText(12, 22, dump.name, "font-size=\"15\" font-weight=\"600\"");
  body += svgText(12, 42,
                  countText(stat("blocks")) + " blocks, " + bytesText(stat("liveBytes")) + " live in " +
                      bytesText(stat("reservedBytes")) + "; step " + countText(stat("steps")),
                  "fill=\"#626b75\"");
  std::size_t y = kMapTop;
  for (const DumpChunk& chunk : dump.chunks) {
    body += svgText(12, y + 10, std::to_string(chunk.index) + (chunk.longLived ? ", long-lived" : ""));
    body += svgText(kMapLeft - 8, y + 10, bytesText(chunk.bytes), "text-anchor=\"end\" fill=\"#626b75\"");
    body += bar(pixels.at(chunk.index), categories, y);
    y += kRow;
  }
  y += 10;
  std::size_t shown = 0;
  const auto legend = [&](const std::string& label, std::string_view colour) {
    const std::size_t x = 12 + shown % kLegendColumns * (kMapWidth / kLegendColumns);
    const std::size_t line = y + shown / kLegendColumns * kRow;
    body += svgBox(x, line, 10, 10, colour) + svgText(x + 15, line + 10, label);
    ++shown;
  };
  for (std::size_t i = 0; i < categories.labels.size(); ++i) {
    if (categories.bytes[i] != 0) {
      legend(categories.labels[i] + "  " + bytesText(categories.bytes[i]), categories.colours[i]);
    }
  }
  legend("free", kFree);
  const std::size_t height = y + (shown + kLegendColumns - 1) / kLegendColumns * kRow + 8;
  return svgOf(kMapWidth, height, body);
}

}  // namespace flux::app
