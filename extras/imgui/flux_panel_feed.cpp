#include "flux_panel_feed.hpp"

#include <algorithm>
#include <utility>

namespace flux {
namespace {

std::uint64_t pack(BlockHandle block) {
  return std::uint64_t{block.generation} << 32U | block.index;
}
BlockHandle unpack(std::uint64_t packed) {
  return {static_cast<std::uint32_t>(packed), static_cast<std::uint32_t>(packed >> 32U)};
}

PartKind mainKind(std::span<const PartPlacement> parts) {
  const auto largest = std::ranges::max_element(parts, {}, &PartPlacement::sizeBytes);
  return largest == parts.end() ? PartKind::Vertex : largest->kind;
}

/// Copies what it is shown.
class Filler final : public PoolVisitor {
 public:
  explicit Filler(PanelData& data) : data_(data) {
    data.frames.clear();
    data.chunks.clear();
    data.blocks.clear();
    data.moves.clear();
    data.ranges.clear();
    data.names.clear();
    data.retiredBytes = {};
  }

  void openFrame(const OpenFrame& frame) override {
    data_.frames.push_back({frame.label, frame});
    data_.frames.back().frame.label = "";
  }
  void chunk(const ChunkView& chunk) override { data_.chunks.push_back(chunk); }
  void block(const BlockView& view) override {
    const auto index = static_cast<std::uint32_t>(data_.blocks.size());
    PanelBlock& block = data_.blocks.emplace_back();
    block.block = view.block;
    block.name = static_cast<std::uint32_t>(data_.names.size());
    data_.names.append(view.name).push_back('\0');
    block.framesSinceUse = view.framesSinceUse.value_or(kNoPanelEntry);
    block.owners = view.owners;
    block.pins = view.pins;
    block.liveBytes = view.liveBytes;
    block.version = view.version;
    block.requestedVersion = view.requestedVersion;
    block.changedInStep = view.changedInStep;
    block.tag = view.tag;
    block.kind = mainKind(view.parts);
    block.state = view.state;
    block.lifetime = view.lifetime;
    block.shared = view.gaps && view.gaps->shared;
    if (view.edits) {
      block.waitingParts = view.edits->parts;
      block.waitingBytes = view.edits->bytes;
    }
    if (view.place) {
      block.placeBytes = view.place->bytes;
      data_.ranges.push_back({*view.place, index, PanelRange::What::Block});
    }
    if (!view.move) return;
    block.move = static_cast<std::uint32_t>(data_.moves.size());
    data_.moves.push_back(*view.move);
    if (!view.move->inGaps) data_.ranges.push_back({view.move->to, index, PanelRange::What::Move});
  }
  void retired(const RetiredView& retired) override {
    if (retired.block) return;  // inside of the block's own range
    data_.retiredBytes[static_cast<std::size_t>(retired.waitsFor)] += retired.range.bytes;
    data_.ranges.push_back(
        {retired.range, kNoPanelEntry, PanelRange::What::Retired, retired.waitsFor, retired.snapshot});
  }

 private:
  PanelData& data_;
};

}  // namespace

const PanelBlock* PanelData::find(BlockHandle block) const noexcept {
  const auto found =
      std::ranges::lower_bound(blocks, block.index, {}, [](const PanelBlock& entry) { return entry.block.index; });
  return found != blocks.end() && found->block == block ? &*found : nullptr;
}

void PanelFeed::stepped(const Pool& pool, const StepReport& report, std::chrono::nanoseconds time,
                        std::chrono::steady_clock::time_point now) {
  const PoolStats stats = pool.stats();
  noteStep({time, report.uploadedBytes, report.copiedBytes, stats.retiredBytes}, now);
  noteEvents(pool, stats.steps);
  if (now < next_ || !wanted_.exchange(false, std::memory_order_relaxed)) return;
  next_ = now + interval_;
  fill(pool);
}

void PanelFeed::noteStep(const PanelSlice& step, std::chrono::steady_clock::time_point now) {
  if (slices_.empty() || now >= sliceEnd_) {
    sliceEnd_ = now + kSliceTime;
    newestSlice_ = slices_.empty() ? 0 : (newestSlice_ + 1) % kSlices;
    if (newestSlice_ == slices_.size()) slices_.emplace_back();
    slices_[newestSlice_] = {};
  }
  PanelSlice& slice = slices_[newestSlice_];
  slice.longestStep = std::max(slice.longestStep, step.longestStep);
  slice.uploadedBytes += step.uploadedBytes;
  slice.copiedBytes += step.copiedBytes;
  slice.retiredBytes = std::max(slice.retiredBytes, step.retiredBytes);
}

void PanelFeed::fill(const Pool& pool) {
  filling_.number = ++number_;
  filling_.stagingLimitBytes = pool.desc().stagingLimitBytes;
  filling_.shadowLimitBytes = pool.desc().shadowLimitBytes;
  Filler filler(filling_);
  pool.inspect(filler);
  filling_.refusals.assign(pool.refusals().begin(), pool.refusals().end());
  const DetailedStats stats = pool.detailedStats();
  filling_.totals = stats.totals;
  filling_.retirement = stats.retirement;
  filling_.retirement.oldestFrame = {};
  filling_.classes = stats.classes;
  filling_.tags.resize(stats.tags.size());
  for (std::size_t i = 0; i < stats.tags.size(); ++i) {
    filling_.tags[i].name = stats.tags[i].name;
    filling_.tags[i].stats = stats.tags[i];
    filling_.tags[i].stats.name = {};
  }
  filling_.slices.assign(slices_.begin(), slices_.end());
  if (slices_.size() == kSlices) {
    const std::size_t oldest = (newestSlice_ + 1) % kSlices;
    std::ranges::rotate(filling_.slices, filling_.slices.begin() + static_cast<std::ptrdiff_t>(oldest));
  }
  filling_.watched = watched_;
  filling_.events = events_;

  const std::lock_guard lock(mutex_);
  std::swap(filling_, ready_);
  fresh_ = true;
}

void PanelFeed::note(PanelEvent event) {
  if (events_.size() == kEvents) events_.erase(events_.begin());
  events_.push_back(event);
}

void PanelFeed::noteEvents(const Pool& pool, std::uint64_t step) {
  const BlockHandle wished = unpack(watch_.load(std::memory_order_relaxed));
  const bool begins = wished != watched_;
  if (begins) {
    watched_ = wished;
    events_.clear();
    gone_ = false;
  }
  if (!watched_ || gone_) return;
  const std::optional<BlockView> now = pool.inspect(watched_);
  if (!now) {
    gone_ = true;
    return note({.what = PanelEvent::What::Gone, .step = step});
  }
  const RangeView place = now->place.value_or(RangeView{});
  if (begins) {
    note({PanelEvent::What::Watched, step, now->version, place, now->state});
  } else {
    if (now->requestedVersion != seen_.requestedVersion) {
      note({.what = PanelEvent::What::Asked, .step = step, .version = now->requestedVersion});
    }
    if (now->version != seen_.version) {
      note({.what = PanelEvent::What::Arrived, .step = step, .version = now->version});
    }
    if (now->place != seen_.place) note({.what = PanelEvent::What::Moved, .step = step, .place = place});
    if (now->state != seen_.state) note({.what = PanelEvent::What::State, .step = step, .state = now->state});
  }
  seen_ = *now;
}

const PanelData& PanelFeed::data() {
  bool fresh = false;
  {
    const std::lock_guard lock(mutex_);
    fresh = std::exchange(fresh_, false);
    if (fresh) std::swap(ready_, shown_);
  }
  if (fresh) {
    std::ranges::sort(shown_.ranges, [](const PanelRange& a, const PanelRange& b) {
      return a.range.chunk != b.range.chunk ? a.range.chunk < b.range.chunk : a.range.offset < b.range.offset;
    });
  }
  wanted_.store(true, std::memory_order_relaxed);
  return shown_;
}

void PanelFeed::watch(BlockHandle block) noexcept {
  watch_.store(pack(block), std::memory_order_relaxed);
}

}  // namespace flux
