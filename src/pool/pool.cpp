#include "pool/pool_impl.hpp"

#include <flux/assert.hpp>

#include <algorithm>
#include <utility>

namespace flux {
namespace {

constexpr std::chrono::seconds kShutdownTimeout{30};
constexpr ByteCount kSmallestChunkBytes = 64 * kKiB;

Error invalid(std::string_view what, std::source_location where, std::array<std::uint64_t, 2> numbers = {}) {
  return makeError(ErrorCode::InvalidArgument, what, where, numbers);
}

Result<void> check(const PoolDesc& desc, const DeviceCaps& caps, std::source_location where) {
  const auto bad = [&](std::string_view field) { return Unexpected(invalid(field, where)); };
  if (desc.chunkBytes < kSmallestChunkBytes || desc.chunkBytes % 256 != 0) return bad("PoolDesc::chunkBytes");
  if (desc.chunkBytes > caps.maxChunkBytes) return bad("PoolDesc::chunkBytes");
  if (desc.firstChunkBytes < kSmallestChunkBytes || desc.firstChunkBytes % 256 != 0)
    return bad("PoolDesc::firstChunkBytes");
  if (desc.longLivedFirstChunkBytes < kSmallestChunkBytes || desc.longLivedFirstChunkBytes % 256 != 0) {
    return bad("PoolDesc::longLivedFirstChunkBytes");
  }
  if (desc.stagingPageBytes < 4 * kKiB || desc.stagingPageBytes % 256 != 0) return bad("PoolDesc::stagingPageBytes");
  if (desc.stagingLimitBytes < desc.stagingPageBytes) return bad("PoolDesc::stagingLimitBytes");
  if (desc.maxBlocks == 0 || desc.maxBlocks > 1U << 24U) return bad("PoolDesc::maxBlocks");
  return {};
}

ChunkSpacePolicy policy(const PoolDesc& desc, const DeviceCaps& caps, ByteCount firstChunkBytes) {
  return {.chunkBytes = desc.chunkBytes,
          .firstChunkBytes = std::min(firstChunkBytes, desc.chunkBytes),
          .maxChunkBytes = std::min(caps.maxChunkBytes, 64 * kGiB - kPlaceUnitBytes),
          .emptySteps = desc.emptyChunkSteps,
          .emptyAge = desc.emptyChunkAge};
}

ByteCount hardLimit(Device& device, const PoolDesc& desc) {
  if (desc.hardLimitBytes != 0) return desc.hardLimitBytes;
  const MemoryBudget budget = device.budget();
  return budget.budgetBytes > budget.usedBytes ? budget.budgetBytes - budget.usedBytes : 0;
}

template <std::size_t N>
void copyName(std::array<char, N>& to, std::string_view from) {
  to = {};
  std::copy_n(from.begin(), std::min(from.size(), N - 1), to.begin());
}

}  // namespace

// ---- The public face -------------------------------------------------------------------------------------

Result<std::unique_ptr<Pool>> Pool::create(Device& device, const PoolDesc& desc, ChunkListener* listener) {
  if (Result<void> checked = check(desc, device.caps(), std::source_location::current()); !checked) {
    return Unexpected(checked.error());
  }
  return std::unique_ptr<Pool>(new Pool(std::make_unique<Impl>(device, desc, listener)));
}

Pool::Pool(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Pool::~Pool() = default;

Result<BlockHandle> Pool::add(const BlockDesc& desc, std::source_location where) {
  return impl_->add(desc, where);
}
Result<ContentVersion> Pool::update(BlockHandle block, std::span<const PartUpdate> parts, std::source_location where) {
  return impl_->update(block, parts, where);
}
Result<void> Pool::remove(BlockHandle block, std::source_location where) {
  return impl_->remove(block, where);
}
Result<StepReport> Pool::step(const StepQuota& quota, std::chrono::steady_clock::time_point now) {
  return impl_->step(quota, now);
}
PublishReport Pool::publish() {
  return impl_->publish();
}
Frame Pool::beginFrame(const char* label) {
  return impl_->beginFrame(label);
}
ContentVersion Pool::requestedVersion(BlockHandle block) const noexcept {
  return impl_->requestedVersion(block);
}
PoolStats Pool::stats() const {
  return impl_->stats();
}
std::string Pool::dump() const {
  return impl_->dump();
}

// ---- Life and death ----------------------------------------------------------------------------------------

Pool::Impl::Impl(Device& device, const PoolDesc& desc, ChunkListener* listener)
    : device_(device),
      desc_(desc),
      hardLimitBytes_(hardLimit(device, desc)),
      chunks_(device, listener),
      ring_(gate_, desc.maxBlocks, chunks_.entries()),
      spaces_{ChunkSpace(policy(desc, device.caps(), desc.firstChunkBytes)),
              ChunkSpace(policy(desc, device.caps(), desc.longLivedFirstChunkBytes))},
      staging_(device, desc.stagingPageBytes, desc.stagingLimitBytes),
      relocations_(device, staging_) {}

Pool::Impl::~Impl() {
  const FrameGate::Progress progress = gate_.progress();
  FLUX_ASSERT(progress.openFrames == 0, "no frame is open when its pool is destroyed");
  // The only waits of the library: everything that may still read or write our memory has to be done. A lost
  // device answers at once, and then nothing reads any more.
  QueueValues lastUse = progress.tags;
  TimelineValue& copies = lastUse[static_cast<std::uint32_t>(kCopyQueue)];
  copies = std::max(copies, relocations_.lastSubmitted());
  for (std::uint32_t q = 0; q < kMaxQueues; ++q) {
    if (lastUse[q] != 0) (void)device_.wait(QueueId{q}, lastUse[q], kShutdownTimeout);
  }
}

const Pool::Impl::Block* Pool::Impl::find(BlockHandle handle) const noexcept {
  if (handle.index >= blocks_.size()) return nullptr;
  const Block& block = blocks_[handle.index];
  return block.live && block.generation == handle.generation ? &block : nullptr;
}

Error Pool::Impl::staleHandle(BlockHandle handle, std::source_location where) const {
  // The name of what lives there now would mislead; the index and the generation tell enough.
  Error error = makeError(ErrorCode::StaleHandle, handle ? "block" : "null handle", where);
  error.handle = handle;
  return error;
}

Error Pool::Impl::named(Error error, std::string_view name, BlockHandle handle, std::source_location where) const {
  Error result = makeError(error.code, name.empty() ? error.resourceName() : name, where, error.numbers);
  result.handle = handle;
  result.nativeCode = error.nativeCode;
  return result;
}

// ---- Adding ------------------------------------------------------------------------------------------------

Result<BlockHandle> Pool::Impl::add(const BlockDesc& desc, std::source_location where) {
  // Everything that can fail comes first; after the place is found nothing fails any more (G8).
  if (desc.parts.empty() || desc.parts.size() > kMaxParts) {
    return Unexpected(named(invalid("parts", where, {desc.parts.size(), kMaxParts}), desc.name, {}, where));
  }
  if (desc.fallback && find(desc.fallback) == nullptr) return Unexpected(staleHandle(desc.fallback, where));

  std::array<PartRequest, kMaxParts> requests;
  std::array<PartPlacement, kMaxParts> placements;
  ByteCount liveBytes = 0;
  for (std::size_t i = 0; i < desc.parts.size(); ++i) {
    const PartDesc& part = desc.parts[i];
    if (part.bytes == 0 || (!part.source.isCallback() && part.source.data().size() != part.bytes)) {
      return Unexpected(named(invalid("part", where, {i, part.bytes}), desc.name, {}, where));
    }
    requests[i] = {part.kind, part.bytes};
    liveBytes += part.bytes;
  }
  const std::span<const PartPlacement> used{placements.data(), desc.parts.size()};
  const std::optional<LayoutSize> size =
      layoutParts({requests.data(), desc.parts.size()}, device_.caps().partAlignmentBytes, placements);
  if (!size) {
    return Unexpected(named(makeError(ErrorCode::TooLarge, "block", where, {liveBytes, device_.caps().maxChunkBytes}),
                            desc.name, {}, where));
  }

  const auto fail = [&](const Error& error) { return Unexpected(named(error, desc.name, {}, where)); };
  const Result<std::uint32_t> index = acquireIndex();
  if (!index) return fail(index.error());

  Relocation& relocation = relocations_.create();
  for (std::size_t i = 0; i < desc.parts.size(); ++i) {
    const PartDesc& part = desc.parts[i];
    Transfer& transfer = relocation.transfers.emplace_back();
    transfer.part = PartId{static_cast<std::uint32_t>(i)};
    transfer.offset = placements[i].offsetBytes;
    transfer.bytes = part.bytes;
    transfer.source = part.source;
  }
  const auto giveUp = [&](const Error& error) {
    relocations_.drop(relocation);  // releases what is staged
    relocations_.recycle(relocation);
    freeIndices_.push_back(*index);
    return fail(error);
  };
  for (Transfer& transfer : relocation.transfers) {
    if (transfer.source.isCallback()) continue;
    Result<std::vector<StagingSpan>> staged = stage(transfer.source.data());
    if (!staged) return giveUp(staged.error());
    transfer.from = Transfer::From::Staged;
    transfer.staged = std::move(*staged);
  }
  const Result<Placement> place = acquirePlace(desc.lifetime, size->bytes, size->alignment);
  if (!place) return giveUp(place.error());

  Block& block = blocks_[*index];
  const BlockHandle handle{*index, block.generation};
  block.live = true;
  block.lifetime = desc.lifetime;
  block.requested = 1;
  block.liveBytes = liveBytes;
  block.place = {};
  block.relocation = &relocation;
  block.where = where;
  copyName(block.name, desc.name);

  relocation.block = handle;
  relocation.to = *place;
  relocation.version = block.requested;
  relocation.where = where;
  relocations_.enqueue(relocation);

  const SnapshotRing::Edit record = ring_.edit(*index);
  record.hot = {.generation = handle.generation, .chunkAndState = HotRecord::pack({}, BlockState::Absent)};
  record.cold = {.layout = layouts_.create(used, *size), .fallback = desc.fallback, .userData = desc.userData};

  ++counters_.blocks;
  ++counters_.blocksAdded;
  counters_.liveBytes += liveBytes;
  notePeaks();
  return handle;
}

Result<std::uint32_t> Pool::Impl::acquireIndex() {
  if (!freeIndices_.empty()) {
    const std::uint32_t index = freeIndices_.back();
    freeIndices_.pop_back();
    return index;
  }
  const auto index = static_cast<std::uint32_t>(blocks_.size());
  if (!ring_.grow(index + 1)) return Unexpected(makeError(ErrorCode::TooManyBlocks, "blocks", {}, {index}));
  blocks_.emplace_back();
  return index;
}

Result<Placement> Pool::Impl::acquirePlace(Lifetime lifetime, ByteCount bytes, ByteCount alignment) {
  ChunkSpace& chunkSpace = space(lifetime);
  if (std::optional<Placement> place = chunkSpace.allocate(bytes, alignment)) return *place;

  ByteCount chunkBytes = chunkSpace.nextChunkBytes(bytes, alignment);
  if (chunkBytes == 0) {
    return Unexpected(makeError(ErrorCode::TooLarge, "block", {}, {bytes, device_.caps().maxChunkBytes}));
  }
  while (chunks_.reservedBytes() + chunkBytes > hardLimitBytes_) {
    // Under pressure the empty chunks go first, all at once; then the last chunk takes what the budget still has.
    if (releaseAnyEmptyChunk()) continue;
    const ByteCount reserved = chunks_.reservedBytes();
    const ByteCount rest = hardLimitBytes_ > reserved ? hardLimitBytes_ - reserved : 0;
    const ByteCount usable = rest - rest % kSmallestChunkBytes;
    if (chunkSpace.dedicated(bytes) || usable < bytes + alignment) {
      return Unexpected(makeError(ErrorCode::OutOfBudget, "chunk", {}, {chunkBytes, retiredBytes_}));
    }
    chunkBytes = usable;
  }
  const Result<ChunkIndex> chunk =
      chunks_.create(chunkBytes, lifetime == Lifetime::LongLived ? "flux long-lived" : "flux streaming");
  if (!chunk) return Unexpected(chunk.error());
  chunkSpace.addChunk(*chunk, chunkBytes, chunkSpace.dedicated(bytes));
  notePeaks();
  const std::optional<Placement> place = chunkSpace.allocate(bytes, alignment);
  FLUX_ASSERT(place.has_value(), "a new chunk has room for what it was made for");
  return *place;
}

Result<std::vector<StagingSpan>> Pool::Impl::stage(std::span<const std::byte> data) {
  std::vector<StagingSpan> spans;
  while (!data.empty()) {
    const std::size_t piece = std::min<std::size_t>(data.size(), staging_.pageBytes());
    const Result<StagingSpan> span = staging_.reserve(piece);
    if (!span) {
      for (const StagingSpan& taken : spans) staging_.release(taken);
      return Unexpected(span.error());
    }
    std::copy_n(data.begin(), piece, span->bytes.begin());
    spans.push_back(*span);
    data = data.subspan(piece);
  }
  return spans;
}

// ---- Updating and removing ---------------------------------------------------------------------------------

Result<ContentVersion> Pool::Impl::update(BlockHandle handle, std::span<const PartUpdate> parts,
                                          std::source_location where) {
  Block* block = find(handle);
  if (block == nullptr) return Unexpected(staleHandle(handle, where));
  const std::string_view name = block->name.data();
  const auto fail = [&](const Error& error) { return Unexpected(named(error, name, handle, where)); };

  const BlockLayout& layout = *ring_.cold(handle.index).layout;
  if (parts.empty()) return fail(invalid("parts", where));
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const auto part = static_cast<std::uint32_t>(parts[i].part);
    if (part >= layout.partCount) return fail(invalid("part", where, {part, layout.partCount}));
    const ByteCount bytes = layout.parts[part].sizeBytes;
    const ByteCount given = parts[i].source.isCallback() ? bytes : parts[i].source.data().size();
    if (given != bytes) return fail(invalid("part size", where, {given, bytes}));
    const bool twice = std::any_of(parts.begin(), parts.begin() + static_cast<std::ptrdiff_t>(i),
                                   [&](const PartUpdate& other) { return other.part == parts[i].part; });
    if (twice) return fail(invalid("part given twice", where, {part, 0}));
  }
  if (ring_.hot(handle.index).state() == BlockState::Lost && parts.size() < layout.partCount) {
    return fail(invalid("a lost block needs all its parts", where, {parts.size(), layout.partCount}));
  }

  std::vector<Edit> edits;
  edits.reserve(parts.size());
  for (const PartUpdate& update : parts) {
    Edit edit{update.part, update.source, {}};
    if (!update.source.isCallback()) {
      Result<std::vector<StagingSpan>> staged = stage(update.source.data());
      if (!staged) {
        releaseStaged(edits);
        return fail(staged.error());
      }
      edit.staged = std::move(*staged);
    }
    edits.push_back(std::move(edit));
  }

  for (Edit& edit : edits) {
    const auto same = std::find_if(block->edits.begin(), block->edits.end(),
                                   [&](const Edit& waiting) { return waiting.part == edit.part; });
    if (same == block->edits.end()) {
      block->edits.push_back(std::move(edit));
    } else {  // superseded before anybody could see it
      releaseStaged({&*same, 1});
      *same = std::move(edit);
    }
  }
  block->where = where;
  queueForUpdate(handle.index);
  ++counters_.blocksUpdated;
  return ++block->requested;
}

void Pool::Impl::releaseStaged(std::span<const Edit> edits) {
  for (const Edit& edit : edits) {
    for (const StagingSpan& span : edit.staged) staging_.release(span);
  }
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

  if (block->relocation != nullptr) {
    retirePlace(block->relocation->to, block->lifetime, kNeverNamed);
    relocations_.drop(*block->relocation);
    block->relocation = nullptr;
  }
  if (block->place.range) retirePlace(block->place, block->lifetime, ring_.published());
  releaseStaged(block->edits);
  block->edits.clear();

  const SnapshotRing::Edit record = ring_.edit(handle.index);
  retire(record.cold.layout, ring_.published());
  record.hot = {.generation = handle.generation, .chunkAndState = HotRecord::pack({}, BlockState::Free)};
  record.cold = {};

  block->live = false;
  block->place = {};
  ++block->generation;  // 0 after the last one: then the index is never used again
  if (block->generation != 0) retire(RetiredIndex{handle.index}, ring_.published());

  --counters_.blocks;
  ++counters_.blocksRemoved;
  counters_.liveBytes -= block->liveBytes;
  return {};
}

void Pool::Impl::retirePlace(const Placement& place, Lifetime lifetime, SnapshotNumber last) {
  retiredBytes_ += place.bytes;
  retire(RetiredRange{place, lifetime}, last);
}

// ---- Looking -----------------------------------------------------------------------------------------------

ContentVersion Pool::Impl::requestedVersion(BlockHandle handle) const noexcept {
  const Block* block = find(handle);
  return block != nullptr ? block->requested : 0;
}

PoolStats Pool::Impl::stats() const {
  PoolStats stats = counters_;
  stats.reservedBytes = chunks_.reservedBytes();
  stats.retiredBytes = retiredBytes_;
  stats.stagingBytes = staging_.reservedBytes();
  stats.hardLimitBytes = hardLimitBytes_;
  stats.chunks = chunks_.count();
  stats.openFrames = gate_.progress().openFrames;
  stats.published = ring_.published();
  return stats;
}

void Pool::Impl::notePeaks() {
  counters_.peakLiveBytes = std::max(counters_.peakLiveBytes, counters_.liveBytes);
  counters_.peakReservedBytes = std::max(counters_.peakReservedBytes, chunks_.reservedBytes());
  counters_.peakChunks = std::max(counters_.peakChunks, chunks_.count());
  counters_.peakStagingBytes = std::max(counters_.peakStagingBytes, staging_.reservedBytes());
}

}  // namespace flux
