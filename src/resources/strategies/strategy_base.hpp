#pragma once

/// What all strategies share: ids, buffers, copies, the wait before reuse.

#include <flux/strategies.hpp>

#include "alloc/range_allocator.hpp"
#include "base/rounding.hpp"
#include "frame/frame_gate.hpp"

#include <cstdint>
#include <deque>
#include <memory>
#include <vector>

namespace flux {

/// A strategy but for the choice of places.
///
/// What is given up waits in order; the mark of its step says which values the queues must pass first. These include
/// the last copy made here: an application need not know of it, and what it reads and writes stays as it is so long.
class StrategyBase : public Strategy {
 public:
  StrategyBase(std::string_view name, Device& device, const StrategyOptions& options);
  ~StrategyBase() override;

  std::string_view name() const noexcept final { return name_; }
  Result<Allocation> allocate(ByteCount bytes, ByteCount alignment, std::source_location where) final;
  Result<Allocation> resize(AllocationId id, ByteCount bytes, std::source_location where) final;
  Result<void> free(AllocationId id, std::source_location where) final;
  void freeAll() final;
  std::optional<Allocation> find(AllocationId id) const final;
  std::span<const AllocationId> displaced() const noexcept final { return displaced_; }
  TimelineValue lastCopy() const noexcept final { return lastCopy_; }
  Result<void> step(std::span<const QueueValue> submitted) final;
  std::optional<ChunkInfo> buffer(ChunkIndex buffer) const final;
  StrategyStats stats() const noexcept final { return stats_; }

 protected:
  struct Place {
    ChunkIndex buffer{};
    ByteOffset offset = 0;
    ByteCount bytes = 0;  ///< A multiple of 16; what is over the request is padding.
    RangeId range;        ///< For strategies with a `RangeAllocator`.
  };

  /// A place for `bytes` (a multiple of 16, at most `maxBufferBytes`) at a multiple of `alignment` (also of 16).
  /// Nothing changes when it fails.
  virtual Result<Place> place(ByteCount bytes, ByteCount alignment, std::source_location where) = 0;

  /// Nobody uses the place any more.
  virtual void reclaim(const Place& place) = 0;

  /// The step's end: the time to release what has been unused for long.
  virtual void endStep() {}

  [[nodiscard]] const StrategyOptions& options() const noexcept { return options_; }
  [[nodiscard]] std::uint64_t stepNumber() const noexcept { return step_; }

  /// Makes a buffer; its size is rounded up to what devices can make.
  Result<ChunkIndex> makeBuffer(ByteCount bytes, std::source_location where);

  /// Makes a larger buffer with the contents of `old`, at the same offsets, and moves all that is in `old` there.
  Result<ChunkIndex> growBuffer(ChunkIndex old, ByteCount bytes, std::source_location where);

  /// REQUIRES: nothing is in the buffer.
  void releaseBuffer(ChunkIndex buffer);

 private:
  struct Slot {
    Place place;
    ByteCount askedBytes = 0;
    ByteCount alignment = 0;
    std::uint32_t generation = 0;
    std::uint32_t version = 0;
    bool live = false;
    bool displaced = false;
  };
  struct Retired {
    std::uint64_t step = 0;
    Place place;
    bool wholeBuffer = false;
  };
  struct Mark {
    std::uint64_t step = 0;
    QueueValues used{};
  };

  [[nodiscard]] std::uint32_t localIndex(ChunkIndex buffer) const noexcept {
    return static_cast<std::uint32_t>(buffer) - static_cast<std::uint32_t>(options_.firstBuffer);
  }
  [[nodiscard]] const Slot* liveSlot(AllocationId id) const;
  [[nodiscard]] Allocation describe(std::uint32_t index) const;
  Result<void> check(ByteCount bytes, ByteCount alignment, std::source_location where) const;
  Result<void> copy(ChunkIndex from, ByteOffset fromOffset, ChunkIndex to, ByteOffset toOffset, ByteCount bytes);
  void giveUp(std::uint32_t index);
  void retire(const Place& place, bool wholeBuffer);
  void setBytes(Slot& slot, ByteCount asked, const Place& place);
  void displace(std::uint32_t index);
  void reclaimPassed();
  void destroyBuffer(ChunkIndex buffer);

  std::string_view name_;
  Device& device_;
  StrategyOptions options_;
  std::vector<Slot> slots_;
  std::vector<std::uint32_t> unusedSlots_;
  std::vector<std::optional<ChunkInfo>> buffers_;  ///< By index, from `firstBuffer`.
  std::vector<AllocationId> displaced_;
  std::deque<Retired> retired_;  ///< By step.
  std::deque<Mark> marks_;       ///< Of the steps in which something was given up.
  std::uint64_t step_ = 1;
  std::uint32_t firstGeneration_;
  TimelineValue lastCopy_ = 0;
  StrategyStats stats_;
};

std::unique_ptr<Strategy> makeChunked(std::string_view name, Device& device, const StrategyOptions& options);
std::unique_ptr<Strategy> makeMegabuffer(std::string_view name, Device& device, const StrategyOptions& options);
std::unique_ptr<Strategy> makeTiered(std::string_view name, Device& device, const StrategyOptions& options);
std::unique_ptr<Strategy> makeLinear(std::string_view name, Device& device, const StrategyOptions& options);

}  // namespace flux
