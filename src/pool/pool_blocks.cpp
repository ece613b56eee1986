#include "base/fixed_name.hpp"
#include "pool/pool_impl.hpp"

#include <flux/assert.hpp>

#include <algorithm>
#include <utility>

namespace flux {
namespace {

Error invalid(std::string_view what, std::source_location where, ErrorNumbers numbers = {}) {
  return makeError(ErrorCode::InvalidArgument, what, where, numbers);
}

}  // namespace

// ---- Adding ------------------------------------------------------------------------------------------------

Result<BlockHandle> Pool::Impl::add(const BlockDesc& desc, std::source_location where) {
  BlockHandle handle;
  if (handles_.take({&handle, 1}) == 0) {
    return Unexpected(
        named(makeError(ErrorCode::TooManyBlocks, "blocks", {}, {desc_.maxBlocks}), desc.name, {}, where));
  }
  const Result<void> added = addAs(handle, desc, where);
  if (added) return handle;
  handles_.giveBack({&handle, 1});
  return Unexpected(added.error());
}

Result<void> Pool::Impl::addAs(BlockHandle handle, const BlockDesc& desc, std::source_location where) {
  // Everything that can fail comes first; after the place is found nothing fails any more (G8).
  if (desc.parts.empty() || desc.parts.size() > kMaxParts) {
    return Unexpected(named(invalid("parts", where, {desc.parts.size(), kMaxParts}), desc.name, {}, where));
  }
  if (desc.fallback && find(desc.fallback) == nullptr) return Unexpected(staleHandle(desc.fallback, where));

  ByteCount liveBytes = 0;
  for (std::size_t i = 0; i < desc.parts.size(); ++i) {
    const PartDesc& part = desc.parts[i];
    if (part.bytes == 0 || !part.source.gives(part.bytes)) {
      return Unexpected(named(invalid("part", where, {i, part.bytes}), desc.name, {}, where));
    }
    requests_[i] = {part.kind, part.bytes};
    liveBytes += part.bytes;
  }
  const std::span<const PartPlacement> used{placements_.data(), desc.parts.size()};
  const std::optional<LayoutSize> size =
      layoutParts({requests_.data(), desc.parts.size()}, device_.caps().partAlignmentBytes, placements_);
  if (!size) {
    return Unexpected(named(makeError(ErrorCode::TooLarge, "block", where, {liveBytes, device_.caps().maxChunkBytes}),
                            desc.name, {}, where));
  }

  const auto fail = [&](const Error& error) { return Unexpected(named(error, desc.name, {}, where)); };
  if (lost_) return fail(makeError(ErrorCode::DeviceLost, "device", where));
  if (!ring_.grow(handle.index + 1)) {
    return fail(makeError(ErrorCode::TooManyBlocks, "blocks", where, {handle.index}));
  }
  if (blocks_.size() <= handle.index) blocks_.resize(handle.index + 1);

  Relocation& relocation = relocations_.create();
  for (std::size_t i = 0; i < desc.parts.size(); ++i) {
    const PartDesc& part = desc.parts[i];
    Transfer& transfer = relocation.transfers.emplace_back();
    transfer.part = PartId{static_cast<std::uint32_t>(i)};
    transfer.offset = placements_[i].offsetBytes;
    transfer.bytes = placements_[i].sizeBytes;
    transfer.source = part.source;
    transfer.where = where;
  }
  const auto giveUp = [&](const Error& error) {
    relocations_.drop(relocation);
    relocations_.recycle(relocation);
    return fail(error);
  };
  for (Transfer& transfer : relocation.transfers) {
    if (transfer.source.isLater()) continue;
    Result<std::vector<StagedBytes>> staged = stageNow(transfer.source);
    if (!staged) return giveUp(staged.error());
    transfer.from = Transfer::From::Staged;
    transfer.staged = std::move(*staged);
    transfer.source = Source::bytes({});
  }
  const Result<Placement> place = acquirePlace(desc.lifetime, size->bytes, size->alignment);
  if (!place) return giveUp(place.error());

  relocation.alignment = size->alignment;
  install(handle, desc, relocation, *place, layouts_.create(used, *size), where);
  counters_.liveBytes += liveBytes;
  blocks_[handle.index].liveBytes = liveBytes;
  notePeaks();
  return {};
}

void Pool::Impl::install(BlockHandle handle, const BlockDesc& desc, Relocation& relocation, const Placement& place,
                         const BlockLayout* layout, std::source_location where) {
  Block& block = blocks_[handle.index];
  block.generation = handle.generation;
  block.live = true;
  block.owners = 1;
  block.pins = 0;
  block.firstNamed = ring_.published() + 1;
  block.layoutFirstNamed = block.firstNamed;
  block.lifetime = desc.lifetime;
  block.requested = 1;
  block.liveBytes = 0;
  block.place = {};
  block.relocation = &relocation;
  block.where = where;
  copyName(block.name, desc.name);

  relocation.block = handle;
  relocation.to = place;
  relocation.version = block.requested;
  relocation.where = where;
  relocations_.enqueue(relocation);

  const SnapshotRing::Edit record = ring_.edit(handle.index);
  record.hot = HotRecord::without(handle.generation, BlockState::Absent);
  record.cold = {.layout = layout, .fallback = desc.fallback, .userData = desc.userData};
  writeInlineParts(handle.index);
  ring_.usage().reset(handle.index);

  ++counters_.blocks;
  ++counters_.blocksAdded;
}

Result<StagedBytes> Pool::Impl::stage(ByteCount bytes, std::source_location where) {
  if (bytes == 0 || bytes > staging_.pageBytes()) {
    return Unexpected(invalid("staged bytes", where, {bytes, staging_.pageBytes()}));
  }
  Result<StagedBytes> staged = staging_.reserveAhead(bytes);
  if (!staged) staged.error().where = where;
  return staged;
}

Result<std::vector<StagedBytes>> Pool::Impl::stageNow(const Source& source) {
  if (source.stagedBytes()) return std::vector{source.stagedBytes()};
  std::vector<StagedBytes> pieces;
  for (std::span<const std::byte> data = source.data(); !data.empty();) {
    const std::size_t size = std::min<std::size_t>(data.size(), staging_.pageBytes());
    Result<StagedBytes> piece = staging_.reserveAhead(size);
    if (!piece) return Unexpected(piece.error());
    std::copy_n(data.begin(), size, piece->bytes().begin());
    pieces.push_back(std::move(*piece));
    data = data.subspan(size);
  }
  return pieces;
}

// ---- Updating and removing ---------------------------------------------------------------------------------

Result<ContentVersion> Pool::Impl::update(BlockHandle handle, std::span<const PartUpdate> parts,
                                          std::source_location where) {
  Block* block = find(handle);
  if (block == nullptr) return Unexpected(staleHandle(handle, where));
  const std::string_view name = block->name.data();
  const auto fail = [&](const Error& error) { return Unexpected(named(error, name, handle, where)); };

  if (lost_) return fail(makeError(ErrorCode::DeviceLost, "device", where));
  if (block->pins > 0) return Unexpected(pinned(*block, handle, where));
  const std::uint32_t partCount =
      block->parts != nullptr ? block->parts->table.count() : ring_.cold(handle.index).layout->partCount;
  if (parts.empty()) return fail(invalid("parts", where));
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const auto part = static_cast<std::uint32_t>(parts[i].part);
    const ByteCount bytes = partBytes(*block, handle.index, parts[i].part);
    if (bytes == 0) return fail(invalid("part", where, {part, partCount}));
    if (!parts[i].source.gives(bytes)) return fail(invalid("part size", where, {parts[i].source.data().size(), bytes}));
    const bool twice = std::any_of(parts.begin(), parts.begin() + static_cast<std::ptrdiff_t>(i),
                                   [&](const PartUpdate& other) { return other.part == parts[i].part; });
    if (twice) return fail(invalid("part given twice", where, {part, 0}));
  }
  if (ring_.hot(handle.index).state() == BlockState::Lost && parts.size() < partCount) {
    return fail(invalid("a lost block needs all its parts", where, {parts.size(), partCount}));
  }

  std::vector<Edit> edits;
  edits.reserve(parts.size());
  for (const PartUpdate& update : parts) {
    Edit edit;
    edit.part = update.part;
    edit.bytes = static_cast<std::uint32_t>(partBytes(*block, handle.index, update.part));
    if (const Result<void> taken = takeContents(edit, update.source, where); !taken) return fail(taken.error());
    edits.push_back(std::move(edit));
  }

  for (Edit& edit : edits) {
    const auto same = std::find_if(block->edits.begin(), block->edits.end(),
                                   [&](const Edit& waiting) { return waiting.part == edit.part; });
    if (same == block->edits.end()) {
      block->edits.push_back(std::move(edit));
    } else {  // superseded before anybody could see it
      same->source = std::move(edit.source);
      same->staged = std::move(edit.staged);
      same->where = where;
    }
  }
  block->where = where;
  queueForUpdate(handle.index);
  ++counters_.blocksUpdated;
  return ++block->requested;
}

Result<void> Pool::Impl::takeContents(Edit& edit, const Source& source, std::source_location where) {
  if (!source.isLater()) {
    Result<std::vector<StagedBytes>> staged = stageNow(source);
    if (!staged) return Unexpected(staged.error());
    edit.staged = std::move(*staged);
  } else {
    edit.source = source;
  }
  edit.where = where;
  return {};
}

void Pool::Impl::queueForUpdate(std::uint32_t index) {
  Block& block = blocks_[index];
  if (block.queuedForUpdate || block.relocation != nullptr || block.edits.empty()) return;
  block.queuedForUpdate = true;
  updateQueue_.push_back(index);
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
    if (!block.relocation->inPlace()) retireDestination(block, block.relocation->to);
    relocations_.drop(*block.relocation);
    block.relocation = nullptr;
  }
  if (block.place.range) retirePlace(block);
  block.edits.clear();
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

void Pool::Impl::retirePlace(const Block& block) {
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
  return {};
}

Result<void> Pool::Impl::release(BlockHandle handle, std::source_location where) {
  Block* block = find(handle);
  if (block == nullptr || block->owners == 0) return Unexpected(staleHandle(handle, where));
  if (--block->owners == 0 && block->pins == 0) removeBlock(*block, handle);
  return {};
}

Result<void> Pool::Impl::pin(BlockHandle handle, std::source_location where) {
  Block* block = find(handle);
  if (block == nullptr) return Unexpected(staleHandle(handle, where));
  ++block->pins;
  return {};
}

Result<void> Pool::Impl::unpin(BlockHandle handle, std::source_location where) {
  Block* block = find(handle);
  if (block == nullptr) return Unexpected(staleHandle(handle, where));
  if (block->pins == 0) return Unexpected(named(invalid("not pinned", where), block->name.data(), handle, where));
  if (--block->pins == 0 && block->owners == 0) removeBlock(*block, handle);
  return {};
}

Result<void> Pool::Impl::request(BlockHandle handle, Priority priority, std::source_location where) {
  Block* block = find(handle);
  if (block == nullptr) return Unexpected(staleHandle(handle, where));
  if (block->relocation != nullptr) relocations_.prioritise(*block->relocation, priority);
  return {};
}

}  // namespace flux
