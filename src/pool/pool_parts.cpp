// Parts that come and go while their block lives, and new versions of parts in gaps of their block.
//
// A part is first in the block's table, with a place taken in the allocation map; then its bytes are copied; then the
// layout that the next snapshot names has it. It goes the other way round: out of the layout and the table at once, out
// of the map when its range has retired.

#include "base/rounding.hpp"
#include "pool/pool_impl.hpp"

#include <flux/assert.hpp>

#include <algorithm>
#include <utility>

namespace flux {
namespace {

/// Of the parts of a block whose parts come and go: room for more, so that the next ones find gaps.
constexpr ByteCount kPartsRoomDivisor = 4;

bool samePlace(const PartPlacement& a, const PartPlacement& b) {
  return a.offsetBytes == b.offsetBytes && a.sizeBytes == b.sizeBytes && a.kind == b.kind &&
         a.generation == b.generation;
}

}  // namespace

// ---- The calls ---------------------------------------------------------------------------------------------

Result<ContentVersion> Pool::Impl::addParts(BlockHandle handle, std::span<const PartDesc> parts, std::span<PartId> ids,
                                            std::source_location where, bool ofQueue) {
  FLUX_ASSERT(ids.size() >= parts.size(), "addParts has a place for each id");
  Block* const block = find(handle);
  if (block == nullptr) return Unexpected(staleHandle(handle, where));
  const std::string_view name = block->name.data();
  const auto fail = [&](const Error& error) { return Unexpected(named(error, name, handle, where)); };

  if (lost_) return fail(makeError(ErrorCode::DeviceLost, "device", where));
  if (parts.empty()) return fail(invalid("parts", where));
  if (block->parts != nullptr && block->parts->shared) return fail(invalid("a shared block", where));
  if (ring_.hot(handle.index).state() == BlockState::Lost) return fail(invalid("a lost block", where));
  dropMove(*block);
  LiveParts& live = liveParts(*block, handle.index);
  if (live.table.count() + parts.size() > kMaxParts) {
    return fail(invalid("parts", where, {live.table.count() + parts.size(), kMaxParts}));
  }
  std::vector<PartRequest> all;
  for (const PartTable::Part& part : live.table.parts()) {
    if (part.bytes != 0) all.push_back({part.kind, part.bytes});
  }
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (parts[i].bytes == 0 || !parts[i].source.gives(parts[i].bytes)) {
      return fail(invalid("part", where, {i, parts[i].bytes}));
    }
    all.push_back({parts[i].kind, parts[i].bytes});
  }
  const std::optional<LayoutSize> size = layoutParts(all, device_.caps().partAlignmentBytes, placements_);
  if (!size || space(block->lifetime).nextChunkBytes(size->bytes, size->alignment) == 0) {
    return fail(makeError(ErrorCode::TooLarge, "block", where, {parts[0].bytes, device_.caps().maxChunkBytes}));
  }
  if (const Result<void> kept = checkKept(parts, where); !kept) return fail(kept.error());
  // A pinned block stays where it is, so it must be known now that what is asked for fits there.
  if (block->pins > 0) {
    const bool moves = block->relocation != nullptr && !block->relocation->inGaps();
    if (moves || std::ranges::any_of(block->edits, [](const Edit& edit) { return !edit.offset; })) {
      return Unexpected(pinned(*block, handle, where));
    }
  }

  std::vector<Edit> edits;
  edits.reserve(parts.size());
  const auto giveUp = [&](const Error& error) {
    for (Edit& edit : edits) dropEdit(*block, edit);
    return Unexpected(error);
  };
  for (const PartDesc& part : parts) {
    Edit edit;
    edit.adds = true;
    edit.kind = part.kind;
    edit.bytes = static_cast<std::uint32_t>(part.bytes);
    edit.where = where;
    if (const Result<void> taken = takeContents(edit.ranges, 0, edit.bytes, part.source, where); !taken) {
      return giveUp(named(taken.error(), name, handle, where));
    }
    const std::optional<PartId> id = live.table.add(part.kind, edit.bytes);
    if (!id) return giveUp(named(makeError(ErrorCode::TooLarge, "part ids", where), name, handle, where));
    edit.part = *id;
    block->liveBytes += edit.bytes;
    counters_.liveBytes += edit.bytes;
    const bool placed = placeEdit(*block, edit);
    edits.push_back(std::move(edit));
    if (!placed && block->pins > 0) return giveUp(pinned(*block, handle, where));
  }

  for (std::size_t i = 0; i < edits.size(); ++i) {
    ids[i] = edits[i].part;
    keepPart(handle, ids[i], parts[i], ofQueue);
    block->edits.push_back(std::move(edits[i]));
  }
  block->where = where;
  queueForUpdate(handle.index);
  ++counters_.blocksUpdated;
  counters_.partsAdded += parts.size();
  notePeaks();
  return ++block->requested;
}

Result<void> Pool::Impl::removeParts(BlockHandle handle, std::span<const PartId> parts, std::source_location where) {
  Block* const block = find(handle);
  if (block == nullptr) return Unexpected(staleHandle(handle, where));
  if (block->pins > 0) return Unexpected(pinned(*block, handle, where));
  const auto fail = [&](const Error& error) { return Unexpected(named(error, block->name.data(), handle, where)); };
  if (parts.empty()) return fail(invalid("parts", where));
  dropMove(*block);
  LiveParts& live = liveParts(*block, handle.index);
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const auto part = static_cast<std::uint32_t>(parts[i]);
    if (live.table.find(parts[i]) == nullptr) return fail(invalid("part", where, {part, live.table.count()}));
    const auto before = parts.first(i);
    if (std::ranges::find(before, parts[i]) != before.end()) return fail(invalid("part given twice", where, {part, 0}));
  }
  counters_.partsRemoved += parts.size();
  if (parts.size() == live.table.count()) {
    removeBlock(*block, handle);
    return {};
  }

  for (const PartId part : parts) {
    if (block->kept) shadows_.drop({handle.index, part});
    if (desc_.evicts) store_.drop(handle.index, part);
    std::erase_if(block->edits, [&](Edit& edit) {
      if (edit.part != part) return false;
      unplaceEdit(*block, edit);
      return true;
    });
    // A part whose bytes are on their way is not shown when they arrive: its id is gone.
    if (block->relocation != nullptr) block->relocation->forget(part);
    if (live.table.find(part)->shown) {
      PartPlacement& place = editLayout(*block, handle.index, 0)[partIndex(part)];
      if (block->place.range) {
        retirePart(*block, handle.index, place.offsetBytes, place.sizeBytes, block->placeFirstNamed, ring_.published());
      }
      place = {};
    }
    forgetPart(*block, part);
  }
  writeInlineParts(handle.index);
  showIfNewest(*block, handle.index);
  if (live.shared) offerGaps(*block);
  return {};
}

// ---- The table and the maps --------------------------------------------------------------------------------

Pool::Impl::LiveParts& Pool::Impl::liveParts(Block& block, std::uint32_t index) {
  if (block.parts != nullptr) return *block.parts;
  block.parts = std::make_unique<LiveParts>();
  LiveParts& live = *block.parts;
  const BlockLayout& layout = *ring_.cold(index).layout;
  if (block.place.range) live.map = AllocationMap(layout.sizeBytes);
  for (std::uint32_t i = 0; i < layout.partCount; ++i) {
    const PartPlacement& place = layout.parts[i];
    const std::optional<PartId> id = live.table.add(place.kind, place.sizeBytes);
    live.table.find(*id)->shown = true;
    if (block.place.range) live.map.take(place.offsetBytes, place.sizeBytes);
  }
  if (block.relocation != nullptr) {  // to another place: nothing has been changed in this one yet
    AllocationMap& target = block.relocation->target;
    target = AllocationMap(static_cast<std::uint32_t>(block.relocation->to.bytes));
    for (const PartTarget& part : block.relocation->parts) target.take(part.offset, part.bytes);
  }
  return live;
}

/// What is asked of it goes to another place: that of its running relocation. A move for room is given up instead.
bool Pool::Impl::leaves(const Block& block) {
  return block.relocation != nullptr && !block.relocation->inGaps() && !block.relocation->moves;
}

AllocationMap& Pool::Impl::newestMap(const Block& block) {
  return leaves(block) ? block.relocation->target : block.parts->map;
}

const Placement& Pool::Impl::newestPlace(const Block& block) {
  return leaves(block) ? block.relocation->to : block.place;
}

bool Pool::Impl::placeEdit(const Block& block, Edit& edit) const {
  const std::uint32_t alignment =
      partAlignment(block.parts->table.find(edit.part)->kind, device_.caps().partAlignmentBytes);
  edit.offset = newestMap(block).allocate(edit.bytes, alignment, newestPlace(block).offset);
  return edit.offset.has_value();
}

void Pool::Impl::unplaceEdit(const Block& block, Edit& edit) {
  if (edit.offset) newestMap(block).free(*edit.offset, edit.bytes);
  edit.offset.reset();
}

void Pool::Impl::dropEdit(Block& block, Edit& edit) {
  unplaceEdit(block, edit);
  if (edit.adds) forgetPart(block, edit.part);
}

/// What waited may have gone with its part: a block that waits for nothing more shows its newest version already.
void Pool::Impl::showIfNewest(const Block& block, std::uint32_t index) {
  if (!block.edits.empty() || block.relocation != nullptr || !block.place.range) return;
  if (ring_.cold(index).version != block.requested) ring_.edit(index).cold.version = block.requested;
}

/// Edits of parts that a failure has taken away since.
void Pool::Impl::dropStaleEdits(Block& block, std::uint32_t index) {
  if (block.parts == nullptr) return;
  std::erase_if(block.edits, [&](Edit& edit) {
    if (block.parts->table.find(edit.part) != nullptr) return false;
    dropEdit(block, edit);
    return true;
  });
  showIfNewest(block, index);
}

void Pool::Impl::forgetPart(Block& block, PartId part) {
  const PartTable::Part* const found = block.parts->table.find(part);
  if (found == nullptr) return;
  block.liveBytes -= found->bytes;
  counters_.liveBytes -= found->bytes;
  block.parts->table.remove(part);
}

ByteCount Pool::Impl::partBytes(const Block& block, std::uint32_t index, PartId part) const {
  if (block.parts != nullptr) {
    const PartTable::Part* const found = block.parts->table.find(part);
    return found != nullptr ? found->bytes : 0;
  }
  const BlockLayout& layout = *ring_.cold(index).layout;
  const auto number = static_cast<std::uint32_t>(part);
  return number < layout.partCount ? layout.parts[number].sizeBytes : 0;
}

// ---- The layout that the next snapshot names ---------------------------------------------------------------

std::span<PartPlacement> Pool::Impl::editLayout(Block& block, std::uint32_t index, std::uint32_t count) {
  const BlockLayout* const layout = ring_.cold(index).layout;
  count = std::max(count, layout->partCount);
  const bool named = block.layoutFirstNamed <= ring_.published();
  if (!named) {
    if (const std::span<PartPlacement> places = layouts_.edit(layout, count); !places.empty()) return places;
  }
  const BlockLayout* const copy =
      layouts_.create({layout->parts, layout->partCount}, {layout->sizeBytes, layout->alignmentBytes}, count);
  if (named) {
    retire(RetiredLayout{layout, block.parts->shared.has_value()}, block.layoutFirstNamed);
  } else {
    layouts_.release(layout);
  }
  block.layoutFirstNamed = ring_.published() + 1;
  ring_.edit(index).cold.layout = copy;
  return layouts_.edit(copy, count);
}

void Pool::Impl::writeInlineParts(std::uint32_t index) {
  const SnapshotRing::Edit record = ring_.edit(index);
  const BlockLayout& layout = *record.cold.layout;
  record.parts = {};
  record.cold.kinds = {};
  for (std::uint32_t i = 0; i < std::min(layout.partCount, kInlineParts); ++i) {
    if (layout.parts[i].generation != 0) continue;
    record.parts.offsetBytes[i] = layout.parts[i].offsetBytes;
    record.parts.sizeBytes[i] = layout.parts[i].sizeBytes;
    record.cold.kinds[i] = layout.parts[i].kind;
  }
}

/// The bytes have arrived: what still has its part is shown from the next snapshot on.
void Pool::Impl::showArrived(Block& block, const Relocation& relocation) {
  const std::uint32_t index = relocation.block.index;
  LiveParts& live = *block.parts;
  const auto room = static_cast<std::uint32_t>(live.table.parts().size());
  bool changed = false;
  if (!relocation.inGaps()) {
    const LayoutSize size{static_cast<std::uint32_t>(relocation.to.bytes), relocation.alignment};
    const BlockLayout& layout = *ring_.cold(index).layout;
    if (layout.sizeBytes != size.bytes || layout.alignmentBytes != size.alignment) {
      (void)editLayout(block, index, room);
      layouts_.setSize(ring_.cold(index).layout, size);
      changed = true;
    }
  }
  for (const PartTarget& target : relocation.parts) {
    PartTable::Part* const part = live.table.find(target.part);
    if (part == nullptr || target.failed) {  // nobody has ever named the place, and the copies are done
      device_.rangeReclaimed(block.place.chunk, block.place.offset + target.offset, wholeUnits(target.bytes));
      live.map.free(target.offset, target.bytes);
      continue;
    }
    const std::uint32_t at = partIndex(target.part);
    const BlockLayout& layout = *ring_.cold(index).layout;
    const PartPlacement wanted{target.offset, target.bytes, part->kind, part->generation};
    if (at < layout.partCount && samePlace(layout.parts[at], wanted)) continue;
    PartPlacement& place = editLayout(block, index, room)[at];
    if (relocation.inGaps() && part->shown) {
      retirePart(block, index, place.offsetBytes, place.sizeBytes, block.placeFirstNamed, ring_.published());
    }
    place = wanted;
    part->shown = true;
    changed = true;
  }
  if (changed) writeInlineParts(index);
  if (live.shared) offerGaps(block);
}

// ---- Starting and failing ----------------------------------------------------------------------------------

/// If gaps take all that waits. Then the parts that do not change are not touched.
bool Pool::Impl::startInGaps(Block& block, std::uint32_t index) {
  if (!block.place.range) return false;
  if (block.parts == nullptr) {
    const BlockLayout& layout = *ring_.cold(index).layout;
    std::uint64_t needed = 0;
    for (std::uint32_t i = 0; i < layout.partCount; ++i) needed += wholeUnits(layout.parts[i].sizeBytes);
    for (const Edit& edit : block.edits) needed += wholeUnits(edit.bytes);
    if (needed > layout.sizeBytes) return false;
  }
  (void)liveParts(block, index);
  const bool fit = std::ranges::all_of(block.edits, [&](Edit& edit) { return edit.offset || placeEdit(block, edit); });
  if (!fit) {
    for (Edit& edit : block.edits) unplaceEdit(block, edit);
    return false;
  }
  Relocation& relocation = relocations_.create();
  relocation.to = block.place;
  relocation.version = block.requested;
  relocation.partsStandAlone = block.parts->shared.has_value();
  std::vector<Edit> edits = std::move(block.edits);  // and with them the memory for so many
  const BlockLayout& layout = *ring_.cold(index).layout;
  for (Edit& edit : edits) {
    const std::uint32_t oldOffset = edit.adds ? 0 : layout.parts[partIndex(edit.part)].offsetBytes;
    noteContents(index, edit.part, edit.bytes, edit.ranges);
    relocation.add({edit.part, *edit.offset, edit.bytes}, edit.ranges, oldOffset);
  }
  startRelocation(block, index, relocation);
  return true;
}

/// To a new place, with all that waits and all that does not change. A shared block moves with what it has, and what
/// waits gets gaps there: so a source that fails cannot keep others from moving.
Result<void> Pool::Impl::startMove(Block& block, std::uint32_t index) {
  const bool shared = block.parts != nullptr && block.parts->shared.has_value();
  const BlockLayout& layout = *ring_.cold(index).layout;
  // By part index, as the layout; contents that wait for parts of a shared block come in addition, behind.
  std::vector<PartPlacement> parts(layout.parts, layout.parts + layout.partCount);
  if (block.parts != nullptr) parts.resize(std::max(parts.size(), block.parts->table.parts().size()));
  std::vector<Edit*> edits(parts.size());
  for (Edit& edit : block.edits) {
    unplaceEdit(block, edit);
    const std::size_t at = shared && !edit.adds ? parts.size() : partIndex(edit.part);
    const PartKind kind = edit.adds ? edit.kind : layout.parts[partIndex(edit.part)].kind;
    if (at == parts.size()) {
      parts.emplace_back();
      edits.emplace_back();
    }
    if (parts[at].sizeBytes == 0) parts[at] = {0, edit.bytes, kind, partGeneration(edit.part)};
    edits[at] = &edit;
  }
  ByteCount wanted = 0;
  for (const Edit& edit : block.edits) wanted += wholeUnits(edit.bytes);
  const bool fitsInTotal = block.place.range && block.parts != nullptr && block.parts->map.freeBytes() >= wanted;
  std::vector<PartMove> moves;
  const std::optional<LayoutSize> size = planCompaction(parts, device_.caps().partAlignmentBytes, moves);
  FLUX_ASSERT(size.has_value(), "a block's parts fit in a block");
  const auto keeps = [&](const PartMove& move) {
    Edit* const edit = edits[partIndex(move.part)];
    return edit == nullptr || !edit->ranges.coverAll(edit->bytes);
  };
  if (!block.place.range && !block.absent && std::ranges::any_of(moves, keeps)) {
    loseEdits(block, index);
    return {};
  }
  const BlockHandle handle{index, block.generation};
  const Result<Placement> place = block.absent ? acquireToReturn(block, *size) : acquireRoomyPlace(block, *size);
  if (!place) {
    if (wantsRoom(place.error())) missingBytes_ += size->bytes;
    if (block.absent) {  // it waits for its turn
      const ChunkSpace& chunkSpace = space(block.lifetime);
      const bool scattered = admits(size->bytes) && chunkSpace.freeBytes() >= size->bytes;
      if (scattered) defragmenterOf(block.lifetime).noteRefusal(chunkSpace, size->bytes, size->alignment, steps_);
      return Unexpected(place.error());
    }
    const PlaceRequest request{block.lifetime, size->bytes, size->alignment};
    return Unexpected(refused(place.error(), request, block.name.data(), handle, block.where));
  }

  Relocation& relocation = relocations_.create();
  relocation.to = *place;
  relocation.version = shared ? ring_.cold(index).version : block.requested;
  relocation.alignment = size->alignment;
  relocation.partsStandAlone = shared && !block.absent;
  if (block.parts != nullptr) {
    relocation.target = AllocationMap(static_cast<std::uint32_t>(place->bytes));
    relocation.compacts = fitsInTotal;
  }
  for (const PartMove& move : moves) {
    const std::uint32_t at = partIndex(move.part);
    if (block.parts != nullptr) relocation.target.take(move.to, parts[at].sizeBytes);
    if (shared && edits[at] != nullptr) {
      edits[at]->offset = move.to;
      edits[at]->inPlace = false;
      continue;
    }
    EditRanges unchanged;
    EditRanges& ranges = edits[at] != nullptr ? edits[at]->ranges : unchanged;
    if (block.absent) {
      bringHome(block, index, move.part, parts[at].sizeBytes, ranges);
    } else if (!ranges.empty()) {
      noteContents(index, move.part, parts[at].sizeBytes, ranges);
    }
    relocation.add({move.part, move.to, parts[at].sizeBytes}, ranges, move.from);
  }
  if (!shared) block.edits.clear();
  startRelocation(block, index, relocation);
  if (block.absent) noteReturn(block, index);
  if (shared) offerGaps(block);
  return {};
}

/// With room for more parts, where parts have come and gone; exactly as large as it must be if there is no such place.
Result<Placement> Pool::Impl::acquireRoomyPlace(const Block& block, const LayoutSize& size) {
  ByteCount roomy = size.bytes;
  if (block.parts != nullptr) {
    roomy = wholeUnits(roomy + roomy / kPartsRoomDivisor);
    if (block.parts->shared) roomy = std::max(roomy, block.place.bytes);
    if (space(block.lifetime).dedicated(roomy)) roomy = size.bytes;
  }
  if (roomy > size.bytes) {
    if (const Result<Placement> place = acquirePlace(block.lifetime, roomy, size.alignment)) return place;
  }
  return acquirePlace(block.lifetime, size.bytes, size.alignment);
}

void Pool::Impl::startRelocation(Block& block, std::uint32_t index, Relocation& relocation) {
  FLUX_ASSERT(block.relocation == nullptr, "a block has one relocation at a time");
  relocation.block = {index, block.generation};
  relocation.tag = block.tag;
  if (block.place.range) relocation.from = block.place;
  relocation.where = block.where;
  block.relocation = &relocation;
  if (block.edits.empty()) block.laterInPlaceBytes = 0;
  relocations_.enqueue(relocation);
  noteHeld(block);
}

/// A block without bytes cannot be completed by contents for some of its parts.
void Pool::Impl::loseEdits(Block& block, std::uint32_t index) {
  for (Edit& edit : block.edits) {
    errors_.push_back(named(makeError(ErrorCode::SourceFailed, "", edit.where), block.name.data(),
                            {index, block.generation}, edit.where));
    dropEdit(block, edit);
  }
  block.edits.clear();
}

void Pool::Impl::dropFailedParts(Block& block, const Relocation& relocation) {
  LiveParts& live = *block.parts;
  if (!relocation.inGaps()) {
    for (Edit& edit : block.edits) edit.offset.reset();
  }
  for (const PartTarget& target : relocation.parts) {
    // No snapshot has named it, but copies may still be on their way.
    if (relocation.inGaps()) retirePart(block, relocation.block.index, target.offset, target.bytes, 1, 0);
    const PartTable::Part* const part = live.table.find(target.part);
    if (part != nullptr && !part->shown) forgetPart(block, target.part);
  }
}

void Pool::Impl::loseParts(Block& block, BlockHandle handle) {
  LiveParts& live = *block.parts;
  live.map = AllocationMap{};
  for (std::uint32_t i = 0; i < live.table.parts().size(); ++i) {
    const PartTable::Part& part = live.table.parts()[i];
    if (part.bytes != 0 && !part.shown) forgetPart(block, live.table.idAt(i));
  }
  if (live.table.count() == 0) {
    removeBlock(block, handle);
  } else if (live.shared) {
    offerGaps(block);
  }
}

// ---- Retiring ----------------------------------------------------------------------------------------------

void Pool::Impl::retirePart(const Block& block, std::uint32_t index, std::uint32_t offset, std::uint32_t bytes,
                            SnapshotNumber first, SnapshotNumber last) {
  // The bytes are still the block's: no chunk gets them back, so nothing is counted as retired.
  retirement_.retire(RetiredPart{{index, block.generation}, block.placeNumber, offset, bytes}, first, last,
                     relocations_.lastUse());
}

void Pool::Impl::reclaimPart(const RetiredPart& part) {
  Block* const block = find(part.block);
  if (block == nullptr || !block->place.range || block->placeNumber != part.place) return;
  device_.rangeReclaimed(block->place.chunk, block->place.offset + part.offset, wholeUnits(part.bytes));
  block->parts->map.free(part.offset, part.bytes);
  if (block->parts->shared) offerGaps(*block);
  noteGaps(*block, part.block.index);
}

}  // namespace flux
