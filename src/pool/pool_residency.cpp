// Blocks that leave the device, and come back. A block that is not there is Absent, with everything else that it has:
// handle, layout, parts, fallback. Its bytes have a *home*: a shadow, a source that can be asked again, or a copy in
// the store, which is read back before the place is given up. It comes back as it came first, to a new place.

#include "base/heap_copy.hpp"
#include "pool/pool_impl.hpp"

#include <flux/assert.hpp>

#include <algorithm>
#include <utility>

namespace flux {

// ---- Where the bytes are -----------------------------------------------------------------------------------

/// Null, if the part's bytes are on the device alone.
const Source* Pool::Impl::homeOf(const Block& block, std::uint32_t index, PartId part) const {
  if (block.kept) {
    const Shadows::Shadow* const shadow = shadows_.find({index, part});
    if (shadow != nullptr && !shadow->stale) return &shadow->source;
  }
  return store_.find(index, part);
}

/// Contents go to the device; from now on the part comes from them again, or from nowhere.
void Pool::Impl::noteContents(std::uint32_t index, PartId part, std::uint32_t bytes, EditRanges& ranges) {
  if (!desc_.evicts) return;
  const std::span<const EditRanges::Range> all = ranges.ranges();
  if (all.size() == 1 && all[0].bytes == bytes) {
    const EditContents& contents = ranges.contents(all[0]);
    if (contents.source.isLasting() && contents.begins == 0) return store_.keep(index, part, contents.source);
  }
  store_.drop(index, part);
}

/// What is not on the device lies under what waits for the part.
void Pool::Impl::bringHome(const Block& block, std::uint32_t index, PartId part, std::uint32_t bytes,
                           EditRanges& ranges) {
  if (ranges.coverAll(bytes)) return noteContents(index, part, bytes, ranges);
  const Source* const home = homeOf(block, index, part);
  FLUX_ASSERT(home != nullptr, "a block that is not on the device has its bytes somewhere else");
  if (home == nullptr) return;
  EditRanges all;
  all.add(0, bytes, {*home, 0, block.where});
  const bool changes = !ranges.empty();
  all.add(ranges);
  ranges = std::move(all);
  if (changes) store_.drop(index, part);
}

namespace {

/// Bytes for the store: the copy that the producer has made, or what stays anyway, or a copy.
Source storedBytes(const PartDesc& part, const SentPart* sent) {
  const std::span<const std::byte> data = part.source.data();
  if (sent != nullptr && sent->copy != nullptr) return Source::owned(sent->copy, data.size());
  // What waits in the instruction queue's memory would hold it up for as long as the block is away.
  if (part.source.isLater() && (sent == nullptr || !sent->counts)) return part.source;
  return Source::owned(heapCopy(data), data.size());
}

}  // namespace

/// Gives what a new block's parts come from a home. False: the store has no room for it.
bool Pool::Impl::keepAtHome(BlockHandle handle, std::span<const PartDesc> parts, const InstructionContents* queued) {
  const auto stored = [queued](const PartDesc& part) {
    return !part.kept && !part.source.data().empty() && (queued != nullptr || !part.source.isLater());
  };
  ByteCount bytes = 0;
  for (const PartDesc& part : parts) bytes += stored(part) ? part.bytes : 0;
  if (!store_.fitsNew(bytes)) return false;
  store_.reserve(bytes);
  for (std::uint32_t i = 0; i < parts.size(); ++i) {
    const PartDesc& part = parts[i];
    if (part.kept) continue;
    if (!stored(part)) {
      store_.keep(handle.index, PartId{i}, part.source);
      continue;
    }
    const bool known = queued != nullptr && !queued->sent.empty();
    store_.keep(handle.index, PartId{i}, storedBytes(part, known ? &queued->sent[i] : nullptr), part.bytes);
  }
  return true;
}

// ---- Leaving -----------------------------------------------------------------------------------------------

bool Pool::Impl::mayLeave(const Block& block, std::uint64_t step, bool forced) const {
  const bool moves = block.relocation != nullptr && block.relocation->moves;  // which is given up
  const bool waits = !block.edits.empty() && (!forced || onlyInPlace(block));
  return block.live && block.place.range && (block.relocation == nullptr || moves) && !waits && block.pins == 0 &&
         block.leaving == 0 && !isLongLived(block) && block.changedStep + residency_.policy().settledSteps <= step;
}

/// Those that have no home. None: the block cannot leave, because what the device has written there is read back when
/// the application says after which work.
std::optional<std::vector<Pool::Impl::LeavingPart>> Pool::Impl::partsToReadBack(const Block& block,
                                                                                std::uint32_t index) const {
  const BlockLayout& layout = *ring_.cold(index).layout;
  std::vector<LeavingPart> parts;
  for (std::uint32_t i = 0; i < layout.partCount; ++i) {
    const PartPlacement& part = layout.parts[i];
    const PartId id = makePartId(i, part.generation);
    if (part.sizeBytes == 0 || homeOf(block, index, id) != nullptr) continue;
    if (block.kept && shadows_.has({index, id})) return std::nullopt;
    parts.push_back({id, part.sizeBytes, nullptr, {}});
  }
  return parts;
}

/// The block's place is given up. REQUIRES: all its bytes have a home.
void Pool::Impl::evict(Block& block, std::uint32_t index, StepReport& report) {
  ++report.evictions;
  report.evictedBytes += block.place.bytes;
  tags_.evicted(block.tag, block.place.bytes);
  retirePlace(block);
  block.place = {};
  block.absent = true;
  block.lifetime = Lifetime::Streaming;
  store_.makeNeeded(index);
  ring_.edit(index).hot = HotRecord::without(block.generation, BlockState::Absent);
  if (block.parts == nullptr) return;
  for (Edit& edit : block.edits) edit.offset.reset();
  block.parts->map = AllocationMap{};
  if (block.parts->shared) offerGaps(block);
}

ByteCount Pool::Impl::bytesOf(std::span<const LeavingPart> parts) {
  ByteCount bytes = 0;
  for (const LeavingPart& part : parts) bytes += part.bytes;
  return bytes;
}

/// At once, or as soon as its bytes have been read back. False: it cannot leave.
bool Pool::Impl::beginLeaving(Block& block, std::uint32_t index, bool forced, StepReport& report) {
  std::optional<std::vector<LeavingPart>> parts = partsToReadBack(block, index);
  if (!parts) return false;
  if (parts->empty()) {
    evict(block, index, report);
    return true;
  }
  Leaving leaving;
  leaving.parts = std::move(*parts);
  const ByteCount missing = bytesOf(leaving.parts);
  if (!store_.fits(missing + store_.spareBytes(index))) return false;  // its own copies make no room
  store_.makeNeeded(index);
  store_.reserve(missing);
  leaving.block = {index, block.generation};
  leaving.placeBytes = block.place.bytes;
  leaving.step = steps_;
  leaving.forced = forced;
  for (LeavingPart& part : leaving.parts) {
    part.copy.reset(new std::byte[part.bytes]);
    for (ByteOffset at = 0; at < part.bytes; at += desc_.stagingPageBytes) {
      const ByteCount bytes = std::min(part.bytes - at, desc_.stagingPageBytes);
      Result<Readback> read = readBack({leaving.block, part.part, at, bytes, {}}, block.where);
      FLUX_ASSERT(read.has_value(), "a part that is shown can be read back");
      if (read) part.reads.push_back(std::move(*read));
    }
  }
  leavingBytes_ += leaving.placeBytes;
  block.leaving = ++lastLeaving_;
  leaving.number = lastLeaving_;
  leaving_.push_back(std::move(leaving));
  return true;
}

/// Takes what has been read back, so many bytes and those of one page. True: all of it has, or something cannot be.
bool Pool::Impl::takeRead(Leaving& leaving, ByteCount& allowed) const {
  for (LeavingPart& part : leaving.parts) {
    for (; part.taken < part.reads.size(); ++part.taken) {
      Readback& read = part.reads[part.taken];
      if (allowed == 0 || !read.ready()) return false;
      const ByteOffset at = part.taken * desc_.stagingPageBytes;
      const auto to = std::span(part.copy.get(), static_cast<std::size_t>(part.bytes)).subspan(at);
      leaving.failed = !read.take(to);
      if (leaving.failed) return true;
      allowed -= std::min(allowed, part.bytes - at);
    }
  }
  return true;
}

/// Copies to the store what has come back, within an eighth of the quota of evictions: the device is faster than the
/// host's memory. A limit that has fallen leaves no choice.
void Pool::Impl::finishLeaving(const StepQuota& quota, StepReport& report) {
  const ProfileScope profile(desc_.profiler, ProfileZone::Residency);
  constexpr ByteCount kShare = 8;
  ByteCount allowed = evacuation_.underWay() ? quota.evictBytes : quota.evictBytes / kShare;
  for (; !leaving_.empty(); leaving_.pop_front()) {  // in whose order the bytes come
    Leaving& leaving = leaving_.front();
    const Block* const block = find(leaving.block);
    const bool known = block != nullptr && block->leaving == leaving.number;
    if (known && !takeRead(leaving, allowed)) return;
    endLeaving(leaving, report);
  }
}

/// A block that has been drawn, changed, pinned or removed since it began to leave stays.
void Pool::Impl::endLeaving(Leaving& leaving, StepReport& report) {
  const std::uint32_t index = leaving.block.index;
  Block* const block = find(leaving.block);
  const bool known = block != nullptr && block->leaving == leaving.number;
  leavingBytes_ -= leaving.placeBytes;
  if (known) block->leaving = 0;
  const bool goes = known && !leaving.failed && mayLeave(*block, steps_, leaving.forced) &&
                    block->changedStep < leaving.step && (leaving.forced || !drawnLately(index));
  for (LeavingPart& part : leaving.parts) {
    if (goes && partBytes(*block, index, part.part) != 0) {
      store_.keep(index, part.part, Source::owned(std::move(part.copy), static_cast<std::size_t>(part.bytes)),
                  part.bytes);
    } else {
      store_.unreserve(part.bytes);
    }
  }
  // What was at home when it began may not be there any more: a shadow, above all.
  if (const auto missing = goes ? partsToReadBack(*block, index) : std::nullopt; missing && missing->empty()) {
    evict(*block, index, report);
  } else if (known) {
    store_.makeSpare(index);
  }
}

bool Pool::Impl::drawnLately(std::uint32_t index) {
  const auto frame = static_cast<std::uint32_t>(gate_.progress().newestFrame);
  const std::uint32_t age = residency_.age(index, ring_.usage().lastUsed(index), frame);
  return seen(RecordKind::VictimUsed, age < residency_.policy().idleFrames ? 1 : 0) != 0;
}

// ---- Coming back -------------------------------------------------------------------------------------------

/// A block that is not on the device is to come back; `lasts`: however long that takes.
void Pool::Impl::want(Block& block, std::uint32_t index, Priority priority, bool lasts) {
  if (!block.absent) return;
  const auto wanted = static_cast<std::uint8_t>(priority);
  if (!block.wantedForGood) block.wantedStep = steps_;
  block.wantedForGood = block.wantedForGood || lasts;
  if (wanted <= block.wanted) return;
  block.wanted = wanted;  // its turn of before is stale from now on
  wanted_[wanted].push_back({index, block.generation});
}

/// Starts as many as the quota is about to copy.
Result<void> Pool::Impl::startRestores(const StepQuota& quota, StepReport& report) {
  const ResidencyPolicy& policy = residency_.policy();
  std::uint32_t refusals = 0;
  Result<void> error;
  for (std::size_t level = wanted_.size(); level-- > 1;) {
    std::deque<BlockHandle>& turns = wanted_[level];
    std::size_t kept = 0;
    std::size_t looked = 0;
    for (; looked < turns.size() && refusals < policy.refusals && error; ++looked) {
      if (relocations_.waitingUploadBytes() >= quota.uploadBytes) break;
      const BlockHandle handle = turns[looked];
      Block* const block = find(handle);
      if (block == nullptr || !block->absent || block->wanted != level) continue;
      if (!block->wantedForGood && block->wantedStep + policy.patienceSteps < steps_) {
        block->wanted = 0;
        continue;
      }
      const bool byUpdate = block->queuedForUpdate;  // that brings it back
      const Result<void> started = byUpdate ? Result<void>{} : startUpdate(*block, handle.index);
      if (started && !byUpdate) continue;
      turns[kept++] = handle;
      if (started) continue;
      ++refusals;
      if (!wantsRoom(started.error())) error = started;
    }
    turns.erase(turns.begin() + static_cast<std::ptrdiff_t>(kept), turns.begin() + static_cast<std::ptrdiff_t>(looked));
    // The others will find no room either; so much is made for all that a step may bring back.
    for (std::size_t i = kept; refusals > 0 && i < std::min<std::size_t>(turns.size(), policy.counted); ++i) {
      if (missingBytes_ >= quota.uploadBytes) break;
      const Block* const block = find(turns[i]);
      if (block != nullptr && block->absent && block->wanted == level) missingBytes_ += block->liveBytes;
    }
    report.wantedBlocks += static_cast<std::uint32_t>(turns.size());
  }
  return error;
}

/// A place for a block that comes back, under the soft limit.
Result<Placement> Pool::Impl::acquireToReturn(const Block& block, const LayoutSize& size) {
  if (!admits(size.bytes)) {
    return Unexpected(makeError(ErrorCode::OutOfBudget, "soft limit", block.where, {size.bytes, 0, softLimitBytes_}));
  }
  return acquireRoomyPlace(block, size);
}

/// Its bytes are on their way.
void Pool::Impl::noteReturn(Block& block, std::uint32_t index) {
  block.absent = false;
  block.returning = true;
  const std::uint8_t wanted = std::exchange(block.wanted, std::uint8_t{0});
  block.wantedForGood = false;
  if (wanted != 0) relocations_.prioritise(*block.relocation, Priority{wanted});
  residency_.touch(index, static_cast<std::uint32_t>(gate_.progress().newestFrame), Priority{wanted});
}

/// Its bytes have arrived.
void Pool::Impl::noteArrival(Block& block, std::uint32_t index, StepReport& report) {
  store_.makeSpare(index);
  residency_.setBytes(index, block.place.bytes);
  if (!std::exchange(block.returning, false)) return;
  ++report.restores;
  ++counters_.restores;
  counters_.restoredBytes += block.place.bytes;
}

/// Nothing will come back, or has to leave.
void Pool::Impl::forgetResidency(Block& block, std::uint32_t index) {
  store_.dropBlock(index);
  residency_.reset(index);
  block.absent = false;
  block.returning = false;
  block.demoted = false;
  block.wantedForGood = false;
  block.wanted = 0;
  block.leaving = 0;
}

}  // namespace flux
