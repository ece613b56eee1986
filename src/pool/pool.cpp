#include "pool/pool_impl.hpp"

#include <flux/assert.hpp>

#include <algorithm>
#include <utility>

namespace flux {
namespace {

constexpr std::chrono::seconds kShutdownTimeout{30};
constexpr std::uint32_t kMaxBlocks = 1U << 24U;

/// The mirrors' share of `stagingLimitBytes`.
ByteCount mirrorStagingBytes(const PoolDesc& desc) {
  if (desc.recordMirrors == 0) return 0;
  const ByteCount quarter = desc.stagingLimitBytes / 4;
  return std::max(desc.stagingPageBytes, quarter - quarter % desc.stagingPageBytes);
}

/// Bytes of staging memory for each of its uses: first that of uploads, then that of the mirrors, then that of what is
/// read back.
struct StagingShares {
  explicit StagingShares(const PoolDesc& desc)
      : factor(desc.journal != nullptr ? desc.journal->stagingFactor() : 1),
        mirrors(mirrorStagingBytes(desc) * factor),
        uploads(desc.stagingLimitBytes * factor - mirrors),
        readbacks(std::max(desc.readbackLimitBytes, desc.stagingPageBytes) * factor),
        firstOfMirrors{static_cast<std::uint32_t>(uploads / desc.stagingPageBytes)},
        firstOfReadbacks{static_cast<std::uint32_t>((uploads + mirrors) / desc.stagingPageBytes)} {}

  ByteCount factor;
  ByteCount mirrors;
  ByteCount uploads;
  ByteCount readbacks;
  StagingIndex firstOfMirrors;
  StagingIndex firstOfReadbacks;
};

std::unique_ptr<RecordMirrors> makeMirrors(Device& device, const PoolDesc& desc, SnapshotRing& ring,
                                           const ChunkInfo* chunks) {
  if (desc.recordMirrors == 0) return nullptr;
  const StagingShares staging(desc);
  return std::make_unique<RecordMirrors>(device, ring, chunks, desc.recordMirrors, desc.maxBlocks + 1,
                                         desc.stagingPageBytes, staging.mirrors, staging.firstOfMirrors, desc.journal);
}

/// The description with the hard limit that counts.
PoolDesc complete(PoolDesc desc, Device& device) {
  if (desc.hardLimitBytes == 0) {
    const MemoryBudget budget = device.budget();
    desc.hardLimitBytes = budget.budgetBytes > budget.usedBytes ? budget.budgetBytes - budget.usedBytes : 0;
  }
  return desc;
}

Result<void> check(const PoolDesc& desc, const DeviceCaps& caps, std::source_location where) {
  const auto bad = [&](std::string_view field) {
    return Unexpected(makeError(ErrorCode::InvalidArgument, field, where));
  };
  if (desc.chunkBytes < kSmallestChunkBytes || desc.chunkBytes % 256 != 0) return bad("PoolDesc::chunkBytes");
  if (desc.chunkBytes > caps.maxChunkBytes) return bad("PoolDesc::chunkBytes");
  if (desc.firstChunkBytes < kSmallestChunkBytes || desc.firstChunkBytes % 256 != 0)
    return bad("PoolDesc::firstChunkBytes");
  if (desc.longLivedFirstChunkBytes < kSmallestChunkBytes || desc.longLivedFirstChunkBytes % 256 != 0) {
    return bad("PoolDesc::longLivedFirstChunkBytes");
  }
  if (desc.spareChunks > 1) return bad("PoolDesc::spareChunks");
  if (desc.stagingPageBytes < 4 * kKiB || desc.stagingPageBytes % 256 != 0) return bad("PoolDesc::stagingPageBytes");
  if (desc.recordMirrors == 1 || desc.recordMirrors > kMaxRecordMirrors) return bad("PoolDesc::recordMirrors");
  if ((desc.stagingLimitBytes - std::min(desc.stagingLimitBytes, mirrorStagingBytes(desc))) / 2 <
      desc.stagingPageBytes) {
    return bad("PoolDesc::stagingLimitBytes");
  }
  if (desc.maxBlocks == 0 || desc.maxBlocks > kMaxBlocks) return bad("PoolDesc::maxBlocks");
  if (desc.maxInstructions == 0) return bad("PoolDesc::maxInstructions");
  const Profiler* profiler = desc.profiler;
  if (profiler != nullptr &&
      (profiler->beginZone == nullptr || profiler->endZone == nullptr || profiler->plot == nullptr)) {
    return bad("PoolDesc::profiler");
  }
  return {};
}

ChunkSpacePolicy policy(const PoolDesc& desc, const DeviceCaps& caps, ByteCount firstChunkBytes) {
  return {.chunkBytes = desc.chunkBytes,
          .firstChunkBytes = std::min(firstChunkBytes, desc.chunkBytes),
          .maxChunkBytes = std::min(caps.maxChunkBytes, 64 * kGiB - kPlaceUnitBytes),
          .spareChunks = desc.spareChunks,
          .emptySteps = desc.emptyChunkSteps,
          .emptyAge = desc.emptyChunkAge};
}

}  // namespace

PoolDesc poolDescFor(StartProfile profile) noexcept {
  PoolDesc desc;
  switch (profile) {
    case StartProfile::Simple2D:
      desc.reserveBytes = 2 * kMiB;
      break;
    case StartProfile::Complex2D:
      desc.reserveBytes = 8 * kMiB;
      break;
    case StartProfile::Scene3D:
      desc.reserveBytes = 48 * kMiB;
      break;
    case StartProfile::Large3D:
      desc.reserveBytes = 128 * kMiB;
      break;
  }
  desc.firstChunkBytes = std::min(desc.reserveBytes, desc.chunkBytes);
  return desc;
}

// ---- The public face -------------------------------------------------------------------------------------

Result<std::unique_ptr<Pool>> Pool::create(Device& device, const PoolDesc& desc, ChunkListener* listener) {
  if (Result<void> checked = check(desc, device.caps(), std::source_location::current()); !checked) {
    return Unexpected(checked.error());
  }
  std::unique_ptr<Pool> pool(new Pool(std::make_unique<Impl>(device, desc, listener)));
  const Result<void> reserved = desc.reserveBytes != 0 ? pool->reserve(desc.reserveBytes) : Result<void>{};
  if (!reserved) return Unexpected(reserved.error());
  if (desc.evicts && desc.hardLimitBytes == 0) {
    if (const Result<void> follows = pool->setBudget({}); !follows) return Unexpected(follows.error());
  }
  return pool;
}

Pool::Pool(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Pool::~Pool() = default;

// Calls that the journal is told of: what it needs of them, then what they do.

Result<BlockHandle> Pool::add(const BlockDesc& desc, std::source_location where) {
  return impl_->tell([&] { return callOf({}, desc); }, [&] { return impl_->add(desc, where); });
}
Result<StagedBytes> Pool::stage(ByteCount bytes, std::source_location where) {
  return impl_->tell([&] { return Call{.kind = RecordKind::Stage, .numbers = {bytes}}; },
                     [&] { return impl_->stage(bytes, where); });
}
Result<ContentVersion> Pool::update(BlockHandle block, std::span<const PartUpdate> parts, std::source_location where) {
  return impl_->tell([&] { return Call{.kind = RecordKind::Update, .block = block, .updates = parts}; },
                     [&] { return impl_->update(block, parts, where); });
}
Result<void> Pool::updateInPlace(BlockHandle block, std::span<const PartUpdate> parts, std::source_location where) {
  return impl_->tell([&] { return Call{.kind = RecordKind::UpdateInPlace, .block = block, .updates = parts}; },
                     [&] { return impl_->updateInPlace(block, parts, where); });
}
Result<ContentVersion> Pool::addParts(BlockHandle block, std::span<const PartDesc> parts, std::span<PartId> ids,
                                      std::source_location where) {
  return impl_->tell([&] { return Call{.kind = RecordKind::AddParts, .block = block, .parts = parts}; },
                     [&] { return impl_->addParts(block, parts, ids, where); });
}
Result<void> Pool::removeParts(BlockHandle block, std::span<const PartId> parts, std::source_location where) {
  return impl_->tell([&] { return Call{.kind = RecordKind::RemoveParts, .block = block, .ids = parts}; },
                     [&] { return impl_->removeParts(block, parts, where); });
}
Result<SharedPart> Pool::addShared(const SharedPartDesc& desc, std::source_location where) {
  return impl_->tell([&] { return callOf(desc); }, [&] { return impl_->addShared(desc, where); });
}
SharedUsage Pool::sharedUsage() const {
  return impl_->sharedUsage();
}
Result<void> Pool::remove(BlockHandle block, std::source_location where) {
  return impl_->tell([&] { return Call{.kind = RecordKind::Remove, .block = block}; },
                     [&] { return impl_->remove(block, where); });
}
Result<void> Pool::retain(BlockHandle block, std::source_location where) {
  return impl_->tell([&] { return Call{.kind = RecordKind::Retain, .block = block}; },
                     [&] { return impl_->retain(block, where); });
}
Result<void> Pool::release(BlockHandle block, std::source_location where) {
  return impl_->tell([&] { return Call{.kind = RecordKind::Release, .block = block}; },
                     [&] { return impl_->release(block, where); });
}
Result<void> Pool::pin(BlockHandle block, std::source_location where) {
  return impl_->tell([&] { return Call{.kind = RecordKind::Pin, .block = block}; },
                     [&] { return impl_->pin(block, where); });
}
Result<void> Pool::unpin(BlockHandle block, std::source_location where) {
  return impl_->tell([&] { return Call{.kind = RecordKind::Unpin, .block = block}; },
                     [&] { return impl_->unpin(block, where); });
}
Result<void> Pool::request(BlockHandle block, Priority priority, std::source_location where) {
  return impl_->tell([&] { return callOf(block, priority); }, [&] { return impl_->request(block, priority, where); });
}
Shared<BlockHandle> Pool::share(BlockHandle block, std::source_location where) {
  return {block, impl_->share({.block = block, .object = {}, .where = where})};
}
Shared<NativeHandle> Pool::share(const ObjectDesc& object, std::source_location where) {
  FLUX_ASSERT(object.destroy != nullptr, "a shared object can be destroyed");
  return {object.object, impl_->share({.block = {}, .object = object, .where = where})};
}
Result<Readback> Pool::readBack(const ReadRange& range, std::source_location where) {
  return impl_->tell([&] { return callOf(range); }, [&] { return impl_->readBack(range, where); });
}
Result<Source> Pool::shadow(BlockHandle block, PartId part, std::source_location where) {
  return impl_->shadow(block, part, where);
}
Result<void> Pool::markWritten(BlockHandle block, PartId part, QueueValue by, std::source_location where) {
  return impl_->tell([&] { return callOf(block, part, by); },
                     [&] { return impl_->markWritten(block, part, by, where); });
}
Result<void> Pool::refreshShadow(BlockHandle block, PartId part, std::source_location where) {
  return impl_->tell(
      [&] {
        return Call{.kind = RecordKind::RefreshShadow, .block = block, .numbers = {static_cast<std::uint32_t>(part)}};
      },
      [&] { return impl_->refreshShadow(block, part, where); });
}
Result<StepReport> Pool::step(const StepQuota& quota, std::chrono::steady_clock::time_point now) {
  // No finer, so that idle steps that follow closely are the same call, of which a recording has the number only.
  const auto time = std::chrono::floor<std::chrono::milliseconds>(now);
  return impl_->tell([&] { return callOf(quota, time); }, [&] { return impl_->step(quota, time); });
}
Result<ByteCount> Pool::collect() {
  return impl_->tell([] { return Call{.kind = RecordKind::Collect}; }, [&] { return impl_->collect(); });
}
PublishReport Pool::publish() {
  return impl_->publish();
}
Result<void> Pool::reserve(ByteCount bytes, Lifetime lifetime, std::source_location where) {
  return impl_->tell(
      [&] {
        return Call{.kind = RecordKind::Reserve, .numbers = {bytes, static_cast<std::uint64_t>(lifetime)}};
      },
      [&] { return impl_->reserve(bytes, lifetime, where); });
}
Result<void> Pool::defragment(const DefragGoal& goal, std::source_location where) {
  return impl_->tell([&] { return callOf(goal); }, [&] { return impl_->defragment(goal, where); });
}
Result<void> Pool::setBudget(const Budget& budget, std::source_location where) {
  return impl_->tell(
      [&] {
        return Call{.kind = RecordKind::SetBudget, .numbers = {budget.hardBytes, budget.softBytes}};
      },
      [&] { return impl_->setBudget(budget, where); });
}
HeldMemory Pool::heldMemory() const {
  return impl_->heldMemory();
}
Result<void> Pool::demote(BlockHandle block, std::source_location where) {
  return impl_->tell([&] { return Call{.kind = RecordKind::Demote, .block = block}; },
                     [&] { return impl_->demote(block, where); });
}
FitReport Pool::wouldFit(std::span<const PartDesc> parts, Lifetime lifetime) const {
  return impl_->wouldFit(parts, lifetime);
}
FitReport Pool::wouldFit(ByteCount bytes, ByteCount alignmentBytes, Lifetime lifetime) const {
  return impl_->wouldFit(bytes, alignmentBytes, lifetime);
}
EvictionReport Pool::wouldEvict(ByteCount bytes, ByteCount alignmentBytes) const {
  return impl_->wouldEvict(bytes, alignmentBytes);
}
Frame Pool::beginFrame(const char* label) {
  return impl_->beginFrame(label);
}
ContentVersion Pool::requestedVersion(BlockHandle block) const noexcept {
  return impl_->requestedVersion(block);
}
std::optional<std::uint32_t> Pool::framesSinceUse(BlockHandle block) const noexcept {
  return impl_->framesSinceUse(block);
}
std::span<const Error> Pool::errors() const noexcept {
  return impl_->errors();
}
Result<Tag> Pool::makeTag(std::string_view name, std::source_location where) {
  return impl_->tell([&] { return Call{.kind = RecordKind::MakeTag, .text = name}; },
                     [&] { return impl_->makeTag(name, where); });
}
PoolStats Pool::stats() const {
  return impl_->stats();
}
DetailedStats Pool::detailedStats() const {
  return impl_->detailedStats();
}
void Pool::inspect(PoolVisitor& visitor) const {
  impl_->inspect(visitor);
}
std::span<const Refusal> Pool::refusals() const noexcept {
  return impl_->refusals();
}
std::optional<BlockView> Pool::inspect(BlockHandle block) const {
  return impl_->inspect(block);
}
const PoolDesc& Pool::desc() const noexcept {
  return impl_->desc();
}
std::string Pool::dump() const {
  return impl_->dump();
}

// ---- Life and death ----------------------------------------------------------------------------------------

Pool::Impl::Impl(Device& device, const PoolDesc& desc, ChunkListener* listener)
    : desc_(complete(desc, device)),
      journal_(desc.journal),
      device_(journal_ != nullptr ? journal_->attach(device, desc_) : device),
      handles_(desc.maxBlocks),
      staging_(device_, desc.stagingPageBytes, StagingShares(desc).uploads, {}, StagingUse::Upload, journal_),
      instructions_(desc.maxInstructions, desc.maxInstructionBytes),
      chunks_(device_, listener),
      gate_(journal_),
      ring_(gate_, desc.maxBlocks + 1, chunks_.entries()),
      spaces_{ChunkSpace(policy(desc, device_.caps(), desc.firstChunkBytes)),
              ChunkSpace(policy(desc, device_.caps(), desc.longLivedFirstChunkBytes))},
      defragmenters_{Defragmenter(desc.defrag, desc.defrag.automatic), Defragmenter(desc.defrag, false)},
      relocations_(device_, staging_, tags_, journal_),
      readbacks_(device_, desc.stagingPageBytes, StagingShares(desc).readbacks, StagingShares(desc).firstOfReadbacks,
                 journal_),
      shadows_(desc.shadowLimitBytes),
      store_(desc.storeLimitBytes),
      mirrors_(makeMirrors(device_, desc, ring_, chunks_.entries())),
      blocks_(1) {  // index 0 is the null handle's
  setLimits(desc_.hardLimitBytes);
}

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
  // Objects that still have handles, or wait, go now; handles that are dropped later find them gone.
  dropped_->close([this](const SharedThing& thing) {
    const ObjectDesc& object = thing.desc.object;
    if (object.destroy != nullptr) object.destroy(object.context, object.object, lost_);
  });
  if (journal_ != nullptr) journal_->detach();
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

Error Pool::Impl::pinned(const Block& block, BlockHandle handle, std::source_location where) const {
  return named(makeError(ErrorCode::Pinned, "", where, {block.pins, 0}), block.name.data(), handle, where);
}

Error Pool::Impl::named(Error error, std::string_view name, BlockHandle handle, std::source_location where) const {
  Error result = makeError(error.code, name.empty() ? error.resourceName() : name, where, error.numbers);
  result.handle = handle;
  result.nativeCode = error.nativeCode;
  return result;
}

// ---- Looking -----------------------------------------------------------------------------------------------

ContentVersion Pool::Impl::requestedVersion(BlockHandle handle) const noexcept {
  const Block* block = find(handle);
  return block != nullptr ? block->requested : 0;
}

std::optional<std::uint32_t> Pool::Impl::framesSinceUse(BlockHandle handle) const noexcept {
  if (find(handle) == nullptr) return std::nullopt;
  const std::uint32_t used = ring_.usage().lastUsed(handle.index);
  if (used == 0) return std::nullopt;
  return static_cast<std::uint32_t>(gate_.progress().newestFrame) - used;
}

}  // namespace flux
