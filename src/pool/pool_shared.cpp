// Small things that share blocks.

#include "base/rounding.hpp"
#include "pool/pool_impl.hpp"

#include <algorithm>
#include <utility>

namespace flux {
namespace {

/// Shared blocks are at most this part of a chunk, so that several fit in it.
constexpr ByteCount kBlocksOfAChunk = 16;

/// A part may take a place in the table of a shared block if it is at least this part of what the free places have on
/// average: otherwise tiny things would use up the places of a block that larger ones were to fill.
constexpr std::uint64_t kTinyDivisor = 16;

/// What the range allocator keeps for the place of a block.
constexpr std::size_t kRangeNodeBytes = 32;

}  // namespace

Result<SharedPart> Pool::Impl::addShared(const SharedPartDesc& desc, std::source_location where) {
  const auto fail = [&](const Error& error) { return Unexpected(named(error, desc.name, {}, where)); };
  const PartDesc& part = desc.part;
  if (part.bytes == 0 || part.kept || !part.source.gives(part.bytes)) {
    return fail(makeError(ErrorCode::InvalidArgument, "part", where, {0, part.bytes}));
  }
  if (!tags_.has(desc.tag)) {
    return fail(makeError(ErrorCode::InvalidArgument, "tag", where, {static_cast<std::uint64_t>(desc.tag)}));
  }
  const auto& alignments = device_.caps().partAlignmentBytes;
  const PartRequest request{part.kind, part.bytes};
  PartPlacement alone;
  const std::optional<LayoutSize> size = layoutParts({&request, 1}, alignments, {&alone, 1});
  if (!size || space(desc.lifetime).nextChunkBytes(size->bytes, size->alignment) == 0) {
    const Error error = makeError(ErrorCode::TooLarge, "part", where, {part.bytes, device_.caps().maxChunkBytes});
    return Unexpected(refused(error, {desc.lifetime, part.bytes, 1}, desc.name, {}, where));
  }
  if (lost_) return fail(makeError(ErrorCode::DeviceLost, "device", where));

  Edit edit;
  edit.adds = true;
  edit.kind = part.kind;
  edit.bytes = alone.sizeBytes;
  edit.where = where;
  if (const Result<void> taken = takeContents(edit.ranges, 0, edit.bytes, part.source, where); !taken) {
    return fail(taken.error());
  }

  const auto take = [&](std::uint32_t index) {
    const Block& block = blocks_[index];
    const AllocationMap& map = newestMap(block);
    if (!affords(*block.parts, map, size->bytes)) return false;
    edit.offset = newestMap(block).allocate(edit.bytes, size->alignment, newestPlace(block).offset);
    return edit.offset.has_value();
  };
  const std::optional<std::uint32_t> found =
      sharedBlocks_.find({desc.affinity, desc.lifetime, desc.tag}, size->bytes, size->alignment, take);
  if (!found) return addSharedBlock(desc, *size, edit, where);

  Block& block = blocks_[*found];
  dropMove(block);
  edit.part = *block.parts->table.add(part.kind, edit.bytes);
  const SharedPart result{{*found, block.generation}, edit.part};
  block.liveBytes += edit.bytes;
  block.where = where;
  block.edits.push_back(std::move(edit));
  ++block.requested;
  counters_.liveBytes += alone.sizeBytes;
  ++counters_.partsAdded;
  queueForUpdate(*found);
  offerGaps(block);
  notePeaks();
  return result;
}

/// A block whose only part is on its way: until it has arrived the layout shows none.
Result<SharedPart> Pool::Impl::addSharedBlock(const SharedPartDesc& desc, const LayoutSize& size, Edit& edit,
                                              std::source_location where) {
  const BlockHandle handle = takeHandle();
  if (!handle) {
    return Unexpected(
        named(makeError(ErrorCode::TooManyBlocks, "blocks", {}, {desc_.maxBlocks}), desc.name, {}, where));
  }
  const auto giveUp = [&](const Error& error) {
    handles_.giveBack({&handle, 1});
    return Unexpected(error);
  };
  if (const Result<void> grown = growRecords(handle.index, where); !grown) {
    return giveUp(named(grown.error(), desc.name, {}, where));
  }
  const SharedBlocks::Key key{desc.affinity, desc.lifetime, desc.tag};
  const Result<Placement> place = acquireSharedPlace(key, size);
  if (!place) {
    return giveUp(refused(place.error(), {desc.lifetime, size.bytes, size.alignment}, desc.name, {}, where));
  }

  Block& block = blocks_[handle.index];
  block.parts = std::make_unique<LiveParts>();
  LiveParts& live = *block.parts;
  const PartId part = *live.table.add(edit.kind, edit.bytes);

  Relocation& relocation = relocations_.create();
  relocation.partsStandAlone = true;
  relocation.target = AllocationMap(static_cast<std::uint32_t>(place->bytes));
  relocation.target.take(0, edit.bytes);
  relocation.alignment = size.alignment;
  noteContents(handle.index, part, edit.bytes, edit.ranges);
  relocation.add({part, 0, edit.bytes}, edit.ranges);

  const PartPlacement none;
  const BlockLayout* const layout =
      layouts_.create({&none, 1}, {static_cast<std::uint32_t>(place->bytes), size.alignment}, 1);
  BlockDesc blockDesc;
  blockDesc.name = desc.name;
  blockDesc.lifetime = desc.lifetime;
  blockDesc.tag = desc.tag;
  relocation.to = *place;
  install(handle, blockDesc, layout, where);
  startFirst(handle, relocation);
  block.liveBytes = edit.bytes;
  counters_.liveBytes += edit.bytes;
  ++counters_.partsAdded;
  live.shared = sharedBlocks_.add(key, handle.index, place->bytes);
  offerGaps(block);
  notePeaks();
  return SharedPart{handle, part};
}

/// A large block where a chunk has room for it, or a smaller one, or a new chunk.
Result<Placement> Pool::Impl::acquireSharedPlace(const SharedBlocks::Key& key, const LayoutSize& size) {
  const ByteCount wanted =
      sharedBlocks_.nextBlockBytes(key, size.bytes, kMaxSharedParts, wholeUnits(desc_.chunkBytes / kBlocksOfAChunk));
  for (ByteCount bytes = wanted; bytes > size.bytes; bytes = wholeUnits(bytes / 2)) {
    if (const std::optional<Placement> place = takePlace(key.lifetime, bytes, size.alignment)) return *place;
  }
  if (const std::optional<Placement> place = takePlace(key.lifetime, size.bytes, size.alignment)) return *place;
  if (const Result<Placement> place = acquirePlace(key.lifetime, wanted, size.alignment)) return place;
  return acquirePlace(key.lifetime, size.bytes, size.alignment);
}

bool Pool::Impl::affords(const LiveParts& parts, const AllocationMap& map, std::uint32_t bytes) {
  const std::uint32_t count = parts.table.count();
  if (count >= kMaxSharedParts || parts.table.parts().size() == kMaxPartIndices) return false;
  return kTinyDivisor * bytes * (kMaxSharedParts - count) >= map.freeBytes();
}

void Pool::Impl::offerGaps(const Block& block) {
  const bool full = block.parts->table.count() >= kMaxSharedParts;
  SharedBlocks::offer(*block.parts->shared, newestPlace(block).bytes, full ? 0 : newestMap(block).largestGap());
}

/// The source of a part that stands alone has failed. A part that was shown keeps its contents.
void Pool::Impl::forgetUnseen(BlockHandle handle, PartId part) {
  Block* const block = find(handle);
  if (block == nullptr) return;
  const PartTable::Part* const found = block->parts->table.find(part);
  if (found == nullptr || found->shown) return;
  forgetPart(*block, part);
  if (block->parts->table.count() == 0) {
    removeBlock(*block, handle);
  } else {
    offerGaps(*block);
  }
}

/// Of a shared block: what is taken, and not by the newest contents of its parts.
ByteCount Pool::Impl::heldBytes(const Block& block) {
  const ByteCount taken = newestPlace(block).bytes - newestMap(block).freeBytes();
  ByteCount newest = 0;
  for (const PartTable::Part& part : block.parts->table.parts()) newest += wholeUnits(part.bytes);
  return taken - std::min(taken, newest);
}

SharedUsage Pool::Impl::sharedUsage() const {
  SharedUsage usage;
  for (std::uint32_t i = 1; i < blocks_.size(); ++i) {
    const Block& block = blocks_[i];
    if (!block.live || block.parts == nullptr || !block.parts->shared) continue;
    const LiveParts& live = *block.parts;
    ++usage.blocks;
    usage.parts += live.table.count();
    usage.liveBytes += block.liveBytes;
    usage.blockBytes += newestPlace(block).bytes;
    usage.heldBytes += heldBytes(block);
    usage.metadataBytes += sizeof(Block) + sizeof(LiveParts) + SharedBlocks::kBlockHeapBytes;
    usage.metadataBytes += live.table.heapBytes() + live.map.heapBytes();
    usage.metadataBytes += block.edits.capacity() * sizeof(Edit);
    usage.metadataBytes += layouts_.costBytes(ring_.cold(i).layout);
    usage.metadataBytes += SnapshotRing::kRecordBytes + kRangeNodeBytes;
  }
  retirement_.forEach([&](const Retired& item, const auto& /*wait*/) {
    const auto* layout = std::get_if<RetiredLayout>(&item);
    if (layout != nullptr && layout->shared) usage.metadataBytes += layouts_.costBytes(layout->layout);
  });
  return usage;
}

}  // namespace flux
