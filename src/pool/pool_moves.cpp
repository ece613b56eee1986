// Blocks that move for room: out of a chunk that is to be given back, or to a smaller place without their gaps.
//
// A move is a relocation that brings nothing new: the block shows its old place until the bytes have arrived, and what
// else is asked of it meanwhile drops the move, so that no call ever waits for one.

#include "base/rounding.hpp"
#include "pool/pool_impl.hpp"

#include <flux/assert.hpp>

#include <algorithm>

namespace flux {
namespace {

/// Of its parts: what a block gets in addition, so that the next part does not move it again.
constexpr ByteCount kCompactedRoomDivisor = 8;

/// Blocks that wait for their compaction and are looked at in a step.
constexpr std::size_t kCompactionLooks = 16;

}  // namespace

/// The blocks of one lifetime, for the defragmenter.
class Pool::Impl::Mover final : public BlockMover {
 public:
  Mover(Impl& pool, Lifetime lifetime, const StepQuota& quota) : pool_(pool), lifetime_(lifetime), quota_(quota) {}

  [[nodiscard]] bool stays(RangeId range) const override {
    const std::uint32_t index = tenant(range);
    return index != 0 && (pool_.blocks_[index].pins != 0 || !pool_.blocks_[index].movable);
  }

  [[nodiscard]] MoveStart move(RangeId range) override {
    const std::uint32_t index = tenant(range);
    if (index == 0) return MoveStart::Waits;
    if (stays(range)) return MoveStart::Stays;
    Block& block = pool_.blocks_[index];
    const bool ready = pool_.defragmenterOf(lifetime_).makesHole() ? pool_.atRest(block) : pool_.settled(block);
    if (!ready) return MoveStart::Waits;
    return pool_.startMoveForRoom(block, index, false) ? MoveStart::Started : MoveStart::NoRoom;
  }

  [[nodiscard]] bool busy() const override { return pool_.movesEnough(quota_); }

  /// What has retired is not known by lifetime, so that of the other one counts, too.
  [[nodiscard]] ByteCount goingBytes() const override {
    return pool_.retirement_.bytesWaiting() + pool_.leavingBytes_ + pool_.relocations_.leftBytes();
  }

  void goalFailed(ByteCount missingBytes) override {
    const std::source_location where = pool_.goalsFrom_[static_cast<std::size_t>(lifetime_)];
    pool_.errors_.push_back(
        makeError(ErrorCode::OutOfBudget, "DefragGoal", where, pool_.shortOf(lifetime_, missingBytes)));
  }

 private:
  [[nodiscard]] std::uint32_t tenant(RangeId range) const {
    const std::vector<std::uint32_t>& all = pool_.tenants(lifetime_);
    return range.index < all.size() ? all[range.index] : 0;
  }

  Impl& pool_;
  Lifetime lifetime_;
  const StepQuota& quota_;
};

Result<void> Pool::Impl::defragment(const DefragGoal& goal, std::source_location where) {
  if (lost_) return Unexpected(makeError(ErrorCode::DeviceLost, "defragment", where));
  if (goal.freeChunks != 0 && goal.holeBytes != 0) {
    return Unexpected(makeError(ErrorCode::InvalidArgument, "DefragGoal", where, {goal.freeChunks, goal.holeBytes}));
  }
  const ByteCount largest = space(goal.lifetime).fullSizeBytes();
  if (goal.holeBytes > largest) {
    return Unexpected(makeError(ErrorCode::TooLarge, "DefragGoal", where, {goal.holeBytes, largest}));
  }
  defragmenterOf(goal.lifetime).setGoal(goal, steps_);
  goalsFrom_[static_cast<std::size_t>(goal.lifetime)] = where;
  return {};
}

void Pool::Impl::defragment(const StepQuota& quota) {
  const ProfileScope profile(desc_.profiler, ProfileZone::Defragment);
  if (!compactionQueue_.empty()) compactBlocks(quota);
  for (const Lifetime lifetime : {Lifetime::Streaming, Lifetime::LongLived}) {
    Mover mover(*this, lifetime, quota);
    defragmenterOf(lifetime).step(space(lifetime), mover, steps_, quota.quiet);
  }
}

/// Both copies of a block take room, so only as many start as the quota is about to move.
bool Pool::Impl::movesEnough(const StepQuota& quota) const {
  const RelocationQueue::WaitingMoves waiting = relocations_.waitingMoves();
  return waiting.bytes >= quota.moveBytes || waiting.pieces >= quota.movePieces;
}

bool Pool::Impl::atRest(const Block& block) const {
  return block.place.range && block.relocation == nullptr && block.edits.empty() && block.leaving == 0;
}
bool Pool::Impl::settled(const Block& block) const {
  return atRest(block) && steps_ >= block.changedStep + desc_.defrag.settledSteps;
}

// ---- Gaps of blocks ----------------------------------------------------------------------------------------

void Pool::Impl::noteGaps(Block& block, std::uint32_t index) {
  if (block.parts == nullptr || block.queuedForCompaction || !desc_.defrag.automatic || !block.place.range) return;
  const ByteCount free = block.parts->map.freeBytes();
  if (free * 100 <= block.place.bytes * desc_.defrag.blockFreePercent) return;
  block.queuedForCompaction = true;
  compactionQueue_.push_back({index, block.generation});
}

/// A block that cannot be compacted now is noted again when that changes: its relocation arrives, it is unpinned, a
/// range of it is reclaimed.
void Pool::Impl::compactBlocks(const StepQuota& quota) {
  const std::size_t looks = std::min(compactionQueue_.size(), kCompactionLooks);
  for (std::size_t i = 0; i < looks && !movesEnough(quota); ++i) {
    const BlockHandle handle = compactionQueue_.front();
    compactionQueue_.pop_front();
    Block* const block = find(handle);
    if (block == nullptr) continue;
    const bool wanted = block->place.range && block->movable && block->relocation == nullptr && block->edits.empty() &&
                        block->pins == 0;
    if (wanted && !settled(*block)) {  // only young
      compactionQueue_.push_back(handle);
      continue;
    }
    block->queuedForCompaction = false;
    if (wanted) (void)startMoveForRoom(*block, handle.index, true);
  }
}

// ---- A move ------------------------------------------------------------------------------------------------

bool Pool::Impl::startMoveForRoom(Block& block, std::uint32_t index, bool compacts) {
  const BlockLayout& layout = *ring_.cold(index).layout;
  std::optional<Placement> place;
  LayoutSize size{static_cast<std::uint32_t>(block.place.bytes), layout.alignmentBytes};
  if (block.parts == nullptr) {
    place = placeForMove(block, size.bytes, size.alignment);
  } else {
    const auto& alignments = device_.caps().partAlignmentBytes;
    const std::optional<LayoutSize> tight = planCompaction({layout.parts, layout.partCount}, alignments, partMoves_);
    FLUX_ASSERT(tight.has_value(), "a block's parts fit in a block");
    size = *tight;
    const ByteCount most = compacts ? block.place.bytes - kPlaceUnitBytes : block.place.bytes;
    if (size.bytes > most) return false;
    const ByteCount roomy = std::min(wholeUnits(size.bytes + size.bytes / kCompactedRoomDivisor), most);
    place = placeForMove(block, roomy, size.alignment);
    if (!place && roomy > size.bytes) place = placeForMove(block, size.bytes, size.alignment);
  }
  if (!place) return false;

  Relocation& relocation = relocations_.create();
  relocation.moves = true;
  relocation.compacts = compacts;
  relocation.to = *place;
  relocation.alignment = size.alignment;
  relocation.version = ring_.cold(index).version;
  EditRanges nothing;
  if (block.parts == nullptr) {
    // Not what lies between its parts: should this move be dropped, a new part may get that before the copies are done.
    for (std::uint32_t i = 0; i < layout.partCount; ++i) {
      const PartPlacement& part = layout.parts[i];
      relocation.add({PartId{i}, part.offsetBytes, part.sizeBytes}, nothing, part.offsetBytes);
    }
  } else {
    relocation.target = AllocationMap(static_cast<std::uint32_t>(place->bytes));
    for (const PartMove& move : partMoves_) {
      const std::uint32_t bytes = layout.parts[partIndex(move.part)].sizeBytes;
      relocation.target.take(move.to, bytes);
      relocation.add({move.part, move.to, bytes}, nothing, move.from);
    }
  }
  startRelocation(block, index, relocation);
  return true;
}

/// Never in an empty chunk: one of them is to be won.
std::optional<Placement> Pool::Impl::placeForMove(const Block& block, ByteCount bytes, ByteCount alignment) {
  const ChunkSpace& chunkSpace = space(block.lifetime);
  const std::optional<ChunkIndex> chunk = chunkSpace.wouldFit(bytes, alignment);
  if (!chunk || chunkSpace.liveRanges(*chunk) == 0) return std::nullopt;
  return takePlace(block.lifetime, bytes, alignment);
}

void Pool::Impl::dropMove(Block& block) {
  if (block.relocation == nullptr || !block.relocation->moves) return;
  retireDestination(block, block.relocation->to);
  relocations_.drop(*block.relocation);
  block.relocation = nullptr;
}

std::optional<ChunkIndex> Pool::Impl::revivable(Lifetime lifetime, ByteCount bytes, ByteCount alignment) const {
  const std::optional<ChunkIndex> victim = defragmenterOf(lifetime).victim();
  const ChunkSpace& chunkSpace = space(lifetime);
  if (!victim || !chunkSpace.retired(*victim) || !chunkSpace.hasHole(*victim, bytes, alignment)) return std::nullopt;
  return victim;
}

bool Pool::Impl::reviveChunk(Lifetime lifetime, ByteCount bytes, ByteCount alignment) {
  if (!revivable(lifetime, bytes, alignment)) return false;
  defragmenterOf(lifetime).revive(space(lifetime), steps_);
  return true;
}

}  // namespace flux
