#include "frame/snapshot_ring.hpp"

#include <flux/assert.hpp>

#include <cstring>

namespace flux {

SnapshotRing::SnapshotRing(FrameGate& gate, std::uint32_t capacity, const ChunkInfo* chunks)
    : gate_(gate), chunks_(chunks), master_(capacity), slots_{Columns(capacity), Columns(capacity), Columns(capacity)} {
  static_assert(kSnapshotSlots == 3, "one initialiser for each slot above");
}

bool SnapshotRing::grow(std::uint32_t count) {
  if (count <= count_) return true;
  if (!master_.hot.commit(count) || !master_.cold.commit(count)) return false;
  for (Columns& slot : slots_) {
    if (!slot.hot.commit(count) || !slot.cold.commit(count)) return false;
  }
  listedFor_.resize(count, 0);
  count_ = count;
  return true;
}

SnapshotRing::Edit SnapshotRing::edit(std::uint32_t index) {
  const SnapshotNumber next = published_ + 1;
  if (listedFor_[index] != next) {
    listedFor_[index] = next;
    changed_.push_back(index);
  }
  return {master_.hot[index], master_.cold[index]};
}

SnapshotRing::Published SnapshotRing::publish(TimelineValue copyValue) {
  if (changed_.empty()) return {};
  const SnapshotNumber next = published_ + 1;
  const auto slotIndex = static_cast<std::uint32_t>(next % kSnapshotSlots);
  if (gate_.slotPinned(slotIndex)) return {0, true};

  // From here on nobody can pin the slot: only the published one gains pins.
  lists_[slotIndex].swap(changed_);
  changed_.clear();
  Columns& slot = slots_[slotIndex];
  for (const std::vector<std::uint32_t>& list : lists_) replay(list, slot);
#ifndef NDEBUG
  FLUX_ASSERT(equalsMaster(slot), "I8: a slot equals the master after its replay");
#endif

  gate_.publish({slot.hot.data(), slot.cold.data(), chunks_, count_, next}, copyValue);
  published_ = next;
  return {static_cast<std::uint32_t>(lists_[slotIndex].size()), false};
}

void SnapshotRing::replay(const std::vector<std::uint32_t>& changes, Columns& slot) const {
  for (const std::uint32_t index : changes) {
    slot.hot[index] = master_.hot[index];
    slot.cold[index] = master_.cold[index];
  }
}

bool SnapshotRing::equalsMaster(const Columns& slot) const {
  for (std::uint32_t i = 0; i < count_; ++i) {
    if (std::memcmp(&slot.hot[i], &master_.hot[i], sizeof(HotRecord)) != 0) return false;
    const ColdRecord& a = slot.cold[i];
    const ColdRecord& b = master_.cold[i];
    if (a.layout != b.layout || a.fallback != b.fallback || a.userData != b.userData || a.version != b.version) {
      return false;
    }
  }
  return true;
}

}  // namespace flux
