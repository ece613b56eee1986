#pragma once

/// Ways to place resources in a device's buffers, for applications that want no more than that: one face, four
/// strategies. `Pool` does more (snapshots, uploads, a memory limit); these take any `Device`, or share one with a
/// pool.
///
///     auto strategy = flux::makeStrategy("chunked", device).value();
///     flux::Allocation mesh = strategy->allocate(bytes, 16).value();
///     …                                  // upload to mesh.buffer at mesh.offset, draw, submit
///     strategy->free(mesh.id);           // at any time: reused when the GPU is past it
///     strategy->step(submittedValues);   // once a frame, after its submissions
///
/// | name | places | when |
/// | --- | --- | --- |
/// | `chunked` | best fit over chunks of 16 MiB, more are added, nothing is ever copied | the default |
/// | `megabuffer` | best fit in one buffer, doubled with a copy on the device | one buffer must be bound |
/// | `tiered` | slots of a ladder of sizes, four an octave, handed out again | sizes that come again and again |
/// | `linear` | pages filled front to back | data of one frame |
///
/// `docs/design/strategies.md` compares them in numbers.

#include <flux/device.hpp>
#include <flux/frame.hpp>
#include <flux/growth.hpp>
#include <flux/result.hpp>
#include <flux/types.hpp>

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <source_location>
#include <span>
#include <string_view>

namespace flux {

/// Names an allocation of one strategy; refused once it is freed, and by every other strategy. Null: generation 0.
struct AllocationId {
  std::uint32_t index = 0;
  std::uint32_t generation = 0;

  friend constexpr bool operator==(const AllocationId&, const AllocationId&) noexcept = default;
};

struct Allocation {
  AllocationId id;
  ChunkIndex buffer{};
  ByteOffset offset = 0;
  ByteCount bytes = 0;        ///< As asked for.
  std::uint32_t version = 0;  ///< How often `buffer` or `offset` has changed.
};

/// What a strategy has done and holds. Counts since it was made; bytes now.
struct StrategyStats {
  std::uint64_t buffersMade = 0;
  std::uint32_t buffers = 0;
  std::uint32_t allocations = 0;
  ByteCount reservedBytes = 0;  ///< In buffers, those that wait for their last use included.
  ByteCount liveBytes = 0;      ///< As asked for.
  ByteCount paddingBytes = 0;   ///< What live allocations were given beyond what they asked for.
  ByteCount waitingBytes = 0;   ///< In freed places that the GPU may still use.
  std::uint64_t copies = 0;
  ByteCount copiedBytes = 0;
};

/// Places resources in buffers that it makes as needed.
///
/// **Thread contract.** None: the thread that owns the device.
///
/// **Invariants.**
/// - (S1) Live allocations do not overlap each other, nor places that the GPU may still use.
/// - (S2) What is freed, or replaced by a copy, stays as it is until every queue has passed the value that the next
/// `step`
///   names. So a command list that names a place must be submitted before the step after the place was given up.
/// - (S3) A place changes only in `allocate` and `resize`, and is then in `displaced` until the next step.
/// - (S4) A call that fails changes no allocation, and `allocate` then leaves no buffer behind that it made.
class Strategy {
 public:
  virtual ~Strategy() = default;
  Strategy(const Strategy&) = delete;
  Strategy& operator=(const Strategy&) = delete;

  [[nodiscard]] virtual std::string_view name() const noexcept = 0;

  /// A place of `bytes` at a multiple of `alignment`, which may be any number from 1. Bytes up to the next multiple of
  /// 16 belong to it. Contents are undefined. O(1) when no buffer is made, but O(allocations) when a buffer is
  /// replaced. Errors: InvalidArgument (0 bytes, alignment 0 or over 2^32), TooLarge (no buffer may be that large),
  /// TooManyChunks
  /// (`maxBuffers`), and what the device says.
  [[nodiscard]] virtual Result<Allocation> allocate(ByteCount bytes, ByteCount alignment = 16,
                                                    std::source_location where = std::source_location::current()) = 0;

  /// Gives an allocation another size under the same id. Its first bytes are kept, by a copy on the device where
  /// the place changes. Growing in what padding there is, is free. Costs and errors as `allocate`, and StaleHandle.
  [[nodiscard]] virtual Result<Allocation> resize(AllocationId id, ByteCount bytes,
                                                  std::source_location where = std::source_location::current()) = 0;

  /// Gives an allocation up (S2). O(1). Errors: StaleHandle (freed before, or of another strategy).
  [[nodiscard]] virtual Result<void> free(AllocationId id,
                                          std::source_location where = std::source_location::current()) = 0;

  /// Gives all allocations up: how a frame ends whose data nobody needs again. O(allocations).
  virtual void freeAll() = 0;

  [[nodiscard]] virtual std::optional<Allocation> find(AllocationId id) const = 0;

  /// The allocations whose place has changed since the last step: whoever keeps a buffer or an offset looks again. May
  /// name some that were freed since.
  [[nodiscard]] virtual std::span<const AllocationId> displaced() const noexcept = 0;

  /// What work that reads any allocation must wait for on `kCopyQueue`: the last copy made here; 0: none yet.
  [[nodiscard]] virtual TimelineValue lastCopy() const noexcept = 0;

  /// Once a frame, after its submissions. `submitted`: the last value of each queue that uses allocations. Polls the
  /// device, takes back what the GPU is past, releases what has been unused for long. O(what is taken back).
  /// Errors: InvalidArgument (no such queue), and what `Device::poll` says.
  [[nodiscard]] virtual Result<void> step(std::span<const QueueValue> submitted) = 0;

  /// Memory is short: releases every buffer that holds nothing, at once.
  virtual void trim() = 0;

  /// The native buffer behind an index; nothing for an index that is not this strategy's.
  [[nodiscard]] virtual std::optional<ChunkInfo> buffer(ChunkIndex buffer) const = 0;

  [[nodiscard]] virtual StrategyStats stats() const noexcept = 0;

 protected:
  Strategy() = default;
};

struct StrategyOptions {
  /// The chunk indices of the device that are the strategy's own: `maxBuffers` from `firstBuffer`.
  ChunkIndex firstBuffer{};
  std::uint32_t maxBuffers = 4096;
  ByteCount maxBufferBytes = 2 * kGiB;  ///< Of one buffer; less where the device allows less.
  ByteCount firstBytes = kMiB;          ///< First buffer of `chunked` and `megabuffer`; pages of `linear`.
  ByteCount chunkBytes = 16 * kMiB;     ///< Full-size chunk of `chunked`.
  /// Largest small, medium and large size of `tiered`, in steps of its ladder; beyond, a buffer is made for the
  /// resource alone.
  std::array<ByteCount, 3> tierLimits{16 * kKiB, 256 * kKiB, 4 * kMiB};
};

/// The names that `makeStrategy` knows, the default first.
[[nodiscard]] std::span<const std::string_view> strategyNames() noexcept;

/// Makes a strategy. The device must outlive it, and no queue may use its buffers any more when it ends; its own copies
/// it waits for. Errors: InvalidArgument (an unknown name; sizes of 0; `tierLimits` that are not at least a step
/// apart).
[[nodiscard]] Result<std::unique_ptr<Strategy>> makeStrategy(
    std::string_view name, Device& device, const StrategyOptions& options = {},
    std::source_location where = std::source_location::current());

/// A resource that grows: a size, and a capacity that follows it by a policy. Other threads, errors and copies as those
/// of its strategy, which must outlive it.
class GrowingBlock {
 public:
  explicit GrowingBlock(Strategy& strategy, GrowthPolicy policy = GrowthPolicy::Exponential, ByteCount alignment = 16,
                        ByteCount limitBytes = ~ByteCount{0})
      : strategy_(strategy), policy_(policy), alignment_(alignment), limitBytes_(limitBytes) {}
  ~GrowingBlock();
  GrowingBlock(const GrowingBlock&) = delete;
  GrowingBlock& operator=(const GrowingBlock&) = delete;

  [[nodiscard]] ByteCount size() const noexcept { return size_; }
  [[nodiscard]] ByteCount capacity() const noexcept { return capacity_; }

  /// Where it is; nothing while the capacity is 0.
  [[nodiscard]] std::optional<Allocation> place() const {
    return allocation_ ? strategy_.find(*allocation_) : std::nullopt;
  }

  /// Sets the size. Bytes up to the smaller of both sizes are kept; the capacity never falls. No device call while the
  /// capacity is enough. Errors: TooLarge (over the limit), and those of `Strategy::allocate`.
  [[nodiscard]] Result<void> resize(ByteCount bytes, std::source_location where = std::source_location::current());

  /// Sets the capacity to the size. Errors: those of `Strategy::allocate`.
  [[nodiscard]] Result<void> shrinkToFit(std::source_location where = std::source_location::current());

 private:
  [[nodiscard]] Result<void> setCapacity(ByteCount bytes, std::source_location where);

  Strategy& strategy_;
  GrowthPolicy policy_;
  ByteCount alignment_;
  ByteCount limitBytes_;
  ByteCount size_ = 0;
  ByteCount capacity_ = 0;
  std::optional<AllocationId> allocation_;
};

}  // namespace flux
