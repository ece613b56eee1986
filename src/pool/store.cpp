#include "pool/store.hpp"

#include <algorithm>

namespace flux {

void Store::reserve(ByteCount bytes) {
  while (bytes > limitBytes_ - bytes_ && !spares_.empty()) {
    const auto home = homes_.find(spares_.front().block);
    if (home != homes_.end() && home->second.spare == spares_.front().spare) dropCopies(home);
    spares_.pop_front();
  }
  bytes_ += bytes;
}

void Store::keep(std::uint32_t block, PartId part, const Source& source, ByteCount copyBytes) {
  drop(block, part);
  Home& home = homes_[block];
  home.parts.push_back({part, source, copyBytes});
  home.copyBytes += copyBytes;
  if (home.spare != 0) spareBytes_ += copyBytes;
}

const Source* Store::find(std::uint32_t block, PartId part) const {
  const auto home = homes_.find(block);
  if (home == homes_.end()) return nullptr;
  const auto kept = std::ranges::find(home->second.parts, part, &Kept::part);
  return kept != home->second.parts.end() ? &kept->source : nullptr;
}

ByteCount Store::spareBytes(std::uint32_t block) const {
  const auto home = homes_.find(block);
  return home != homes_.end() && home->second.spare != 0 ? home->second.copyBytes : 0;
}

void Store::drop(std::uint32_t block, PartId part) {
  const auto home = homes_.find(block);
  if (home == homes_.end()) return;
  const auto kept = std::ranges::find(home->second.parts, part, &Kept::part);
  if (kept != home->second.parts.end()) forget(home, kept);
  if (home->second.parts.empty()) homes_.erase(home);
}

void Store::dropBlock(std::uint32_t block) {
  const auto home = homes_.find(block);
  if (home == homes_.end()) return;
  while (!home->second.parts.empty()) forget(home, home->second.parts.end() - 1);
  homes_.erase(home);
}

void Store::makeSpare(std::uint32_t block) {
  const auto home = homes_.find(block);
  if (home == homes_.end() || home->second.spare != 0) return;
  std::vector<Kept>& parts = home->second.parts;
  for (auto kept = parts.end(); kept != parts.begin();) {
    --kept;
    if (kept->copyBytes == 0 && !kept->source.isLasting()) forget(home, kept);
  }
  if (home->second.copyBytes != 0) {
    home->second.spare = ++lastSpare_;
    spareBytes_ += home->second.copyBytes;
    spares_.push_back({block, lastSpare_});
  }
  if (parts.empty()) homes_.erase(home);
}

void Store::makeNeeded(std::uint32_t block) {
  const auto home = homes_.find(block);
  if (home == homes_.end() || home->second.spare == 0) return;
  home->second.spare = 0;
  spareBytes_ -= home->second.copyBytes;
  // Turns of blocks that come and go again and again are no longer of use.
  constexpr std::size_t kMostStale = 64;
  if (spares_.size() <= 2 * homes_.size() + kMostStale) return;
  std::erase_if(spares_, [this](const Turn& turn) {
    const auto found = homes_.find(turn.block);
    return found == homes_.end() || found->second.spare != turn.spare;
  });
}

void Store::forget(Homes::iterator home, std::vector<Kept>::iterator kept) {
  bytes_ -= kept->copyBytes;
  home->second.copyBytes -= kept->copyBytes;
  if (home->second.spare != 0) spareBytes_ -= kept->copyBytes;
  home->second.parts.erase(kept);
}

void Store::dropCopies(Homes::iterator home) {
  std::vector<Kept>& parts = home->second.parts;
  for (auto kept = parts.end(); kept != parts.begin();) {
    --kept;
    if (kept->copyBytes != 0) forget(home, kept);
  }
  home->second.spare = 0;
  if (parts.empty()) homes_.erase(home);
}

}  // namespace flux
