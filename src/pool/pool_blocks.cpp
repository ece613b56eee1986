#include "base/fixed_name.hpp"
#include "base/rounding.hpp"
#include "pool/pool_impl.hpp"

#include <flux/assert.hpp>

#include <algorithm>
#include <utility>

namespace flux {

// ---- Adding ------------------------------------------------------------------------------------------------

Result<BlockHandle> Pool::Impl::add(const BlockDesc& desc, std::source_location where) {
  const BlockHandle handle = takeHandle();
  if (!handle) {
    return Unexpected(
        named(makeError(ErrorCode::TooManyBlocks, "blocks", {}, {desc_.maxBlocks}), desc.name, {}, where));
  }
  const Result<void> added = addAs(handle, desc, where);
  if (added) return handle;
  handles_.giveBack({&handle, 1});
  return Unexpected(added.error());
}

Result<void> Pool::Impl::addAs(BlockHandle handle, const BlockDesc& desc, std::source_location where,
                               const InstructionContents* queued) {
  // Everything that can fail comes first; after the place is found nothing fails any more (G8).
  if (desc.parts.empty() || desc.parts.size() > kMaxParts) {
    return Unexpected(named(invalid("parts", where, {desc.parts.size(), kMaxParts}), desc.name, {}, where));
  }
  if (desc.fallback && find(desc.fallback) == nullptr) return Unexpected(staleHandle(desc.fallback, where));
  if (!tags_.has(desc.tag)) {
    return Unexpected(named(invalid("tag", where, {static_cast<std::uint64_t>(desc.tag)}), desc.name, {}, where));
  }

  ByteCount liveBytes = 0;
  ByteCount givenBytes = 0;
  for (std::size_t i = 0; i < desc.parts.size(); ++i) {
    const PartDesc& part = desc.parts[i];
    if (part.bytes == 0 || !part.source.gives(part.bytes)) {
      return Unexpected(named(invalid("part", where, {i, part.bytes}), desc.name, {}, where));
    }
    requests_[i] = {part.kind, part.bytes};
    liveBytes += part.bytes;
    if (part.source.isGivenNow()) givenBytes += part.bytes;
  }
  const std::span<const PartPlacement> used{placements_.data(), desc.parts.size()};
  const std::optional<LayoutSize> size =
      layoutParts({requests_.data(), desc.parts.size()}, device_.caps().partAlignmentBytes, placements_);
  if (!size) {
    const Error error = makeError(ErrorCode::TooLarge, "block", where, {liveBytes, device_.caps().maxChunkBytes});
    return Unexpected(refused(error, {desc.lifetime, liveBytes, 1}, desc.name, {}, where));
  }

  const auto fail = [&](const Error& error) { return Unexpected(named(error, desc.name, {}, where)); };
  if (lost_) return fail(makeError(ErrorCode::DeviceLost, "device", where));
  if (const Result<void> kept = checkKept(desc.parts, where); !kept) return fail(kept.error());
  if (const Result<void> grown = growRecords(handle.index, where); !grown) return fail(grown.error());

  Relocation& relocation = relocations_.create();
  const auto giveUp = [&](const Error& error) {
    relocations_.drop(relocation);
    relocations_.recycle(relocation);
    return Unexpected(error);
  };
  const bool direct = givenBytes != 0 && relocations_.writesNow(givenBytes);
  for (std::size_t i = 0; i < desc.parts.size(); ++i) {
    const PartPlacement& part = placements_[i];
    const Source& source = desc.parts[i].source;
    taken_.clear();
    if (direct && source.isGivenNow()) {
      taken_.add(0, part.sizeBytes, {source, 0, where});  // Read when there is a place, but before this call returns.
    } else if (const Result<void> taken = takeContents(taken_, 0, part.sizeBytes, source, where); !taken) {
      return giveUp(named(taken.error(), desc.name, {}, where));
    }
    relocation.add({PartId{static_cast<std::uint32_t>(i)}, part.offsetBytes, part.sizeBytes}, taken_);
  }
  const bool mayWait = desc_.evicts && desc.lifetime == Lifetime::Streaming;
  const Result<Placement> place = !mayWait || admits(size->bytes)
                                      ? acquirePlace(desc.lifetime, size->bytes, size->alignment)
                                      : Unexpected(makeError(ErrorCode::OutOfBudget, "soft limit", where));
  if (!place) {
    if (mayWait && wantsRoom(place.error()) && keepAtHome(handle, desc.parts, queued)) {
      relocations_.drop(relocation);
      relocations_.recycle(relocation);
      install(handle, desc, layouts_.create(used, *size), where);
      blocks_[handle.index].absent = true;
      countParts(handle, desc, liveBytes, queued != nullptr);
      return {};
    }
    if (desc_.evicts && wantsRoom(place.error())) missingBytes_ += size->bytes;
    return giveUp(refused(place.error(), {desc.lifetime, size->bytes, size->alignment}, desc.name, {}, where));
  }

  relocation.alignment = size->alignment;
  relocation.to = *place;
  if (direct) relocations_.writeNow(relocation);
  install(handle, desc, layouts_.create(used, *size), where);
  startFirst(handle, relocation);
  countParts(handle, desc, liveBytes, queued != nullptr);
  return {};
}

void Pool::Impl::countParts(BlockHandle handle, const BlockDesc& desc, ByteCount liveBytes, bool ofQueue) {
  counters_.liveBytes += liveBytes;
  blocks_[handle.index].liveBytes = liveBytes;
  for (std::uint32_t i = 0; i < desc.parts.size(); ++i) {
    const PartDesc& part = desc.parts[i];
    keepPart(handle, PartId{i}, part, ofQueue);
    if (desc_.evicts && part.source.isLasting()) store_.keep(handle.index, PartId{i}, part.source);
  }
  notePeaks();
}

void Pool::Impl::install(BlockHandle handle, const BlockDesc& desc, const BlockLayout* layout,
                         std::source_location where) {
  Block& block = blocks_[handle.index];
  block.generation = handle.generation;
  block.live = true;
  block.owners = 1;
  block.pins = 0;
  block.kept = false;
  block.movable = desc.movable;
  block.queuedForUpdate = false;
  block.queuedForCompaction = false;
  block.firstNamed = ring_.published() + 1;
  block.layoutFirstNamed = block.firstNamed;
  block.lifetime = desc.lifetime;
  block.tag = desc.tag;
  block.requested = 1;
  block.liveBytes = 0;
  block.laterInPlaceBytes = 0;
  block.place = {};
  block.relocation = nullptr;
  block.where = where;
  block.changedStep = steps_;
  copyName(block.name, desc.name);

  const SnapshotRing::Edit record = ring_.edit(handle.index);
  record.hot = HotRecord::without(handle.generation, BlockState::Absent);
  record.cold = {.layout = layout, .fallback = desc.fallback, .userData = desc.userData};
  writeInlineParts(handle.index);
  ring_.usage().reset(handle.index);

  ++counters_.blocks;
  ++counters_.blocksAdded;
}

/// The bytes of a new block are on their way: `relocation`, of which the place and the transfers are set.
void Pool::Impl::startFirst(BlockHandle handle, Relocation& relocation) {
  Block& block = blocks_[handle.index];
  relocation.version = block.requested;
  startRelocation(block, handle.index, relocation);
}

Result<void> Pool::Impl::takeContents(EditRanges& ranges, std::uint32_t offset, std::uint32_t bytes,
                                      const Source& source, std::source_location where) {
  if (!source.isGivenNow()) {
    ranges.add(offset, bytes, {source, offset, where});
    return {};
  }
  for (std::span<const std::byte> data = source.data(); !data.empty();) {
    const std::size_t size = std::min<std::size_t>(data.size(), staging_.pageBytes());
    Result<StagedBytes> piece = staging_.reserveAhead(size);
    if (!piece) return Unexpected(piece.error());
    std::copy_n(data.begin(), size, piece->bytes().begin());
    ranges.add(offset, static_cast<std::uint32_t>(size), {Source::staged(std::move(*piece)), offset, where});
    offset += static_cast<std::uint32_t>(size);
    data = data.subspan(size);
  }
  return {};
}

Result<StagedBytes> Pool::Impl::stage(ByteCount bytes, std::source_location where) {
  Result<StagedBytes> staged = staging_.reserveAhead(bytes);
  if (!staged) staged.error().where = where;
  return staged;
}

// ---- Updating and removing ---------------------------------------------------------------------------------

Result<ContentVersion> Pool::Impl::update(BlockHandle handle, std::span<const PartUpdate> updates,
                                          std::source_location where) {
  Block* block = find(handle);
  if (block == nullptr) return Unexpected(staleHandle(handle, where));
  if (block->pins > 0) return Unexpected(pinned(*block, handle, where));
  const Result<ByteCount> known = nameRanges(*block, handle, updates, where);
  if (!known) return Unexpected(known.error());
  std::vector<Edit> edits;
  if (const Result<void> taken = takeUpdates(*block, handle, updates, edits, where); !taken) {
    return Unexpected(taken.error());
  }
  dropMove(*block);
  mergeEdits(*block, edits, false);
  writeShadows(*block, handle, updates);
  block->where = where;
  queueForUpdate(handle.index);
  ++counters_.blocksUpdated;
  return ++block->requested;
}

Result<void> Pool::Impl::takeUpdates(const Block& block, BlockHandle handle, std::span<const PartUpdate> updates,
                                     std::vector<Edit>& edits, std::source_location where) {
  for (const NamedRange& range : namedRanges_) {
    if (edits.empty() || edits.back().part != range.part) {
      Edit& edit = edits.emplace_back();
      edit.part = range.part;
      edit.bytes = static_cast<std::uint32_t>(partBytes(block, handle.index, range.part));
      edit.where = where;
    }
    const Source& source = updates[range.update].source;
    const Result<void> taken = takeContents(edits.back().ranges, range.offset, range.bytes, source, where);
    if (!taken) return Unexpected(named(taken.error(), block.name.data(), handle, where));
  }
  return {};
}

Result<ByteCount> Pool::Impl::nameRanges(const Block& block, BlockHandle handle, std::span<const PartUpdate> updates,
                                         std::source_location where) {
  const auto refuse = [&](std::string_view what, ErrorNumbers numbers) {
    return Unexpected(named(invalid(what, where, numbers), block.name.data(), handle, where));
  };
  if (lost_) return Unexpected(named(makeError(ErrorCode::DeviceLost, "", where), block.name.data(), handle, where));
  if (updates.empty()) return refuse("parts", {});
  namedRanges_.clear();
  ByteCount allBytes = 0;
  for (std::size_t i = 0; i < updates.size(); ++i) {
    const PartUpdate& update = updates[i];
    const ByteCount size = partBytes(block, handle.index, update.part);
    if (size == 0) return refuse("part", {static_cast<std::uint32_t>(update.part), i});
    if (update.offset >= size || update.bytes > size - update.offset) {
      return refuse("range", {update.offset, update.bytes, size});
    }
    const ByteCount bytes = update.bytes != 0 ? update.bytes : size - update.offset;
    const ByteOffset end = update.offset + bytes;
    if (update.offset % kWordBytes != 0 || (end % kWordBytes != 0 && end != size)) {
      return refuse("range: multiples of 4 bytes", {update.offset, bytes, size});
    }
    if (!update.source.gives(bytes)) return refuse("part size", {update.source.data().size(), bytes});
    if (block.kept && update.source.data().empty() && shadows_.has({handle.index, update.part})) {
      return refuse("a callback of a kept part", {static_cast<std::uint32_t>(update.part), i});
    }
    namedRanges_.push_back(
        {update.part, static_cast<std::uint32_t>(update.offset), static_cast<std::uint32_t>(bytes), i});
    allBytes += bytes;
  }
  std::ranges::sort(namedRanges_, {}, [](const NamedRange& range) { return std::pair{range.part, range.offset}; });
  const auto overlap = std::ranges::adjacent_find(namedRanges_, [](const NamedRange& a, const NamedRange& b) {
    return a.part == b.part && a.offset + a.bytes > b.offset;
  });
  if (overlap != namedRanges_.end()) {
    return refuse("bytes given twice", {static_cast<std::uint32_t>(overlap->part), overlap[1].offset});
  }
  if (ring_.hot(handle.index).state() == BlockState::Lost && allBytes < block.liveBytes) {
    return refuse("a lost block needs all its bytes", {allBytes, block.liveBytes});
  }
  return allBytes;
}

/// What waited already for the same bytes is superseded before anybody could see it.
void Pool::Impl::mergeEdits(Block& block, std::vector<Edit>& edits, bool inPlace) {
  for (Edit& edit : edits) {
    const auto same = std::ranges::find(block.edits, edit.part, &Edit::part);
    if (same == block.edits.end()) {
      edit.inPlace = inPlace;
      block.edits.push_back(std::move(edit));
      continue;
    }
    same->where = edit.where;
    same->inPlace = same->inPlace && inPlace;
    same->ranges.add(edit.ranges);
  }
}

void Pool::Impl::queueForUpdate(std::uint32_t index) {
  Block& block = blocks_[index];
  if (block.queuedForUpdate || block.relocation != nullptr || block.edits.empty()) return;
  block.queuedForUpdate = true;
  (onlyInPlace(block) ? inPlaceQueue_ : updateQueue_).push_back({index, block.generation});
}

Result<void> Pool::Impl::remove(BlockHandle handle, std::source_location where) {
  Block* block = find(handle);
  if (block == nullptr) return Unexpected(staleHandle(handle, where));
  if (block->pins > 0) return Unexpected(pinned(*block, handle, where));
  removeBlock(*block, handle);
  return {};
}

void Pool::Impl::removeBlock(Block& block, BlockHandle handle) {
  if (block.relocation != nullptr) {
    if (!block.relocation->inGaps()) retireDestination(block, block.relocation->to);
    relocations_.drop(*block.relocation);
    block.relocation = nullptr;
  }
  if (block.place.range) retirePlace(block);
  block.edits.clear();
  if (block.kept) shadows_.dropBlock(handle.index);
  if (desc_.evicts) forgetResidency(block, handle.index);
  const bool shared = block.parts != nullptr && block.parts->shared.has_value();
  if (shared) sharedBlocks_.remove(*block.parts->shared);
  block.parts.reset();

  const SnapshotRing::Edit record = ring_.edit(handle.index);
  retire(RetiredLayout{record.cold.layout, shared}, block.layoutFirstNamed);
  retire(handle, block.firstNamed);
  record.hot = HotRecord::without(handle.generation, BlockState::Free);
  record.parts = {};
  record.cold = {};

  block.live = false;
  block.place = {};
  --counters_.blocks;
  ++counters_.blocksRemoved;
  counters_.liveBytes -= block.liveBytes;
}

void Pool::Impl::noteTenant(const Block& block, std::uint32_t index) {
  std::vector<std::uint32_t>& all = tenants(block.lifetime);
  if (all.size() <= block.place.range.index) all.resize(block.place.range.index + 1);
  all[block.place.range.index] = index;
}

void Pool::Impl::retirePlace(const Block& block) {
  tenants(block.lifetime)[block.place.range.index] = 0;
  retire(RetiredRange{block.place, block.lifetime}, block.placeFirstNamed, block.place.bytes);
}

void Pool::Impl::retireDestination(const Block& block, const Placement& to) {
  retirement_.retire(RetiredRange{to, block.lifetime}, 1, 0, relocations_.lastUse(), to.bytes);
}

// ---- Owners and pins ---------------------------------------------------------------------------------------

Result<void> Pool::Impl::retain(BlockHandle handle, std::source_location where) {
  Block* block = find(handle);
  if (block == nullptr) return Unexpected(staleHandle(handle, where));
  ++block->owners;
  if (desc_.evicts) residency_.setOwners(handle.index, block->owners);
  return {};
}

Result<void> Pool::Impl::release(BlockHandle handle, std::source_location where) {
  Block* block = find(handle);
  if (block == nullptr || block->owners == 0) return Unexpected(staleHandle(handle, where));
  if (--block->owners == 0 && block->pins == 0) {
    removeBlock(*block, handle);
  } else if (desc_.evicts) {
    residency_.setOwners(handle.index, block->owners);
  }
  return {};
}

Result<void> Pool::Impl::pin(BlockHandle handle, std::source_location where) {
  Block* block = find(handle);
  if (block == nullptr) return Unexpected(staleHandle(handle, where));
  dropMove(*block);
  ++block->pins;
  noteHeld(*block);
  want(*block, handle.index, Priority::High, true);
  return {};
}

Result<void> Pool::Impl::unpin(BlockHandle handle, std::source_location where) {
  Block* block = find(handle);
  if (block == nullptr) return Unexpected(staleHandle(handle, where));
  if (block->pins == 0) return Unexpected(named(invalid("not pinned", where), block->name.data(), handle, where));
  if (--block->pins != 0) return {};
  if (block->owners == 0) {
    removeBlock(*block, handle);
  } else {
    noteGaps(*block, handle.index);
  }
  return {};
}

Result<void> Pool::Impl::request(BlockHandle handle, Priority priority, std::source_location where) {
  Block* block = find(handle);
  if (block == nullptr) return Unexpected(staleHandle(handle, where));
  if (block->relocation != nullptr) relocations_.prioritise(*block->relocation, priority);
  want(*block, handle.index, priority, true);
  return {};
}

}  // namespace flux
