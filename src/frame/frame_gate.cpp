#include "frame/frame_gate.hpp"

#include "base/thread_id.hpp"

#include <flux/assert.hpp>

#include <algorithm>

namespace flux {

Frame FrameGate::begin(const char* label) {
  const std::uint64_t thread = currentThreadId();
  const auto now = std::chrono::steady_clock::now();
  const std::lock_guard lock(mutex_);
  FrameRecord* record = unused_;
  if (record != nullptr) {
    unused_ = record->newer;
  } else {
    record = &records_.emplace_back();
  }
  Slot& slot = slots_[publishedSlot_];
  for (auto& value : record->submitted) value.store(0, std::memory_order_relaxed);
  record->wait = {kCopyQueue, slot.copyValue};
  record->submitting = false;
  record->slot = publishedSlot_;
  record->serial = ++newestFrame_;
  record->label = label;
  record->thread = thread;
  record->began = now;
  record->older = newest_;
  record->newer = nullptr;
  (newest_ != nullptr ? newest_->newer : oldest_) = record;
  newest_ = record;
  ++slot.pins;
  if (witness_ != nullptr) witness_->frameBegan(record->serial, label, thread, slot.view.number);
  return Frame(*this, *record, slot.view);
}

// From here on the frame sees the same bytes in all its submissions, so what it waits for is fixed now.
void FrameGate::beginSubmitting(FrameRecord& record) noexcept {
  const std::lock_guard lock(submittingMutex_);
  if (record.submitting) return;
  record.submitting = true;
  record.wait.value = std::max(record.wait.value, overwritten_);
  ++submitting_;
  if (witness_ != nullptr) witness_->frameSubmits(record.serial);
}

bool FrameGate::submitting() const {
  const std::lock_guard lock(submittingMutex_);
  return someSubmit();
}

// The tags have the frame's values before it stops counting as submitting: work that overwrites waits for them.
void FrameGate::end(FrameRecord& record) noexcept {
  const bool submitting = record.submitting;
  merge(record);
  if (!submitting) return;
  const std::lock_guard lock(submittingMutex_);
  --submitting_;
}

void FrameGate::merge(FrameRecord& record) noexcept {
  const std::lock_guard lock(mutex_);
  for (std::uint32_t q = 0; q < kMaxQueues; ++q) {
    tags_[q] = std::max(tags_[q], record.submitted[q].load(std::memory_order_relaxed));
  }
  --slots_[record.slot].pins;
  (record.older != nullptr ? record.older->newer : oldest_) = record.newer;
  (record.newer != nullptr ? record.newer->older : newest_) = record.older;
  record.newer = unused_;
  unused_ = &record;
  if (witness_ != nullptr) tellEnd(record);
}

void FrameGate::tellEnd(const FrameRecord& record) const {
  std::array<QueueValue, kMaxQueues> used;
  std::size_t count = 0;
  for (std::uint32_t q = 0; q < used.size(); ++q) {
    const TimelineValue value = record.submitted[q].load(std::memory_order_relaxed);
    if (value != 0) used[count++] = {QueueId{q}, value};
  }
  witness_->frameEnded(record.serial, std::span(used).first(count));
}

std::uint32_t FrameGate::freeSlots() const {
  const std::lock_guard lock(mutex_);
  return freeSlotsLocked();
}

std::uint32_t FrameGate::freeSlotsLocked() const {
  std::uint32_t free = 0;
  for (std::uint32_t i = 0; i < kSnapshotSlots; ++i) {
    if (i != publishedSlot_ && slots_[i].pins == 0) free |= 1U << i;
  }
  return static_cast<std::uint32_t>(witnessed(witness_, RecordKind::FreeSlots, free));
}

std::uint32_t FrameGate::publish(std::uint32_t slotIndex, const SnapshotView& view, TimelineValue copyValue) {
  const std::lock_guard lock(mutex_);
  Slot& slot = slots_[slotIndex];
  FLUX_ASSERT(slot.pins == 0 && slotIndex != publishedSlot_, "I1: a pinned or published slot is never written");
  FLUX_ASSERT(view.number == slots_[publishedSlot_].view.number + 1, "snapshots are published in order");
  slot.view = view;
  slot.copyValue = copyValue;
  publishedSlot_ = slotIndex;
  return freeSlotsLocked();
}

FrameGate::Progress FrameGate::progress() const {
  const std::lock_guard lock(mutex_);
  Progress progress;
  progress.published = slots_[publishedSlot_].view.number;
  for (std::uint32_t i = 0; i < kSnapshotSlots; ++i) {
    progress.openFrames += slots_[i].pins;
    if (i != publishedSlot_ && slots_[i].pins != 0) progress.held[progress.heldCount++] = slots_[i].view.number;
  }
  progress.tags = tags_;
  progress.newestFrame = newestFrame_;
  if (oldest_ != nullptr) {
    progress.oldestFrame = oldest_->serial;
    progress.oldestBegan = oldest_->began;
  }
  return progress;
}

OpenFrame FrameGate::describe(const FrameRecord& record, std::chrono::steady_clock::time_point now) const {
  return {record.label, record.thread, slots_[record.slot].view.number, now - record.began};
}

std::optional<OpenFrame> FrameGate::oldestFrame(std::chrono::steady_clock::time_point now) const {
  const std::lock_guard lock(mutex_);
  if (oldest_ == nullptr) return std::nullopt;
  return describe(*oldest_, now);
}

void FrameGate::openFrames(std::chrono::steady_clock::time_point limit, std::chrono::steady_clock::time_point now,
                           std::vector<OpenFrame>& out) const {
  const std::lock_guard lock(mutex_);
  for (const FrameRecord* record = oldest_; record != nullptr && record->began < limit; record = record->newer) {
    out.push_back(describe(*record, now));
  }
}

}  // namespace flux
