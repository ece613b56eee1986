// How tools see a pool. Reads only; after any call of the pool, also one that failed.

#include "pool/pool_impl.hpp"

#include <flux/inspect.hpp>

#include <array>
#include <chrono>

namespace flux {
namespace {

RangeView rangeOf(const Placement& place) {
  return {place.chunk, place.offset, place.bytes};
}

/// The oldest snapshot that frames see and that could be named in the moments from `first` to `last`; 0: there is none.
SnapshotNumber holderOf(const FrameGate::Progress& progress, SnapshotNumber first, SnapshotNumber last) {
  SnapshotNumber oldest = 0;
  for (const SnapshotNumber held : std::span(progress.held).first(progress.heldCount)) {
    if (held >= first && held <= last && (oldest == 0 || held < oldest)) oldest = held;
  }
  return oldest;
}

}  // namespace

void Pool::Impl::inspect(PoolVisitor& visitor) const {
  inspectFrames(visitor);
  inspectChunks(visitor);
  inspectBlocks(visitor);
  inspectRetired(visitor);
  inspectMirrors(visitor);
}

void Pool::Impl::inspectFrames(PoolVisitor& visitor) const {
  std::vector<OpenFrame> open;
  gate_.openFrames(std::chrono::steady_clock::time_point::max(), std::chrono::steady_clock::now(), open);
  for (const OpenFrame& frame : open) visitor.openFrame(frame);
}

void Pool::Impl::inspectChunks(PoolVisitor& visitor) const {
  chunks_.forEach([&](ChunkIndex index, const ChunkInfo& info) {
    ChunkView view{.index = index, .bytes = info.bytes, .madeInStep = chunks_.madeIn(index)};
    for (const Lifetime lifetime : {Lifetime::Streaming, Lifetime::LongLived}) {
      const ChunkSpace& chunkSpace = space(lifetime);
      if (!chunkSpace.contains(index)) continue;
      view.lifetime = lifetime;
      view.dedicated = chunkSpace.dedicated(index);
      view.inService = !chunkSpace.retired(index);
      view.freeBytes = chunkSpace.freeBytes(index);
      view.ranges = chunkSpace.liveRanges(index);
    }
    visitor.chunk(view);
  });
}

void Pool::Impl::inspectBlocks(PoolVisitor& visitor) const {
  const std::uint64_t newestFrame = gate_.progress().newestFrame;
  for (std::uint32_t i = 0; i < blocks_.size(); ++i) {
    if (blocks_[i].live) visitor.block(viewOf(i, newestFrame));
  }
}

std::optional<BlockView> Pool::Impl::inspect(BlockHandle handle) const {
  if (find(handle) == nullptr) return std::nullopt;
  return viewOf(handle.index, gate_.progress().newestFrame);
}

BlockView Pool::Impl::viewOf(std::uint32_t index, std::uint64_t newestFrame) const {
  const Block& block = blocks_[index];
  const ColdRecord& cold = ring_.cold(index);
  BlockView view{.block = {index, block.generation},
                 .name = block.name.data(),
                 .tag = block.tag,
                 .lifetime = block.lifetime,
                 .state = ring_.hot(index).state(),
                 .evicted = block.absent,
                 .liveBytes = block.liveBytes,
                 .version = cold.version,
                 .requestedVersion = block.requested,
                 .owners = block.owners,
                 .pins = block.pins,
                 .changedInStep = block.changedStep,
                 .fallback = cold.fallback,
                 .userData = cold.userData,
                 .parts = {cold.layout->parts, cold.layout->partCount}};
  if (const std::uint32_t used = ring_.usage().lastUsed(index); used != 0) {
    view.framesSinceUse = static_cast<std::uint32_t>(newestFrame) - used;
  }
  if (block.place.range) view.place = rangeOf(block.place);
  if (const Relocation* relocation = block.relocation) {
    MoveView& move = view.move.emplace();
    move.to = rangeOf(relocation->to);
    move.inGaps = relocation->inGaps();
    move.version = relocation->version;
    for (const Transfer& transfer : relocation->transfers) move.gatheredBytes += transfer.done;
    move.allBytes = relocation->transferBytes;
    move.submitted = relocation->recorded;
    if (relocation->lastBatch > completed(kCopyQueue)) move.copyValue = relocation->lastBatch;
  }
  if (!block.edits.empty()) {
    EditsView& edits = view.edits.emplace();
    edits.parts = static_cast<std::uint32_t>(block.edits.size());
    for (const Edit& edit : block.edits) edits.bytes += edit.ranges.keptBytes();
    edits.inPlace = onlyInPlace(block);
  }
  if (block.parts != nullptr) {
    const AllocationMap& map = newestMap(block);
    view.gaps = {map.freeBytes(), map.largestGap(), map.fragmentation(), block.parts->shared.has_value()};
  }
  return view;
}

/// Ranges of chunks, and ranges inside blocks; what takes no device memory is left out.
void Pool::Impl::inspectRetired(PoolVisitor& visitor) const {
  const FrameGate::Progress progress = gate_.progress();
  const auto queueCompleted = [this](QueueId queue) { return completed(queue); };
  std::array<QueueWaitView, kMaxQueues> queues;
  retirement_.forEach([&](const Retired& item, const Retirement<Retired>::Wait& wait) {
    RetiredView view;
    if (const auto* range = std::get_if<RetiredRange>(&item)) {
      view.range = rangeOf(range->place);
      view.lifetime = range->lifetime;
    } else if (const auto* part = std::get_if<RetiredPart>(&item)) {
      view.block = part->block;
      view.range = {{}, part->offset, part->bytes};
    } else {
      return;
    }
    if (wait.lastUse == nullptr) {
      view.snapshot = wait.heldBy != 0 ? wait.heldBy : holderOf(progress, wait.first, wait.last);
      if (view.snapshot != 0) {
        view.waitsFor = WaitsFor::Frames;
      } else if (wait.last >= progress.published) {
        view.waitsFor = WaitsFor::Publish;
      }
    } else if (firstBehind(*wait.lastUse, queueCompleted)) {
      view.waitsFor = WaitsFor::Queues;
      std::size_t behind = 0;
      for (std::uint32_t q = 0; q < kMaxQueues; ++q) {
        const TimelineValue value = (*wait.lastUse)[q];
        if (value == 0 || completed(QueueId{q}) >= value) continue;
        queues[behind++] = {{QueueId{q}, value}, completed(QueueId{q})};
      }
      view.queues = {queues.data(), behind};
    }
    visitor.retired(view);
  });
}

void Pool::Impl::inspectMirrors(PoolVisitor& visitor) const {
  for (std::uint32_t i = 0; mirrors_ != nullptr && i < mirrors_->most(); ++i) {
    const std::optional<Placement>& place = mirrors_->placeOf(i);
    if (place) visitor.mirror({i, rangeOf(*place), mirrors_->isFree(i), mirrors_->snapshotOf(i)});
    // Nobody reads there yet.
    if (const auto& next = mirrors_->nextPlaceOf(i)) visitor.mirror({i, rangeOf(*next), true, 0});
  }
}

}  // namespace flux
