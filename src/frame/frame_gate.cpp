#include "frame/frame_gate.hpp"

#include <flux/assert.hpp>

#include <algorithm>
#include <mutex>

namespace flux {

Frame FrameGate::begin(const char* label) {
  const std::lock_guard lock(mutex_);
  const auto slotIndex = static_cast<std::uint32_t>(published_ % kSnapshotSlots);
  Slot& slot = slots_[slotIndex];

  FrameRecord* record = freeRecords_;
  if (record != nullptr) {
    freeRecords_ = record->nextFree;
  } else {
    record = &records_.emplace_back();
  }
  for (auto& value : record->submitted) value.store(0, std::memory_order_relaxed);
  record->wait = {kCopyQueue, slot.copyValue};
  record->slot = slotIndex;
  record->label = label;
  ++slot.pins;
  return Frame(*this, *record, slot.view);
}

void FrameGate::end(FrameRecord& record) noexcept {
  const std::lock_guard lock(mutex_);
  for (std::uint32_t q = 0; q < kMaxQueues; ++q) {
    tags_[q] = std::max(tags_[q], record.submitted[q].load(std::memory_order_relaxed));
  }
  --slots_[record.slot].pins;
  record.nextFree = freeRecords_;
  freeRecords_ = &record;
}

bool FrameGate::slotPinned(std::uint32_t slot) const {
  const std::lock_guard lock(mutex_);
  return slots_[slot].pins != 0;
}

void FrameGate::publish(const SnapshotView& view, TimelineValue copyValue) {
  const std::lock_guard lock(mutex_);
  Slot& slot = slots_[view.number % kSnapshotSlots];
  FLUX_ASSERT(slot.pins == 0, "I1: a pinned slot is never written");
  FLUX_ASSERT(view.number == published_ + 1, "snapshots are published in order");
  slot.view = view;
  slot.copyValue = copyValue;
  published_ = view.number;
}

FrameGate::Progress FrameGate::progress() const {
  const std::lock_guard lock(mutex_);
  Progress progress;
  progress.oldestOpen = published_;
  progress.tags = tags_;
  for (const Slot& slot : slots_) {
    if (slot.pins == 0) continue;
    progress.oldestOpen = std::min(progress.oldestOpen, slot.view.number);
    progress.openFrames += slot.pins;
  }
  return progress;
}

Frame& Frame::operator=(Frame&& other) noexcept {
  if (this == &other) return *this;
  end();
  view_ = std::exchange(other.view_, {});
  gate_ = std::exchange(other.gate_, nullptr);
  record_ = std::exchange(other.record_, nullptr);
  return *this;
}

std::span<const QueueValue> Frame::waits() const noexcept {
  if (record_ == nullptr || record_->wait.value == 0) return {};
  return {&record_->wait, 1};
}

void Frame::submitted(QueueId queue, TimelineValue value) noexcept {
  const auto index = static_cast<std::uint32_t>(queue);
  FLUX_ASSERT(record_ != nullptr, "a submission is reported before its frame ends");
  FLUX_ASSERT(index < kMaxQueues, "a submission names one of the device's queues");
  if (record_ == nullptr || index >= kMaxQueues) return;
  sync::Atomic<TimelineValue>& last = record_->submitted[index];
  TimelineValue seen = last.load(std::memory_order_relaxed);
  // Relaxed suffices: ending the frame needs the frame for itself, which orders it after this call.
  while (seen < value && !last.compare_exchange_weak(seen, value, std::memory_order_relaxed)) {
  }
}

void Frame::end() noexcept {
  if (record_ != nullptr) gate_->end(*record_);
  view_ = {};
  gate_ = nullptr;
  record_ = nullptr;
}

}  // namespace flux
