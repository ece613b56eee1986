#include "inspect/dump_file.hpp"

#include "failure.hpp"
#include "printable.hpp"

#include <algorithm>
#include <array>
#include <fstream>
#include <iterator>

namespace flux::app {
namespace {

using Json = nlohmann::json;

constexpr int kDumpVersion = 2;
/// Depth of a member of the dump, and of an element of an array that is a member.
constexpr int kMember = 1;
constexpr int kElement = 2;

DumpPlace placeOf(const Json& json) {
  return {json.at("chunk").get<std::uint32_t>(), json.at("offset").get<ByteOffset>(),
          json.at("bytes").get<ByteCount>()};
}

std::string waits(const Json& item) {
  const auto& what = item.at("waitsFor").get_ref<const std::string&>();
  if (what == "frames") return "frames of snapshot " + item.at("snapshot").dump();
  if (what == "publish") return "the next publish";
  if (what == "step") return "the next step";
  std::string text;
  for (const Json& queue : item.at("queues")) {
    text += (text.empty() ? "queue " : ", queue ") + queue.at("queue").dump() + " to reach " +
            queue.at("value").dump() + " (is at " + queue.at("completed").dump() + ")";
  }
  return text;
}

std::string waitsOfBlock(const Json& block) {
  std::string text;
  if (block.contains("relocation")) {
    const Json& relocation = block.at("relocation");
    text = "version " + relocation.at("version").dump();
    if (relocation.contains("copyValue")) {
      text += " for the copy queue to reach " + relocation.at("copyValue").dump();
    } else {
      text += relocation.at("waitsFor") == "copies" ? " for the next step" : " for its turn";
    }
    text +=
        ", " + relocation.at("gatheredBytes").dump() + " of " + relocation.at("allBytes").dump() + " bytes gathered";
  }
  if (block.contains("edits")) {
    const Json& edits = block.at("edits");
    text += (text.empty() ? "" : "; ") + edits.at("bytes").dump() + " bytes " +
            (edits.at("inPlace").get<bool>() ? "in place " : "") + "wait behind";
  }
  return text;
}

DumpState stateOf(const std::string& name, const DumpBlock& block) {
  if (name == "evicted") return DumpState::Evicted;
  if (name != "resident") return name == "lost" ? DumpState::Lost : DumpState::Absent;
  if (block.pins != 0) return DumpState::Pinned;
  return block.waitsFor.empty() ? DumpState::Resident : DumpState::Changing;
}

class Reader {
 public:
  explicit Reader(DumpFile& dump) : dump_(dump) {}

  /// Takes what there is a lot of out of the JSON while it is read: true if it is to stay.
  bool keep(int depth, Json::parse_event_t event, Json& parsed) {
    using Event = Json::parse_event_t;
    if (event == Event::key && depth == kMember) member_ = parsed.get<std::string>();
    if (event == Event::value && depth == kMember) requireForm(parsed);
    if (event != Event::object_end || depth != kElement) return true;
    if (member_ == "blocks") {
      block(parsed);
    } else if (member_ == "chunks") {
      chunk(parsed);
    } else if (member_ == "retired") {
      retired(parsed);
    } else {
      return true;
    }
    return false;
  }

 private:
  /// The first two members say what the others are, so they are looked at before those.
  void requireForm(const Json& value) const {
    if (member_ == "format" && value != "flux-dump") throw Failure("'" + dump_.name + "' is no dump of Flux");
    if (member_ != "version" || value == kDumpVersion) return;
    throw Failure("'" + dump_.name + "' is a dump of version " + printable(value.dump()) +
                  "; this command reads version " + std::to_string(kDumpVersion));
  }

  void block(const Json& json) {
    DumpBlock block;
    block.index = json.at("index").get<std::uint32_t>();
    block.generation = json.at("generation").get<std::uint32_t>();
    block.name = json.at("name").get<std::string>();
    block.tag = json.at("tag").get<std::uint8_t>();
    block.longLived = json.at("class") == "long-lived";
    block.liveBytes = json.at("liveBytes").get<ByteCount>();
    block.version = json.at("version").get<std::uint32_t>();
    block.requestedVersion = json.at("requestedVersion").get<std::uint32_t>();
    block.owners = json.at("owners").get<std::uint32_t>();
    block.pins = json.at("pins").get<std::uint32_t>();
    block.ageSteps = json.at("ageSteps").get<std::uint64_t>();
    if (const auto use = json.find("framesSinceUse"); use != json.end())
      block.framesSinceUse = use->get<std::uint32_t>();
    if (const auto place = json.find("place"); place != json.end()) block.place = placeOf(*place);
    if (const auto moves = json.find("relocation"); moves != json.end() && !moves->at("inGaps").get<bool>()) {
      block.movesTo = placeOf(*moves);
    }
    block.waitsFor = waitsOfBlock(json);
    block.state = stateOf(json.at("state").get_ref<const std::string&>(), block);
    for (const Json& part : json.at("parts")) {
      block.parts.push_back(
          {kind(part.at("kind").get_ref<const std::string&>()), part.at("bytes").get<std::uint32_t>()});
    }
    dump_.blocks.push_back(std::move(block));
  }

  std::uint8_t kind(const std::string& name) {
    const auto found = std::ranges::find(dump_.kinds, name);
    constexpr std::size_t kMostKinds = 255;
    if (found != dump_.kinds.end()) return static_cast<std::uint8_t>(found - dump_.kinds.begin());
    if (dump_.kinds.size() < kMostKinds) dump_.kinds.push_back(name);
    return static_cast<std::uint8_t>(dump_.kinds.size() - 1);
  }

  void chunk(const Json& json) {
    DumpChunk chunk;
    chunk.index = json.at("index").get<std::uint32_t>();
    chunk.bytes = json.at("bytes").get<ByteCount>();
    chunk.freeBytes = json.at("freeBytes").get<ByteCount>();
    chunk.longLived = json.at("class") == "long-lived";
    chunk.dedicated = json.at("dedicated").get<bool>();
    chunk.inService = json.at("inService").get<bool>();
    chunk.ageSteps = json.at("ageSteps").get<std::uint64_t>();
    chunk.ranges = json.at("ranges").get<std::uint32_t>();
    for (const Json& hole : json.at("holes")) {
      chunk.holes.push_back({hole.at(0).get<ByteOffset>(), hole.at(1).get<ByteCount>()});
    }
    dump_.chunks.push_back(std::move(chunk));
  }

  void retired(const Json& json) {
    if (json.at("what") == "range") dump_.retired.push_back({placeOf(json), waits(json)});
  }

  DumpFile& dump_;
  std::string member_;
};

std::string contentsOf(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  if (!in || std::filesystem::is_directory(file)) throw Failure("cannot read '" + file.string() + "'");
  return {std::istreambuf_iterator<char>(in), {}};
}

/// What the parser says, without its own name.
std::string reason(const Json::exception& error) {
  const std::string_view text = error.what();
  const std::size_t end = text.find("] ");
  return printable(text.substr(end == std::string_view::npos ? 0 : end + 2));
}

}  // namespace

std::optional<std::uint8_t> DumpBlock::mainKind() const {
  std::array<std::uint64_t, 256> bytes{};
  for (const DumpPart& part : parts) bytes[part.kind] += part.bytes;
  const auto most = std::ranges::max_element(bytes);
  if (*most == 0) return std::nullopt;
  return static_cast<std::uint8_t>(most - bytes.begin());
}

ByteCount DumpChunk::largestHole() const {
  ByteCount largest = 0;
  for (const DumpHole& hole : holes) largest = std::max(largest, hole.bytes);
  return largest;
}

std::string DumpFile::tagName(std::uint8_t tag) const {
  const Json& tags = head.at("tags");
  if (tag == 0 || tag >= tags.size()) return "no owner";
  return tags[tag].at("name").get<std::string>();
}

DumpFile readDump(const std::filesystem::path& file) {
  return parseDump(contentsOf(file), file.filename().string());
}

DumpFile parseDump(const std::string& text, std::string name) {
  DumpFile dump;
  dump.name = std::move(name);
  Reader reader(dump);
  try {
    dump.head = Json::parse(
        text, [&](int depth, Json::parse_event_t event, Json& parsed) { return reader.keep(depth, event, parsed); });
    if (!dump.head.is_object() || !dump.head.contains("format")) {
      throw Failure("'" + dump.name + "' is no dump of Flux");
    }
    for (const Json& mirror : dump.head.at("mirrors")) dump.mirrors.push_back(placeOf(mirror));
    for (const char* member : {"device", "budgets", "stats", "classes", "retirement", "tags", "frames", "refusals"}) {
      (void)dump.head.at(member);
    }
  } catch (const Json::parse_error& error) {
    throw Failure("'" + dump.name + "' is no whole JSON: " + reason(error));
  } catch (const Json::exception& error) {
    throw Failure("'" + dump.name + "' is no dump of version " + std::to_string(kDumpVersion) + ": " + reason(error));
  }
  return dump;
}

}  // namespace flux::app
