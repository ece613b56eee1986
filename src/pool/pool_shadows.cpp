// Copies that the pool keeps on the host: written with every update, brought back after the device has written.

#include "pool/pool_impl.hpp"

#include <algorithm>
#include <utility>

namespace flux {

/// Whether the parts that want to be kept can be.
Result<void> Pool::Impl::checkKept(std::span<const PartDesc> parts, std::source_location where) const {
  ByteCount bytes = 0;
  for (const PartDesc& part : parts) {
    if (!part.kept) continue;
    // What can be asked again needs no copy.
    if (part.source.data().empty()) {
      return Unexpected(makeError(ErrorCode::InvalidArgument, "a callback of a kept part", where));
    }
    bytes += part.bytes;
  }
  if (bytes == 0 || shadows_.fits(bytes)) return {};
  return Unexpected(makeError(ErrorCode::OutOfBudget, "shadows", where,
                              {bytes, 0, shadows_.limitBytes() - shadows_.bytes(), shadows_.limitBytes()}));
}

/// If it wants to be.
void Pool::Impl::keepPart(BlockHandle handle, PartId id, const PartDesc& part, bool ofQueue) {
  if (!part.kept) return;
  blocks_[handle.index].kept = true;
  shadows_.keep({handle.index, id}, part.source, !ofQueue);
}

/// What an update was accepted with.
void Pool::Impl::writeShadows(const Block& block, BlockHandle handle, std::span<const PartUpdate> updates) {
  if (!block.kept) return;
  for (const PartUpdate& update : updates) {
    Shadows::Shadow* const shadow = shadows_.find({handle.index, update.part});
    if (shadow != nullptr) shadows_.write(*shadow, update.offset, update.source.data());
  }
}

Result<Shadows::Shadow*> Pool::Impl::shadowOf(BlockHandle handle, PartId part, std::source_location where) {
  const Block* const block = find(handle);
  if (block == nullptr) return Unexpected(staleHandle(handle, where));
  Shadows::Shadow* const shadow =
      partBytes(*block, handle.index, part) != 0 ? shadows_.find({handle.index, part}) : nullptr;
  if (shadow != nullptr) return shadow;
  return Unexpected(
      named(makeError(ErrorCode::InvalidArgument, "a part that is not kept", where, {static_cast<std::uint32_t>(part)}),
            block->name.data(), handle, where));
}

Result<Source> Pool::Impl::shadow(BlockHandle handle, PartId part, std::source_location where) {
  const Result<Shadows::Shadow*> shadow = shadowOf(handle, part, where);
  if (!shadow) return Unexpected(shadow.error());
  if (!(*shadow)->stale) return (*shadow)->source;
  return Unexpected(named(makeError(ErrorCode::ShadowStale, "", where), find(handle)->name.data(), handle, where));
}

Result<void> Pool::Impl::markWritten(BlockHandle handle, PartId part, QueueValue after, std::source_location where) {
  const Result<Shadows::Shadow*> shadow = shadowOf(handle, part, where);
  if (!shadow) return Unexpected(shadow.error());
  Block& block = *find(handle);
  if (block.absent) {  // the shadow is all that there is
    return Unexpected(named(makeError(ErrorCode::NotResident, "", where), block.name.data(), handle, where));
  }
  dropMove(block);
  block.movable = false;
  (*shadow)->stale = true;
  (*shadow)->written = after;
  ++(*shadow)->changes;
  return {};
}

Result<void> Pool::Impl::refreshShadow(BlockHandle handle, PartId part, std::source_location where) {
  const Result<Shadows::Shadow*> shadow = shadowOf(handle, part, where);
  if (!shadow) return Unexpected(shadow.error());
  if (lost_)
    return Unexpected(named(makeError(ErrorCode::DeviceLost, "", where), find(handle)->name.data(), handle, where));
  (*shadow)->where = where;
  const Shadows::Key key{handle.index, part};
  auto& refreshing = shadows_.refreshing();
  if ((*shadow)->stale && std::ranges::find(refreshing, key) == refreshing.end()) refreshing.push_back(key);
  return {};
}

void Pool::Impl::refreshShadows() {
  std::erase_if(shadows_.refreshing(), [this](const Shadows::Key& key) {
    const Block& block = blocks_[key.first];
    Shadows::Shadow* const shadow = shadows_.find(key);
    if (!block.live || shadow == nullptr || !shadow->stale) return true;
    const Result<bool> done = refreshOne(block, key, *shadow);
    if (!done) {
      errors_.push_back(done.error());
      shadow->reads.clear();
    }
    return !done || *done;
  });
}

/// False: more is on its way.
Result<bool> Pool::Impl::refreshOne(const Block& block, const Shadows::Key& key, Shadows::Shadow& shadow) {
  const ByteCount size = shadow.source.data().size();
  if (shadow.reads.empty()) {
    // What is still on its way to the device would be missing.
    if (block.relocation != nullptr || !block.edits.empty()) return false;
    shadow.into.reset(new std::byte[static_cast<std::size_t>(size)]);
    shadow.changesBefore = shadow.changes;
    for (ByteOffset at = 0; at < size; at += desc_.stagingPageBytes) {
      const ByteCount bytes = std::min(size - at, desc_.stagingPageBytes);
      Result<Readback> read =
          readBack({{key.first, block.generation}, key.second, at, bytes, shadow.written}, shadow.where);
      if (!read) return Unexpected(read.error());
      shadow.reads.emplace_back(at, std::move(*read));
    }
    return false;
  }
  for (; !shadow.reads.empty() && shadow.reads.front().second.ready(); shadow.reads.pop_front()) {
    auto& [at, read] = shadow.reads.front();
    const auto to = std::span(shadow.into.get(), static_cast<std::size_t>(size)).subspan(static_cast<std::size_t>(at));
    if (const Result<ContentVersion> taken = read.take(to, shadow.where); !taken) return Unexpected(taken.error());
  }
  if (!shadow.reads.empty() || shadow.changes != shadow.changesBefore) return false;  // in the latter case once more
  shadow.own = std::exchange(shadow.into, nullptr);
  shadow.source = Source::owned(shadow.own, static_cast<std::size_t>(size));
  shadow.stale = false;
  return true;
}

}  // namespace flux
