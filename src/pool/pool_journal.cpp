// What the geometry thread learns from outside, as it is or as the journal has it, and what it tells the journal.

#include "base/number_hash.hpp"
#include "pool/pool_impl.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace flux {
namespace {

constexpr std::uint64_t pair(std::uint32_t high, std::uint32_t low) {
  return std::uint64_t{high} << 32U | low;
}

}  // namespace

BlockHandle Pool::Impl::takeHandle() {
  BlockHandle handle;
  const bool taken = handles_.take({&handle, 1}) != 0;
  return unpackedHandle(seen(RecordKind::Handle, taken ? packed(handle) : 0));
}

FrameGate::Progress Pool::Impl::seenProgress() {
  FrameGate::Progress progress = gate_.progress();
  if (journal_ == nullptr) return progress;
  // 0 says that none is held: snapshot 0 may be.
  std::uint32_t held = 0;
  for (std::uint32_t i = 0; i < progress.held.size(); ++i) {
    const std::uint64_t real = i < progress.heldCount ? progress.held[i] + 1 : 0;
    if (const std::uint64_t snapshot = seen(RecordKind::HeldSnapshot, real, i)) progress.held[held++] = snapshot - 1;
  }
  progress.heldCount = held;
  progress.oldestFrame = seen(RecordKind::OldestFrame, progress.oldestFrame);
  progress.newestFrame = seen(RecordKind::NewestFrame, progress.newestFrame);
  for (std::uint32_t q = 0; q < std::min(kMaxQueues, device_.caps().queueCount); ++q) {
    progress.tags[q] = seen(RecordKind::QueueTag, progress.tags[q], q);
  }
  return progress;
}

TimelineValue Pool::Impl::seenCompleted(QueueId queue) {
  const TimelineValue value = completed(queue);
  return lost_ ? value : seen(RecordKind::Completed, value, static_cast<std::uint32_t>(queue));
}

std::chrono::steady_clock::time_point Pool::Impl::seenNow() {
  const auto now = std::chrono::steady_clock::now();
  if (journal_ == nullptr) return now;
  const auto real = std::chrono::duration_cast<std::chrono::nanoseconds>(now.time_since_epoch()).count();
  const auto seenTime = std::chrono::nanoseconds{seen(RecordKind::Now, static_cast<std::uint64_t>(real))};
  return std::chrono::steady_clock::time_point{
      std::chrono::duration_cast<std::chrono::steady_clock::duration>(seenTime)};
}

/// Oldest first. What a player brings has its own things, which nobody else holds.
SharedThing* Pool::Impl::takeDropped() {
  SharedThing* const real = dropped_->take();
  if (journal_ == nullptr) return real;
  std::uint64_t count = 0;
  for (const SharedThing* thing = real; thing != nullptr; thing = thing->next) ++count;
  count = seen(RecordKind::DropCount, count);
  const SharedThing* next = real;
  SharedThing* first = nullptr;
  SharedThing** last = &first;
  for (; count > 0; --count) {
    const BlockHandle block = unpackedHandle(seen(RecordKind::Drop, next != nullptr ? packed(next->desc.block) : 0));
    if (next != nullptr) {
      next = next->next;
      continue;
    }
    ObjectDesc nothing;
    nothing.destroy = [](void*, NativeHandle, bool) {};
    SharedThing* const thing = dropped_->create({.block = block, .object = nothing});
    thing->taken = true;
    *std::exchange(last, &thing->next) = thing;
  }
  return real != nullptr ? real : first;
}

void Pool::Impl::takeMisses() {
  misses_.clear();
  ring_.usage().takeMisses(ring_.count(), [this](std::uint32_t index, Priority priority) {
    misses_.push_back({index, priority});
  });
  if (journal_ == nullptr) return;
  misses_.resize(static_cast<std::size_t>(seen(RecordKind::MissCount, misses_.size())));
  constexpr std::uint64_t kPriorities = 4;
  for (MissedBlock& miss : misses_) {
    const std::uint64_t number =
        seen(RecordKind::Miss, miss.index * kPriorities + static_cast<std::uint64_t>(miss.priority));
    miss = {static_cast<std::uint32_t>(number / kPriorities), static_cast<Priority>(number % kPriorities)};
  }
}

std::optional<Placement> Pool::Impl::takePlace(Lifetime lifetime, ByteCount bytes, ByteCount alignment) {
  const std::optional<Placement> place = space(lifetime).allocate(bytes, alignment);
  if (place && journal_ != nullptr) {
    journal_->did(RecordKind::PlaceTaken, {static_cast<std::uint32_t>(place->chunk), place->offset, place->bytes,
                                           static_cast<std::uint64_t>(lifetime)});
  }
  return place;
}

/// Of what the next snapshot will show otherwise than the last one: each block's place and version, and its first
/// parts. Further parts, and those of a reused index, are told by the places of their copies: layouts, which the
/// publish itself does not read, would have to be fetched from memory. A record has a hash of its own first, so that
/// the processor works on several.
std::uint64_t Pool::Impl::hashOfChanges() const {
  static_assert(kInlineParts == 4);
  NumberHash all;
  for (const std::uint32_t index : ring_.changed()) {
    const HotRecord& hot = ring_.hot(index);
    const PartsRecord& parts = ring_.parts(index);
    const auto part = [&parts](std::size_t i) { return pair(parts.sizeBytes[i], parts.offsetBytes[i]); };
    NumberHash record;
    record.add(mixed(pair(hot.generation, index), pair(hot.offsetUnits, hot.chunkAndState),
                     pair(ring_.cold(index).version, hot.sizeUnits)));
    record.add(mixed(part(0), part(1), part(2)) + part(3));
    all.add(record.value());
  }
  return all.value();
}

void Pool::Impl::noteStep(const StepReport& report) {
  for (const Error& error : errors_) {
    journal_->did(RecordKind::Reported, {static_cast<std::uint64_t>(error.code) + 1, packed(error.handle)},
                  error.resourceName());
  }
  journal_->did(RecordKind::Stepped,
                {report.uploadedBytes, report.copiedBytes, report.relocatedBytes, report.readBackBytes, report.pieces,
                 report.completedBlocks, report.waitingBlocks, report.reclaimedBytes, report.instructions,
                 report.misses, report.evictedBytes, counters_.liveBytes, chunks_.reservedBytes(),
                 retirement_.bytesWaiting(), counters_.blocks, chunks_.count(), stagingBytes()});
}

}  // namespace flux
