#include "frame/snapshot_ring.hpp"

#include <flux/assert.hpp>

#include <algorithm>
#include <cstring>

namespace flux {
namespace {

constexpr std::uint32_t kNoSlot = kSnapshotSlots;
constexpr std::uint8_t kChangedBit = 1U << kSnapshotSlots;

constexpr std::uint8_t bitOf(std::uint32_t slot) {
  return static_cast<std::uint8_t>(1U << slot);
}

}  // namespace

SnapshotRing::SnapshotRing(FrameGate& gate, std::uint32_t capacity, const ChunkInfo* chunks)
    : gate_(gate),
      chunks_(chunks),
      usage_(capacity),
      master_(capacity),
      slots_{Slot(capacity), Slot(capacity), Slot(capacity)},
      listed_(capacity),
      isEdited_(capacity) {
  static_assert(kSnapshotSlots == 3, "one initialiser for each slot above");
  FLUX_ASSERT(grow(1), "there is memory for the first records");  // record 0 stays as it is: zero
}

bool SnapshotRing::grow(std::uint32_t count) {
  if (count <= count_) return true;
  if (!master_.commit(count) || !usage_.commit(count) || !listed_.commit(count)) return false;
  if (tracksEdits_ && !isEdited_.commit(count)) return false;
  for (Slot& slot : slots_) {
    if (!slot.columns.commit(count)) return false;
  }
  count_ = count;
  return true;
}

SnapshotRing::Edit SnapshotRing::edit(std::uint32_t index) {
  if ((listed_[index] & kChangedBit) == 0) {
    listed_[index] |= kChangedBit;
    changed_.push_back(index);
  }
  if (tracksEdits_) noteEdit(index);
  return {master_.hot[index], master_.parts[index], master_.cold[index]};
}

void SnapshotRing::trackEdits() {
  tracksEdits_ = true;
  FLUX_ASSERT(isEdited_.commit(count_), "there is memory for the marks of the first records");
}

void SnapshotRing::noteEdit(std::uint32_t index) {
  if (isEdited_[index] != 0) return;
  isEdited_[index] = 1;
  edited_.push_back(index);
}

SnapshotRing::Published SnapshotRing::publish(TimelineValue copyValue, const Place& records) {
  if (changed_.empty()) return {};
  const std::uint32_t slotIndex = chooseSlot();
  if (slotIndex == kNoSlot) return {0, true};

  // From here on nobody can pin the slot: only the published one gains pins.
  const auto changes = static_cast<std::uint32_t>(changed_.size());
  listChanges();
  replay(slotIndex, slots_[slotIndex].behind.size());

  const Columns& slot = slots_[slotIndex].columns;
  const std::uint32_t free = gate_.publish(slotIndex,
                                           {.hot = slot.hot.data(),
                                            .parts = slot.parts.data(),
                                            .cold = slot.cold.data(),
                                            .chunks = chunks_,
                                            .recordCount = count_,
                                            .number = published_ + 1,
                                            .usage = &usage_,
                                            .records = records},
                                           copyValue);
  ++published_;
  catchUp(free, changes);
  return {changes, false};
}

std::uint32_t SnapshotRing::chooseSlot() const {
  const std::uint32_t free = gate_.freeSlots();
  std::uint32_t best = kNoSlot;
  for (std::uint32_t i = 0; i < kSnapshotSlots; ++i) {
    if ((free & bitOf(i)) == 0) continue;
    if (best == kNoSlot || slots_[i].behind.size() < slots_[best].behind.size()) best = i;
  }
  return best;
}

std::size_t SnapshotRing::longestBacklog() const noexcept {
  std::size_t longest = 0;
  for (const Slot& slot : slots_) longest = std::max(longest, slot.behind.size());
  return longest;
}

void SnapshotRing::listChanges() {
  for (const std::uint32_t index : changed_) {
    std::uint8_t& listed = listed_[index];
    for (std::uint32_t i = 0; i < kSnapshotSlots; ++i) {
      if ((listed & bitOf(i)) == 0) slots_[i].behind.push_back(index);
    }
    listed = kChangedBit - 1U;  // in every slot's list
  }
  changed_.clear();
}

void SnapshotRing::catchUp(std::uint32_t free, std::uint32_t changes) {
  for (std::uint32_t i = 0; i < kSnapshotSlots; ++i) {
    if ((free & bitOf(i)) == 0) continue;
    // One more than what each publish adds, so that a slot gets level in time.
    replay(i, std::min<std::size_t>(slots_[i].behind.size(), changes + 1));
  }
}

void SnapshotRing::replay(std::uint32_t slotIndex, std::size_t count) {
  Slot& slot = slots_[slotIndex];
#ifndef NDEBUG
  slot.columns.protect(false);
#endif
  const auto first = slot.behind.end() - static_cast<std::ptrdiff_t>(count);
  for (auto at = first; at != slot.behind.end(); ++at) {
    const std::uint32_t index = *at;
    slot.columns.hot[index] = master_.hot[index];
    slot.columns.parts[index] = master_.parts[index];
    slot.columns.cold[index] = master_.cold[index];
    listed_[index] &= static_cast<std::uint8_t>(~bitOf(slotIndex));
  }
  slot.behind.erase(first, slot.behind.end());
#ifndef NDEBUG
  FLUX_ASSERT(!slot.behind.empty() || equalsMaster(slot.columns), "I8: a slot equals the master after its replay");
  slot.columns.protect(true);
#endif
}

bool SnapshotRing::equalsMaster(const Columns& slot) const {
  const auto same = [this](const auto& a, const auto& b) {
    return std::memcmp(a.data(), b.data(), count_ * sizeof(a[0])) == 0;
  };
  return same(slot.hot, master_.hot) && same(slot.parts, master_.parts) && same(slot.cold, master_.cold);
}

}  // namespace flux
