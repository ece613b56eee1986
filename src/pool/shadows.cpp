#include "pool/shadows.hpp"

#include "base/heap_copy.hpp"

#include <algorithm>
#include <atomic>

namespace flux {
namespace {

void setOwn(Shadows::Shadow& shadow, std::span<const std::byte> bytes) {
  shadow.own = heapCopy(bytes);
  shadow.source = Source::owned(shadow.own, bytes.size());
}

}  // namespace

void Shadows::keep(Key key, const Source& source, bool mayShare) {
  Shadow& shadow = shadows_[key];
  if (source.isLater() && mayShare) {
    shadow.source = source;
  } else {
    setOwn(shadow, source.data());
  }
  bytes_ += source.data().size();
}

const Shadows::Shadow* Shadows::find(Key key) const {
  const auto found = shadows_.find(key);
  return found != shadows_.end() ? &found->second : nullptr;
}

void Shadows::write(Shadow& shadow, ByteOffset offset, std::span<const std::byte> bytes) {
  ++shadow.changes;
  const std::span<const std::byte> all = shadow.source.data();
  if (bytes.size() == all.size()) {
    setOwn(shadow, bytes);
    shadow.stale = false;
    return;
  }
  if (shadow.stale) return;    // it comes back with the rest
  constexpr long kOwners = 2;  // `own` and `source`
  if (shadow.own == nullptr || shadow.own.use_count() > kOwners) setOwn(shadow, all);
  // Whoever had it before has read it for the last time.
  std::atomic_thread_fence(std::memory_order_acquire);
  std::ranges::copy(bytes, shadow.own.get() + offset);
}

void Shadows::drop(Key key) {
  const auto found = shadows_.find(key);
  if (found == shadows_.end()) return;
  bytes_ -= found->second.source.data().size();
  shadows_.erase(found);
}

void Shadows::dropBlock(std::uint32_t index) {
  const auto first = shadows_.lower_bound({index, PartId{0}});
  const auto last = shadows_.lower_bound({index + 1, PartId{0}});
  for (auto each = first; each != last; ++each) bytes_ -= each->second.source.data().size();
  shadows_.erase(first, last);
}

}  // namespace flux
