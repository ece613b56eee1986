#include <flux/frame.hpp>

#include "frame/frame_gate.hpp"
#include "frame/usage_board.hpp"

#include <flux/assert.hpp>

namespace flux {
namespace {

/// A fallback may have one of its own (coarser and coarser levels); the bound only guards against a cycle.
constexpr int kMaxFallbackHops = 8;

}  // namespace

Frame& Frame::operator=(Frame&& other) noexcept {
  if (this == &other) return *this;
  end();
  view_ = std::exchange(other.view_, {});
  gate_ = std::exchange(other.gate_, nullptr);
  record_ = std::exchange(other.record_, nullptr);
  return *this;
}

bool Frame::names(BlockHandle handle) const noexcept {
  return handle.index < view_.recordCount && view_.hot[handle.index].belongsTo(handle.generation);
}

Frame::Resolved Frame::resolveAbsent(std::uint32_t index, std::uint32_t generation) const noexcept {
  BlockHandle handle{index, generation};
  if (!names(handle)) return {};
  const FindStatus missing = view_.hot[index].state() == BlockState::Lost ? FindStatus::Lost : FindStatus::Absent;
  for (int hop = 0; hop < kMaxFallbackHops; ++hop) {
    handle = view_.cold[handle.index].fallback;
    if (!names(handle)) break;
    if (view_.hot[handle.index].state() == BlockState::Resident) return {handle.index, FindStatus::Fallback};
  }
  return {0, missing};
}

PartPlacement Frame::furtherPart(std::uint32_t index, std::uint32_t part) const noexcept {
  const BlockLayout* layout = view_.cold[index].layout;
  const PartId id{part};
  if (layout == nullptr || partIndex(id) >= layout->partCount) return {};
  const PartPlacement& place = layout->parts[partIndex(id)];
  return place.generation == partGeneration(id) ? place : PartPlacement{};
}

void Frame::use(BlockHandle handle) const noexcept {
  if (names(handle)) view_.usage->use(handle.index, static_cast<std::uint32_t>(record_->serial));
}

void Frame::miss(BlockHandle handle, Priority priority) const noexcept {
  if (names(handle)) view_.usage->miss(handle.index, priority);
}

std::span<const QueueValue> Frame::waits() const noexcept {
  if (record_ == nullptr) return {};
  gate_->beginSubmitting(*record_);
  if (record_->wait.value == 0) return {};
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
