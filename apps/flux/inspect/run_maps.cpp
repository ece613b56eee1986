#include "inspect/run_maps.hpp"

#include "failure.hpp"

#include <flux/host.hpp>
#include <flux/passing_device.hpp>

#include <algorithm>
#include <iterator>
#include <map>
#include <tuple>
#include <unordered_map>
#include <utility>

namespace flux::app {
namespace {

constexpr std::size_t kMostRefusals = 1000;

/// Chunks without memory and copies of nothing: places are all that is looked at.
class PlacesOnly final : public PassingDevice {
 public:
  using PassingDevice::PassingDevice;

  Result<ChunkInfo> createChunk(ChunkIndex, ByteCount bytes) override { return ChunkInfo{0, 0, bytes}; }
  void destroyChunk(ChunkIndex) noexcept override {}
  std::span<std::byte> mapped(ChunkIndex, ByteOffset, ByteCount) noexcept override { return {}; }
  Result<TimelineValue> submit(std::span<const CopyPiece>, std::span<const QueueValue>) override { return ++value_; }
  Result<void> poll() override { return {}; }
  TimelineValue completed(QueueId queue) const noexcept override { return queue == kCopyQueue ? value_ : 0; }
  Result<void> wait(QueueId, TimelineValue, std::chrono::nanoseconds) override { return {}; }
  void setName(ChunkIndex, std::string_view) noexcept override {}
  void rangeReclaimed(ChunkIndex, ByteOffset, ByteCount) noexcept override {}

 private:
  TimelineValue value_ = 0;
};

DumpState stateOf(const BlockView& block) {
  if (block.state == BlockState::Lost) return DumpState::Lost;
  if (block.state == BlockState::Absent) return block.evicted ? DumpState::Evicted : DumpState::Absent;
  if (block.pins != 0) return DumpState::Pinned;
  return block.move || block.edits ? DumpState::Changing : DumpState::Resident;
}

DumpPlace placeOf(const RangeView& range) {
  return {static_cast<std::uint32_t>(range.chunk), range.offset, range.bytes};
}

/// Blocks that look the same but for where they are and how they stand are one row.
using BlockKey = std::tuple<std::uint32_t, std::uint32_t, ByteCount>;  // index, generation, live bytes
BlockKey keyOf(const DumpBlock& block) {
  return {block.index, block.generation, block.liveBytes};
}

struct BlockKeyHash {
  std::size_t operator()(const BlockKey& key) const noexcept {
    const auto [index, generation, bytes] = key;
    return ((std::uint64_t{index} << 32U | generation) * 0x9E3779B97F4A7C15ULL) ^ (bytes * 0xC2B2AE3D27D4EB4FULL);
  }
};

std::pair<std::uint32_t, ByteOffset> wherever(const MapItem& item) {
  return {item.place.chunk, item.place.offset};
}
bool sameThing(const MapItem& a, const MapItem& b) {
  return a.place == b.place && a.what == b.what && a.state == b.state && a.of == b.of;
}

/// Items as one stop sees them.
class Stop final : public PoolVisitor {
 public:
  using Rows = std::unordered_map<BlockKey, std::uint32_t, BlockKeyHash>;

  Stop(RunMaps& maps, Rows& rows, std::uint32_t number) : maps_(maps), rows_(rows), number_(number) {}

  void chunk(const ChunkView& view) override {
    chunks.push_back({{number_, number_ + 1},
                      static_cast<std::uint32_t>(view.index),
                      view.bytes,
                      view.lifetime == Lifetime::LongLived,
                      view.dedicated,
                      view.inService,
                      view.madeInStep});
  }
  void block(const BlockView& block) override {
    const std::uint32_t row = rowOf(block);
    if (block.place) add(*block.place, MapItem::Block, stateOf(block), row, block.changedInStep);
    if (block.move && !block.move->inGaps) {
      add(block.move->to, MapItem::Destination, stateOf(block), row, block.changedInStep);
    }
  }
  void retired(const RetiredView& view) override {
    if (view.block) return;  // inside of the block's own place
    add(view.range, MapItem::Retired, DumpState::Resident, static_cast<std::uint32_t>(view.waitsFor), 0);
  }
  void mirror(const MirrorView& view) override { add(view.place, MapItem::Mirror, DumpState::Resident, view.index, 0); }

  std::vector<MapItem> items;
  std::vector<MapChunk> chunks;

 private:
  void add(const RangeView& range, MapItem::What what, DumpState state, std::uint32_t of, std::uint64_t changed) {
    items.push_back({{number_, number_ + 1}, placeOf(range), what, state, of, changed});
  }

  std::uint32_t rowOf(const BlockView& block) {
    const BlockKey key{block.block.index, block.block.generation, block.liveBytes};
    const auto [found, added] = rows_.try_emplace(key, static_cast<std::uint32_t>(maps_.blocks.size()));
    if (!added) return found->second;
    DumpBlock& row = maps_.blocks.emplace_back();
    row.index = block.block.index;
    row.generation = block.block.generation;
    row.name = block.name;
    row.tag = static_cast<std::uint8_t>(block.tag);
    row.longLived = block.lifetime == Lifetime::LongLived;
    row.liveBytes = block.liveBytes;
    row.version = row.requestedVersion = block.requestedVersion;
    row.owners = block.owners;
    for (const PartPlacement& part : block.parts) {
      if (part.sizeBytes != 0) row.parts.push_back({static_cast<std::uint8_t>(part.kind), part.sizeBytes});
    }
    return found->second;
  }

  RunMaps& maps_;
  Rows& rows_;
  const std::uint32_t number_;
};

class Player {
 public:
  Player(RecordingReader reader, std::string name, const std::vector<std::uint64_t>& stops, std::size_t mostItems)
      : host_(HostDevice::create()), device_(*host_), name_(std::move(name)), wanted_(stops), mostItems_(mostItems) {
    Result<std::unique_ptr<RecordingPlayer>> player = RecordingPlayer::create(std::move(reader), device_);
    if (!player) throw Failure(name_ + ": " + describe(player.error()));
    player_ = std::move(*player);
  }

  RunMaps play() {
    for (;;) {
      const std::uint64_t before = player_->steps();
      const Result<bool> more = player_->advance();
      if (!more) maps_.failure = more.error();
      if (player_->steps() != before) noteStep();
      noteRefusals();
      if (!more || !*more) break;
    }
    maps_.difference = player_->difference();
    takeMap();
    maps_.end = parseDump(player_->pool().dump(), name_);
    putEndFirst();
    thinOut();
    sortItems();
    return std::move(maps_);
  }

 private:
  void noteStep() {
    for (const Lifetime lifetime : {Lifetime::Streaming, Lifetime::LongLived}) {
      maps_.fragmentation[static_cast<std::size_t>(lifetime)].push_back(
          player_->pool().wouldFit(1, 1, lifetime).fragmentation());
    }
    if (next_ == wanted_.size() || wanted_[next_] != player_->steps()) return;
    ++next_;
    takeMap();
  }

  void noteRefusals() {
    const std::uint64_t count = player_->pool().stats().refusals;
    if (count == refusals_) return;
    const std::span<const Refusal> last = player_->pool().refusals();
    const std::size_t fresh = std::min<std::uint64_t>(count - refusals_, last.size());
    refusals_ = count;
    for (const Refusal& refusal : last.last(fresh)) {
      const std::string name(refusal.error.resourceName());
      const auto known = std::find_if(maps_.refusals.rbegin(), maps_.refusals.rend(), [&](const RunRefusal& each) {
        return each.firstStep == refusal.firstStep && each.request == refusal.request && each.name == name;
      });
      if (known == maps_.refusals.rend() && maps_.refusals.size() == kMostRefusals) return;
      RunRefusal& entry = known != maps_.refusals.rend() ? *known : maps_.refusals.emplace_back();
      entry = {name,
               std::string(toString(refusal.error.code)),
               explain(refusal.fit),
               refusal.request,
               refusal.fit.largestFreeBytes,
               refusal.firstStep,
               refusal.lastStep,
               refusal.times};
    }
  }

  void takeMap() {
    Stop stop(maps_, rows_, static_cast<std::uint32_t>(maps_.stops.size()));
    player_->pool().inspect(stop);
    maps_.stops.push_back(player_->steps());
    std::ranges::sort(stop.items, {}, wherever);
    lastItems_ = merge(maps_.items, lastItems_, stop.items, sameThing, wherever);
    lastChunks_ = merge(
        maps_.chunks, lastChunks_, stop.chunks,
        [](const MapChunk& a, const MapChunk& b) {
          return a.index == b.index && a.madeInStep == b.madeInStep && a.inService == b.inService;
        },
        [](const MapChunk& chunk) { return chunk.index; });
  }

  /// What the stop before has, too, lasts longer; the rest is new. Both are in the order of `key`. Answers where those
  /// of this stop are.
  template <class T, class Same, class Key>
  static std::vector<std::size_t> merge(std::vector<T>& all, const std::vector<std::size_t>& last, std::vector<T>& now,
                                        const Same& same, const Key& key) {
    std::vector<std::size_t> result;
    result.reserve(now.size());
    auto before = last.begin();
    for (T& each : now) {
      while (before != last.end() && key(all[*before]) < key(each)) ++before;
      if (before != last.end() && same(all[*before], each)) {
        ++all[*before].to;
        result.push_back(*before);
        continue;
      }
      result.push_back(all.size());
      all.push_back(std::move(each));
    }
    return result;
  }

  void eraseUnseen() {
    const auto unseen = [](const auto& each) { return each.from >= each.to; };
    std::erase_if(maps_.items, unseen);
    std::erase_if(maps_.chunks, unseen);
  }

  /// Rows of blocks that are there at the end become those of the dump.
  void putEndFirst() {
    std::vector<DumpBlock> blocks = maps_.end.blocks;
    std::vector<std::uint32_t> moved(maps_.blocks.size());
    std::vector<bool> known(maps_.blocks.size());
    for (std::size_t i = 0; i < blocks.size(); ++i) {
      const auto row = rows_.find(keyOf(blocks[i]));
      if (row == rows_.end()) continue;
      moved[row->second] = static_cast<std::uint32_t>(i);
      known[row->second] = true;
    }
    // Kinds have other numbers there.
    const auto kindOf = [&](std::uint8_t kind) {
      const std::string name(toString(static_cast<PartKind>(kind)));
      const auto found = std::ranges::find(maps_.end.kinds, name);
      if (found == maps_.end.kinds.end()) maps_.end.kinds.push_back(name);
      return static_cast<std::uint8_t>(std::ranges::find(maps_.end.kinds, name) - maps_.end.kinds.begin());
    };
    for (std::size_t i = 0; i < maps_.blocks.size(); ++i) {
      if (known[i]) continue;
      moved[i] = static_cast<std::uint32_t>(blocks.size());
      for (DumpPart& part : maps_.blocks[i].parts) part.kind = kindOf(part.kind);
      blocks.push_back(std::move(maps_.blocks[i]));
    }
    maps_.blocks = std::move(blocks);
    for (MapItem& item : maps_.items) {
      if (item.what == MapItem::Block || item.what == MapItem::Destination) item.of = moved[item.of];
    }
  }

  /// The last stop stays, and so what is seen there.
  void thinOut() {
    while (maps_.items.size() > mostItems_ && maps_.stops.size() > 1) {
      const std::size_t odd = maps_.stops.size() % 2 == 0 ? 1 : 0;  // of the stops that stay
      std::vector<std::uint64_t> stops;
      for (std::size_t i = odd; i < maps_.stops.size(); i += 2) stops.push_back(maps_.stops[i]);
      maps_.stops = std::move(stops);
      const auto first = [&](std::uint32_t stop) { return static_cast<std::uint32_t>((stop + 1 - odd) / 2); };
      const auto halve = [&](auto& each) {
        each.from = first(each.from);
        each.to = first(each.to);
      };
      std::ranges::for_each(maps_.items, halve);
      std::ranges::for_each(maps_.chunks, halve);
      eraseUnseen();
    }
    dropUnseenBlocks();
  }

  void dropUnseenBlocks() {
    std::vector<bool> seen(maps_.blocks.size());
    std::fill_n(seen.begin(), maps_.end.blocks.size(), true);
    const auto ofBlock = [](const MapItem& item) {
      return item.what == MapItem::Block || item.what == MapItem::Destination;
    };
    for (const MapItem& item : maps_.items) {
      if (ofBlock(item)) seen[item.of] = true;
    }
    std::vector<std::uint32_t> moved(maps_.blocks.size());
    std::vector<DumpBlock> blocks;
    for (std::size_t i = 0; i < seen.size(); ++i) {
      moved[i] = static_cast<std::uint32_t>(blocks.size());
      if (seen[i]) blocks.push_back(std::move(maps_.blocks[i]));
    }
    maps_.blocks = std::move(blocks);
    for (MapItem& item : maps_.items) {
      if (ofBlock(item)) item.of = moved[item.of];
    }
  }

  void sortItems() {
    std::ranges::sort(maps_.items, {}, [](const MapItem& item) {
      return std::tuple{item.place.chunk, item.place.offset, item.from};
    });
    std::ranges::sort(maps_.chunks, {}, [](const MapChunk& chunk) { return std::pair{chunk.index, chunk.from}; });
  }

  std::unique_ptr<HostDevice> host_;
  PlacesOnly device_;
  std::string name_;
  const std::vector<std::uint64_t>& wanted_;
  const std::size_t mostItems_;
  std::size_t next_ = 0;  ///< Of the wanted stops.
  std::uint64_t refusals_ = 0;
  RunMaps maps_;
  Stop::Rows rows_;
  std::vector<std::size_t> lastItems_;   ///< Positions of what the last stop saw, in their order.
  std::vector<std::size_t> lastChunks_;  ///< Likewise.
  std::unique_ptr<RecordingPlayer> player_;
};

}  // namespace

std::vector<std::uint64_t> chooseStops(std::uint64_t steps, std::uint64_t blocks,
                                       const std::vector<std::uint64_t>& wanted) {
  constexpr std::uint64_t kMostStops = 400;
  constexpr std::uint64_t kMostVisits = 10'000'000;  // of blocks: some seconds
  constexpr std::uint64_t kFewestStops = 16;
  constexpr std::size_t kMostWanted = 64;
  const std::uint64_t affordable = std::max(kFewestStops, kMostVisits / std::max<std::uint64_t>(blocks, 1));
  const std::uint64_t count = std::min({steps, kMostStops, affordable});
  std::vector<std::uint64_t> stops;
  for (std::uint64_t i = 1; i < count; ++i) stops.push_back(i * steps / count);
  for (std::size_t i = 0; i < std::min(wanted.size(), kMostWanted); ++i) {
    if (wanted[i] >= 1 && wanted[i] < steps) stops.push_back(wanted[i]);
  }
  std::ranges::sort(stops);
  stops.erase(std::ranges::unique(stops).begin(), stops.end());
  return stops;
}

RunMaps playMaps(RecordingReader reader, std::string name, const std::vector<std::uint64_t>& stops,
                 std::size_t mostItems) {
  return Player(std::move(reader), std::move(name), stops, mostItems).play();
}

DumpFile dumpAfter(RecordingReader reader, const std::string& name, std::optional<std::uint64_t> steps) {
  const std::unique_ptr<HostDevice> host = HostDevice::create();
  PlacesOnly device(*host);
  Result<std::unique_ptr<RecordingPlayer>> player = RecordingPlayer::create(std::move(reader), device);
  if (!player) throw Failure(name + ": " + describe(player.error()));
  while (!steps || (*player)->steps() < *steps) {
    const Result<bool> more = (*player)->advance();
    if (!more) throw Failure(name + ": " + describe(more.error()));
    if (!*more) break;
  }
  if (const std::optional<ReplayDifference>& difference = (*player)->difference()) {
    throw Failure(name + ": this flux does something else than the one that recorded: event " +
                  std::to_string(difference->event) + " was " + difference->expected + ", now it is " +
                  difference->found);
  }
  if (steps && (*player)->steps() < *steps) {
    throw Failure(name + ": the recording has " + std::to_string((*player)->steps()) + " steps");
  }
  return parseDump((*player)->pool().dump(), name);
}

std::vector<RunLine> linesOf(const RunSeries& series, const RunMaps& maps) {
  std::vector<RunLine> lines = series.lines;
  for (const Lifetime lifetime : {Lifetime::Streaming, Lifetime::LongLived}) {
    RunLine line{lifetime == Lifetime::Streaming ? "streaming chunks" : "long-lived chunks", RunChart::Fragmentation,
                 RunUnit::Part, false, maps.fragmentation[static_cast<std::size_t>(lifetime)]};
    line.values.resize(series.steps.size());
    lines.push_back(std::move(line));
  }
  return lines;
}

std::vector<std::string> problemsOf(const RunSeries& series, const RunMaps& maps) {
  std::vector<std::string> problems;
  if (series.truncated) problems.emplace_back("The recording is cut: the program has crashed, or the disk was full.");
  if (series.damage) problems.push_back("The recording is damaged: " + describe(*series.damage) + ".");
  const std::string from = "maps and fragmentation end with step " + std::to_string(maps.stops.back()) + ": ";
  if (maps.difference) {
    problems.push_back("This flux does something else than the one that recorded, so " + from + "event " +
                       std::to_string(maps.difference->event) + " was " + maps.difference->expected + ", now it is " +
                       maps.difference->found + ".");
  }
  if (maps.failure && !series.damage) problems.push_back("M" + from.substr(1) + describe(*maps.failure) + ".");
  return problems;
}

}  // namespace flux::app
