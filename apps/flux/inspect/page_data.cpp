#include "inspect/page_data.hpp"

#include "inspect/map_item.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace flux::app {
namespace {

using Json = nlohmann::json;

constexpr std::uint32_t kNone = std::numeric_limits<std::uint32_t>::max();
constexpr std::uint8_t kNoKind = 255;
/// Of more blocks the page does not list the parts: nobody looks at so many, and they would be half of it.
constexpr std::size_t kMostBlocksWithParts = 250'000;
constexpr std::size_t kMostGone = 1000;  // that the page names

std::uint32_t units(ByteCount bytes) {
  return static_cast<std::uint32_t>(bytes / kPlaceUnitBytes);
}

std::uint32_t clamped(std::uint64_t value) {
  return static_cast<std::uint32_t>(std::min<std::uint64_t>(value, kNone - 1));
}

/// Sentences that many things share, each once.
class Sentences {
 public:
  /// Its number; 0 is the empty one.
  std::uint32_t add(const std::string& text) {
    if (text.empty()) return 0;
    const auto [found, added] = numbers_.try_emplace(text, static_cast<std::uint32_t>(all_.size()));
    if (added) all_.push_back(text);
    return found->second;
  }
  [[nodiscard]] const Json& all() const { return all_; }

 private:
  std::unordered_map<std::string, std::uint32_t> numbers_;
  Json all_ = Json::array({""});
};

template <class T, class Row, class Get>
void addColumn(const std::vector<Row>& rows, Columns& columns, std::string_view name, const Get& get) {
  std::vector<T> column;
  column.reserve(rows.size());
  for (const Row& row : rows) column.push_back(static_cast<T>(get(row)));
  columns.add(name, column);
}

void addBlocks(const std::vector<DumpBlock>& blocks, Columns& columns, Sentences& sentences) {
  using Block = DumpBlock;
  Json names = Json::array();
  for (const Block& block : blocks) names.push_back(block.name);
  columns.addText("names", textOf(names));
  addColumn<std::uint32_t>(blocks, columns, "index", [](const Block& b) { return b.index; });
  addColumn<std::uint32_t>(blocks, columns, "generation", [](const Block& b) { return b.generation; });
  addColumn<std::uint8_t>(blocks, columns, "tag", [](const Block& b) { return b.tag; });
  addColumn<std::uint8_t>(blocks, columns, "state", [](const Block& b) { return b.state; });
  addColumn<std::uint8_t>(blocks, columns, "kind", [](const Block& b) { return b.mainKind().value_or(kNoKind); });
  addColumn<std::uint8_t>(blocks, columns, "longLived", [](const Block& b) { return b.longLived; });
  addColumn<double>(blocks, columns, "live", [](const Block& b) { return b.liveBytes; });
  addColumn<std::uint32_t>(blocks, columns, "version", [](const Block& b) { return b.version; });
  addColumn<std::uint32_t>(blocks, columns, "requested", [](const Block& b) { return b.requestedVersion; });
  addColumn<std::uint32_t>(blocks, columns, "owners", [](const Block& b) { return b.owners; });
  addColumn<std::uint32_t>(blocks, columns, "pins", [](const Block& b) { return b.pins; });
  addColumn<std::uint32_t>(blocks, columns, "use", [](const Block& b) { return b.framesSinceUse.value_or(kNone); });
  addColumn<std::uint32_t>(blocks, columns, "waits", [&](const Block& b) { return sentences.add(b.waitsFor); });
  if (blocks.size() > kMostBlocksWithParts) return;
  std::vector<std::uint32_t> start{0};
  std::vector<std::uint8_t> kind;
  std::vector<std::uint32_t> bytes;
  for (const Block& block : blocks) {
    for (const DumpPart& part : block.parts) {
      kind.push_back(part.kind);
      bytes.push_back(part.bytes);
    }
    start.push_back(static_cast<std::uint32_t>(kind.size()));
  }
  columns.add("partStart", start);
  columns.add("partKind", kind);
  columns.add("partBytes", bytes);
}

void addItems(const std::vector<MapItem>& items, Columns& columns) {
  using Item = MapItem;
  addColumn<std::uint32_t>(items, columns, "allFrom", [](const Item& i) { return i.from; });
  addColumn<std::uint32_t>(items, columns, "allTo", [](const Item& i) { return i.to; });
  addColumn<std::uint32_t>(items, columns, "allChunk", [](const Item& i) { return i.place.chunk; });
  addColumn<std::uint32_t>(items, columns, "allOffset", [](const Item& i) { return units(i.place.offset); });
  addColumn<std::uint32_t>(items, columns, "allUnits", [](const Item& i) { return units(i.place.bytes); });
  addColumn<std::uint8_t>(items, columns, "allWhat", [](const Item& i) { return i.what; });
  addColumn<std::uint8_t>(items, columns, "allState", [](const Item& i) { return i.state; });
  addColumn<std::uint32_t>(items, columns, "allOf", [](const Item& i) { return i.of; });
  addColumn<std::uint32_t>(items, columns, "allChanged", [](const Item& i) { return clamped(i.changedInStep); });
}

Json chunksOf(const std::vector<MapChunk>& chunks) {
  Json all = Json::array();
  for (const MapChunk& chunk : chunks) {
    all.push_back({{"from", chunk.from},
                   {"to", chunk.to},
                   {"index", chunk.index},
                   {"bytes", chunk.bytes},
                   {"class", chunk.longLived ? "long-lived" : "streaming"},
                   {"dedicated", chunk.dedicated},
                   {"inService", chunk.inService},
                   {"made", chunk.madeInStep}});
  }
  return all;
}

/// Of the dump itself.
Json headOf(const DumpFile& dump) {
  Json facts;
  for (const char* member :
       {"device", "budgets", "stats", "classes", "retirement", "tags", "frames", "refusals", "flux"}) {
    if (dump.head.contains(member)) facts[member] = dump.head.at(member);
  }
  facts["file"] = dump.name;
  facts["kinds"] = dump.kinds;
  facts["states"] = kDumpStateNames;
  facts["ended"] = dump.blocks.size();
  return facts;
}

std::vector<MapItem> itemsOf(const DumpFile& dump, std::uint64_t steps, Sentences& sentences) {
  std::vector<MapItem> items;
  for (std::size_t i = 0; i < dump.blocks.size(); ++i) {
    const DumpBlock& block = dump.blocks[i];
    const auto add = [&](const std::optional<DumpPlace>& place, MapItem::What what) {
      if (!place) return;
      items.push_back({{}, *place, what, block.state, static_cast<std::uint32_t>(i), steps - block.ageSteps});
    };
    add(block.place, MapItem::Block);
    add(block.movesTo, MapItem::Destination);
  }
  for (const DumpRetired& range : dump.retired) {
    items.push_back({{}, range.place, MapItem::Retired, {}, sentences.add(range.waitsFor), 0});
  }
  for (const DumpPlace& mirror : dump.mirrors) items.push_back({{}, mirror, MapItem::Mirror, {}, 0, 0});
  std::ranges::sort(items, {}, [](const MapItem& item) { return std::pair{item.place.chunk, item.place.offset}; });
  return items;
}

std::vector<MapChunk> mapChunksOf(const DumpFile& dump, std::uint64_t steps) {
  std::vector<MapChunk> chunks;
  chunks.reserve(dump.chunks.size());
  for (const DumpChunk& chunk : dump.chunks) {
    chunks.push_back(
        {{}, chunk.index, chunk.bytes, chunk.longLived, chunk.dedicated, chunk.inService, steps - chunk.ageSteps});
  }
  return chunks;
}

Json changesOf(const DumpFile& before, const DumpDiff& diff, Columns& columns) {
  std::vector<std::uint8_t> change;
  std::vector<const DumpBlock*> gone;
  for (const DumpDiff::Entry& entry : diff.entries) {
    if (entry.change == BlockChange::Went) {
      gone.push_back(&before.blocks[entry.before]);
    } else {
      change.push_back(static_cast<std::uint8_t>(entry.change));
    }
  }
  columns.add("change", change);
  std::ranges::sort(gone, {}, [](const DumpBlock* block) { return std::pair{~block->liveBytes, block->index}; });
  ByteCount bytes = 0;
  for (const DumpBlock* block : gone) bytes += block->liveBytes;
  Json named = Json::array();
  for (std::size_t i = 0; i < std::min(gone.size(), kMostGone); ++i) {
    named.push_back({gone[i]->name, gone[i]->liveBytes, before.tagName(gone[i]->tag)});
  }
  return {
      {"before", before.name}, {"names", kChangeNames}, {"went", gone.size()}, {"wentBytes", bytes}, {"gone", named}};
}

/// A table of what each step had, but of at most so many steps; of more, groups of steps have a row, with the most that
/// one of the group had.
constexpr std::size_t kMostRows = 20'000;
/// Of frames, publishes and marks the page has the newest.
constexpr std::size_t kMostNotes = 50'000;

template <class T>
std::vector<T> newest(const std::vector<T>& all) {
  return {all.end() - static_cast<std::ptrdiff_t>(std::min(all.size(), kMostNotes)), all.end()};
}

void addSteps(const RunSeries& series, const std::vector<RunLine>& lines, Json& run, Columns& columns) {
  const std::size_t stride = std::max<std::size_t>(1, (series.steps.size() + kMostRows - 1) / kMostRows);
  run["stride"] = stride;
  std::vector<double> began;
  for (std::size_t i = 0; i < series.steps.size(); i += stride) {
    began.push_back(static_cast<double>(series.steps[i].began));
  }
  columns.add("stepBegan", began);
  Json table = Json::array();
  for (const RunLine& line : lines) {
    std::vector<double> rows(began.size());
    double most = 0;
    double sum = 0;
    for (std::size_t i = 0; i < line.values.size(); ++i) {
      rows[i / stride] = std::max(rows[i / stride], line.values[i]);
      most = std::max(most, line.values[i]);
      sum += line.values[i];
    }
    columns.add("line" + std::to_string(table.size()), rows);
    table.push_back({{"name", line.name},
                     {"chart", kRunChartTitles[static_cast<std::size_t>(line.chart)]},
                     {"unit", kRunUnitNames[static_cast<std::size_t>(line.unit)]},
                     {"most", most},
                     {"sum", sum}});
  }
  run["lines"] = std::move(table);
  run["charts"] = kRunChartTitles;
}

/// Of each stop what every line has there, and has had so far.
Json stopsOf(const RunSeries& series, const std::vector<RunLine>& lines, const std::vector<std::uint64_t>& stops) {
  Json all = Json::array();
  std::vector<double> sums(lines.size());
  std::size_t step = 0;
  for (const std::uint64_t stop : stops) {
    Json values = Json::array();
    const std::size_t end = std::min<std::size_t>(stop, series.steps.size());
    for (std::size_t i = 0; i < lines.size(); ++i) {
      for (std::size_t s = step; s < end; ++s) sums[i] += lines[i].values[s];
      values.push_back(end == 0 ? 0 : lines[i].values[end - 1]);
    }
    step = std::max(step, end);
    const RunSpan span = end == 0 ? RunSpan{} : series.steps[end - 1];
    all.push_back({{"step", stop}, {"time", span.began + span.took}, {"values", values}, {"sums", sums}});
  }
  return all;
}

void addFrames(const RunSeries& series, Json& run, Columns& columns) {
  const std::vector<RunFrame> frames = newest(series.frames);
  std::vector<std::string> labels;
  std::vector<std::uint64_t> threads;
  const auto numberOf = [](auto& all, const auto& each) {
    const auto found = std::ranges::find(all, each);
    if (found != all.end()) return static_cast<std::size_t>(found - all.begin());
    all.push_back(each);
    return all.size() - 1;
  };
  addColumn<double>(frames, columns, "frameBegan", [](const RunFrame& f) { return f.began; });
  addColumn<double>(frames, columns, "frameSubmits", [](const RunFrame& f) { return f.submits; });
  addColumn<double>(frames, columns, "frameEnded", [](const RunFrame& f) { return f.ended; });
  addColumn<double>(frames, columns, "frameSnapshot", [](const RunFrame& f) { return f.snapshot; });
  addColumn<std::uint32_t>(frames, columns, "frameLabel", [&](const RunFrame& f) { return numberOf(labels, f.label); });
  addColumn<std::uint32_t>(frames, columns, "frameThread",
                           [&](const RunFrame& f) { return numberOf(threads, f.thread); });
  run["labels"] = labels;
  run["frames"] = series.frames.size();
  const std::vector<RunPublish> publishes = newest(series.publishes);
  addColumn<double>(publishes, columns, "publishBegan", [](const RunPublish& p) { return p.began; });
  addColumn<double>(publishes, columns, "publishTook", [](const RunPublish& p) { return p.took; });
  addColumn<double>(publishes, columns, "publishSnapshot", [](const RunPublish& p) { return p.snapshot; });
  addColumn<double>(publishes, columns, "publishChanges", [](const RunPublish& p) { return p.changes; });
}

void addMarks(const RunSeries& series, Json& run, Columns& columns, Sentences& sentences) {
  const std::vector<RunMark> marks = newest(series.marks);
  addColumn<std::uint32_t>(marks, columns, "markStep", [](const RunMark& m) { return m.step; });
  addColumn<double>(marks, columns, "markTime", [&](const RunMark& m) { return series.steps[m.step - 1].began; });
  addColumn<std::uint8_t>(marks, columns, "markRow", [](const RunMark& m) { return m.row; });
  addColumn<std::uint32_t>(marks, columns, "markText", [&](const RunMark& m) { return sentences.add(m.text); });
  Json rows = Json::array();
  for (const RunMarkRow& row : kRunMarks) rows.push_back({{"name", row.name}, {"bad", row.bad}});
  run["marks"] = std::move(rows);
}

Json refusalsOf(const RunMaps& maps) {
  Json all = Json::array();
  for (const RunRefusal& refusal : maps.refusals) {
    all.push_back({{"name", refusal.name},
                   {"error", refusal.error},
                   {"explanation", refusal.explanation},
                   {"bytes", refusal.request.bytes},
                   {"alignment", refusal.request.alignment},
                   {"largestFreeBytes", refusal.largestFreeBytes},
                   {"firstStep", refusal.firstStep},
                   {"lastStep", refusal.lastStep},
                   {"times", refusal.times}});
  }
  return all;
}

}  // namespace

std::string textOf(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

PageData dataOf(const DumpFile& dump, const DumpFile* before, const DumpDiff* diff) {
  PageData data;
  Sentences sentences;
  const auto steps = dump.head.at("stats").at("steps").get<std::uint64_t>();
  data.facts = headOf(dump);
  addBlocks(dump.blocks, data.columns, sentences);
  addItems(itemsOf(dump, steps, sentences), data.columns);
  data.facts["stops"] = Json::array({{{"step", steps}}});
  data.facts["chunks"] = chunksOf(mapChunksOf(dump, steps));
  data.facts["sentences"] = sentences.all();
  if (before != nullptr && diff != nullptr) data.facts["diff"] = changesOf(*before, *diff, data.columns);
  return data;
}

PageData dataOf(const RunSeries& series, const RunMaps& maps) {
  PageData data;
  Sentences sentences;
  data.facts = headOf(maps.end);
  addBlocks(maps.blocks, data.columns, sentences);
  std::vector<MapItem> items = maps.items;
  for (MapItem& item : items) {
    if (item.what == MapItem::Retired) item.of = sentences.add(std::string(describe(static_cast<WaitsFor>(item.of))));
  }
  addItems(items, data.columns);
  const std::vector<RunLine> lines = linesOf(series, maps);
  Json run;
  addSteps(series, lines, run, data.columns);
  addFrames(series, run, data.columns);
  addMarks(series, run, data.columns, sentences);
  run["end"] = series.end();
  run["steps"] = series.steps.size();
  run["problems"] = problemsOf(series, maps);
  data.facts["refusals"] = refusalsOf(maps);
  data.facts["stops"] = stopsOf(series, lines, maps.stops);
  data.facts["chunks"] = chunksOf(maps.chunks);
  data.facts["sentences"] = sentences.all();
  data.facts["run"] = std::move(run);
  return data;
}

}  // namespace flux::app
