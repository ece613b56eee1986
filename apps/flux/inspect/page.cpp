#include "inspect/page.hpp"

#include "inspect/columns.hpp"

#include <flux/version.hpp>

#include <algorithm>
#include <limits>
#include <map>
#include <random>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace flux::app {
namespace {

using Json = nlohmann::json;

constexpr unsigned char kPage[] = {
#include "page.html.inc"
};
constexpr unsigned char kStyle[] = {
#include "page.css.inc"
};
constexpr unsigned char kPlotStyle[] = {
#include "dygraph.min.css.inc"
};
constexpr unsigned char kPlotScript[] = {
#include "dygraph.min.js.inc"
};
constexpr unsigned char kPlotLicence[] = {
#include "dygraphs.licence.inc"
};
constexpr unsigned char kData[] = {
#include "data.js.inc"
};
constexpr unsigned char kColours[] = {
#include "colours.js.inc"
};
constexpr unsigned char kMap[] = {
#include "map.js.inc"
};
constexpr unsigned char kTables[] = {
#include "tables.js.inc"
};
constexpr unsigned char kHoles[] = {
#include "holes.js.inc"
};
constexpr unsigned char kMain[] = {
#include "main.js.inc"
};

template <std::size_t N>
std::string_view textOf(const unsigned char (&bytes)[N]) {
  return {reinterpret_cast<const char*>(bytes), N};
}

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

/// What lies in chunks, in the order of chunks and offsets.
struct Item {
  enum What : std::uint8_t { Block, Destination, Retired, Mirror };
  std::uint32_t chunk = 0;  ///< Position.
  ByteOffset offset = 0;
  ByteCount bytes = 0;
  What what = Block;
  std::uint32_t of = 0;  ///< Position of the block, or of the retired range.
};

void addItems(const DumpFile& dump, Columns& columns) {
  std::map<std::uint32_t, std::uint32_t> positions;
  for (std::size_t i = 0; i < dump.chunks.size(); ++i) {
    positions.emplace(dump.chunks[i].index, static_cast<std::uint32_t>(i));
  }
  std::vector<Item> items;
  const auto add = [&](const DumpPlace& place, Item::What what, std::size_t of) {
    const auto chunk = positions.find(place.chunk);
    if (chunk == positions.end()) return;  // a dump that somebody has changed
    items.push_back({chunk->second, place.offset, place.bytes, what, static_cast<std::uint32_t>(of)});
  };
  for (std::size_t i = 0; i < dump.blocks.size(); ++i) {
    const DumpBlock& block = dump.blocks[i];
    if (block.place) add(*block.place, Item::Block, i);
    if (block.movesTo) add(*block.movesTo, Item::Destination, i);
  }
  for (std::size_t i = 0; i < dump.retired.size(); ++i) add(dump.retired[i].place, Item::Retired, i);
  for (std::size_t i = 0; i < dump.mirrors.size(); ++i) add(dump.mirrors[i], Item::Mirror, i);
  std::ranges::sort(items, {}, [](const Item& item) { return std::pair{item.chunk, item.offset}; });

  std::vector<std::uint32_t> chunk;
  std::vector<std::uint32_t> offset;
  std::vector<std::uint32_t> size;
  std::vector<std::uint8_t> what;
  std::vector<std::uint32_t> of;
  for (const Item& item : items) {
    chunk.push_back(item.chunk);
    offset.push_back(units(item.offset));
    size.push_back(units(item.bytes));
    what.push_back(item.what);
    of.push_back(item.of);
  }
  columns.add("itemChunk", chunk);
  columns.add("itemOffset", offset);
  columns.add("itemUnits", size);
  columns.add("itemWhat", what);
  columns.add("itemOf", of);
}

/// Chunk by chunk.
void addHoles(const DumpFile& dump, Columns& columns) {
  std::vector<std::uint32_t> start{0};
  std::vector<std::uint32_t> offset;
  std::vector<std::uint32_t> size;
  for (const DumpChunk& chunk : dump.chunks) {
    for (const DumpHole& hole : chunk.holes) {
      offset.push_back(units(hole.offset));
      size.push_back(units(hole.bytes));
    }
    start.push_back(static_cast<std::uint32_t>(offset.size()));
  }
  columns.add("holeStart", start);
  columns.add("holeOffset", offset);
  columns.add("holeUnits", size);
}

template <class T, class Get>
void addColumn(const DumpFile& dump, Columns& columns, std::string_view name, const Get& get) {
  std::vector<T> column;
  column.reserve(dump.blocks.size());
  for (const DumpBlock& block : dump.blocks) column.push_back(static_cast<T>(get(block)));
  columns.add(name, column);
}

void addBlocks(const DumpFile& dump, Columns& columns, Sentences& sentences) {
  using Block = DumpBlock;
  Json names = Json::array();
  for (const Block& block : dump.blocks) names.push_back(block.name);
  columns.addText("names", names.dump());
  addColumn<std::uint32_t>(dump, columns, "index", [](const Block& b) { return b.index; });
  addColumn<std::uint32_t>(dump, columns, "generation", [](const Block& b) { return b.generation; });
  addColumn<std::uint8_t>(dump, columns, "tag", [](const Block& b) { return b.tag; });
  addColumn<std::uint8_t>(dump, columns, "state", [](const Block& b) { return b.state; });
  addColumn<std::uint8_t>(dump, columns, "kind", [](const Block& b) { return b.mainKind().value_or(kNoKind); });
  addColumn<std::uint8_t>(dump, columns, "longLived", [](const Block& b) { return b.longLived; });
  addColumn<double>(dump, columns, "live", [](const Block& b) { return b.liveBytes; });
  addColumn<std::uint32_t>(dump, columns, "version", [](const Block& b) { return b.version; });
  addColumn<std::uint32_t>(dump, columns, "requested", [](const Block& b) { return b.requestedVersion; });
  addColumn<std::uint32_t>(dump, columns, "owners", [](const Block& b) { return b.owners; });
  addColumn<std::uint32_t>(dump, columns, "pins", [](const Block& b) { return b.pins; });
  addColumn<std::uint32_t>(dump, columns, "age", [](const Block& b) { return clamped(b.ageSteps); });
  addColumn<std::uint32_t>(dump, columns, "use", [](const Block& b) { return b.framesSinceUse.value_or(kNone); });
  addColumn<std::uint32_t>(dump, columns, "waits", [&](const Block& b) { return sentences.add(b.waitsFor); });
  if (dump.blocks.size() > kMostBlocksWithParts) return;
  std::vector<std::uint32_t> start{0};
  std::vector<std::uint8_t> kind;
  std::vector<std::uint32_t> bytes;
  for (const Block& block : dump.blocks) {
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

void addRetired(const DumpFile& dump, Columns& columns, Sentences& sentences) {
  std::vector<std::uint32_t> waits;
  waits.reserve(dump.retired.size());
  for (const DumpRetired& range : dump.retired) waits.push_back(sentences.add(range.waitsFor));
  columns.add("retiredWaits", waits);
}

Json chunksOf(const DumpFile& dump) {
  Json chunks = Json::array();
  for (const DumpChunk& chunk : dump.chunks) {
    chunks.push_back({{"index", chunk.index},
                      {"bytes", chunk.bytes},
                      {"free", chunk.freeBytes},
                      {"class", chunk.longLived ? "long-lived" : "streaming"},
                      {"dedicated", chunk.dedicated},
                      {"inService", chunk.inService},
                      {"age", chunk.ageSteps},
                      {"ranges", chunk.ranges},
                      {"holes", chunk.holes.size()},
                      {"largestHole", chunk.largestHole()}});
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

/// For a script element: nothing in it can end that.
std::string inScript(const Json& json) {
  std::string text = json.dump();
  for (std::size_t at = text.find('<'); at != std::string::npos; at = text.find('<', at)) {
    text.replace(at, 1, "\\u003c");
  }
  return text;
}

/// Unknown to who has written the dump: what a name could bring along is not run.
std::string nonce() {
  std::random_device random;
  std::string text;
  for (int i = 0; i < 32; ++i) text += "0123456789abcdef"[random() % 16];
  return text;
}

}  // namespace

std::string pageOf(const DumpFile& dump, const DumpFile* before, const DumpDiff* diff) {
  Columns columns;
  Sentences sentences;
  addBlocks(dump, columns, sentences);
  addRetired(dump, columns, sentences);
  addItems(dump, columns);
  addHoles(dump, columns);
  Json facts;
  for (const char* member :
       {"device", "budgets", "stats", "classes", "retirement", "tags", "frames", "refusals", "flux"}) {
    if (dump.head.contains(member)) facts[member] = dump.head.at(member);
  }
  facts["file"] = dump.name;
  facts["kinds"] = dump.kinds;
  facts["chunks"] = chunksOf(dump);
  facts["sentences"] = sentences.all();
  if (before != nullptr && diff != nullptr) facts["diff"] = changesOf(*before, *diff, columns);
  facts["columns"] = columns.table();

  const std::string once = nonce();
  std::string page;
  const auto element = [&](std::string_view open, std::string_view text, std::string_view close) {
    ((((page += open) += " nonce=\"") += once) += "\">") += text;
    (page += close) += '\n';
  };
  // What is put in is never looked at again, so no name can be taken for a mark.
  std::string_view rest = textOf(kPage);
  for (std::size_t at = rest.find('@'); at != std::string_view::npos; at = rest.find('@')) {
    page += rest.substr(0, at);
    const std::size_t end = rest.find('@', at + 1);
    const std::string_view mark = rest.substr(at + 1, end - at - 1);
    rest.remove_prefix(end + 1);
    if (mark == "nonce") {
      page += once;
    } else if (mark == "version") {
      page += FLUX_VERSION_STRING;
    } else if (mark == "styles") {
      element("<style", textOf(kPlotStyle), "</style>");
      element("<style", textOf(kStyle), "</style>");
    } else if (mark == "licence") {
      element("<script type=\"text/plain\" id=\"licence-text\"", textOf(kPlotLicence), "</script>");
    } else if (mark == "data") {
      element("<script type=\"application/json\" id=\"facts\"", inScript(facts), "</script>");
      element("<script type=\"text/plain\" id=\"columns\"", columns.packed(), "</script>");
    } else if (mark == "scripts") {
      for (const std::string_view script : {textOf(kPlotScript), textOf(kData), textOf(kColours), textOf(kMap),
                                            textOf(kTables), textOf(kHoles), textOf(kMain)}) {
        element("<script", script, "</script>");
      }
    }
  }
  page += rest;
  return page;
}

}  // namespace flux::app
