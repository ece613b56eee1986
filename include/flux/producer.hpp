#pragma once

/// How threads other than the geometry thread add, update and remove geometry.

#include <flux/block.hpp>
#include <flux/frame.hpp>
#include <flux/readback.hpp>
#include <flux/result.hpp>
#include <flux/types.hpp>

#include <chrono>
#include <memory>
#include <source_location>
#include <span>
#include <utility>

namespace flux {

struct NewPartIds;

/// The ids of parts that a producer has asked for: they are known when a step has carried the instruction out.
///
/// **Thread contract.** Like `std::shared_ptr`: copies may be used on different threads at once, one copy may not. A
/// look at it never blocks. It may outlive the producer and the pool.
class AddedParts {
 public:
  /// A step has carried the instruction out or refused it. Never, if the pool ends before. O(1).
  [[nodiscard]] bool done() const noexcept;

  /// In the order in which the parts were given; empty before `done`, and if the instruction was refused. Valid as long
  /// as a copy of this. O(1).
  [[nodiscard]] std::span<const PartId> ids() const noexcept;

 private:
  friend class Producer;
  explicit AddedParts(std::shared_ptr<const NewPartIds> ids) noexcept : ids_(std::move(ids)) {}
  std::shared_ptr<const NewPartIds> ids_;
};

/// One thread's way to ask the geometry thread: instructions, run in their order by the next `Pool::step`.
///
///     flux::Producer producer = pool->makeProducer();                    // any thread
///     flux::BlockHandle rock  = producer.add({.name = "rock", .parts = parts}).value();
///
/// **Thread contract.** `Pool::makeProducer` makes it on any thread. One thread uses a producer at a time; any number
/// of producers work at once, without a lock between them. The pool must outlive it.
///
/// **Guarantees.** Instructions of one producer keep their order, across producers there is none. A handle is valid
/// for other instructions at once; frames find the block when it has been published. An instruction that cannot be
/// carried out is reported in `StepReport::errors`, with the block's name and the place of this call; the others still
/// run. What waits is bounded (`PoolDesc::maxInstructions`, `maxInstructionBytes`; bytes count until the device has
/// them): beyond it a call answers QueueFull and has no effect.
///
/// **Cost.** A push to a lock-free queue; `Source::bytes` are copied once, into staging, or to the heap while staging
/// has no room, and then once more. A run of handles is reserved now and then. While a pool that evicts
/// (`PoolDesc::evicts`) is nearly full, `add` also copies what its store may have to keep, so that no step does.
class Producer {
 public:
  Producer(Producer&& other) noexcept;
  Producer& operator=(Producer&& other) noexcept;
  ~Producer();

  /// As `Pool::add`. Errors: QueueFull, TooManyBlocks; the rest is reported by the step.
  [[nodiscard]] Result<BlockHandle> add(const BlockDesc& desc,
                                        std::source_location where = std::source_location::current());

  /// As `Pool::update`. Errors: QueueFull; the rest is reported by the step.
  [[nodiscard]] Result<void> update(BlockHandle block, std::span<const PartUpdate> parts,
                                    std::source_location where = std::source_location::current());

  /// As `Pool::updateInPlace`. Errors: QueueFull; the rest is reported by the step.
  [[nodiscard]] Result<void> updateInPlace(BlockHandle block, std::span<const PartUpdate> parts,
                                           std::source_location where = std::source_location::current());

  /// As `Pool::addParts`. Only the geometry thread knows which ids a block's next parts get, so the parts can be named
  /// when the answer is `done`; frames find them when they have been published. Errors: QueueFull; the rest is reported
  /// by the step.
  [[nodiscard]] Result<AddedParts> addParts(BlockHandle block, std::span<const PartDesc> parts,
                                            std::source_location where = std::source_location::current());

  /// As `Pool::removeParts`. Errors: QueueFull; the rest is reported by the step.
  [[nodiscard]] Result<void> removeParts(BlockHandle block, std::span<const PartId> parts,
                                         std::source_location where = std::source_location::current());

  /// As the calls of `Pool` of the same name. Errors: QueueFull; the rest is reported by the step.
  [[nodiscard]] Result<void> remove(BlockHandle block, std::source_location where = std::source_location::current());
  [[nodiscard]] Result<void> retain(BlockHandle block, std::source_location where = std::source_location::current());
  [[nodiscard]] Result<void> release(BlockHandle block, std::source_location where = std::source_location::current());
  [[nodiscard]] Result<void> pin(BlockHandle block, std::source_location where = std::source_location::current());
  [[nodiscard]] Result<void> unpin(BlockHandle block, std::source_location where = std::source_location::current());
  [[nodiscard]] Result<void> request(BlockHandle block, Priority priority,
                                     std::source_location where = std::source_location::current());

  /// As `Pool::readBack`, of which also all errors but QueueFull come with the answer.
  [[nodiscard]] Result<Readback> readBack(const ReadRange& range,
                                          std::source_location where = std::source_location::current());

  /// Takes staging memory to fill in place and to give to `add` or `update` as `Source::staged`. Errors:
  /// InvalidArgument (0 bytes, or more than `PoolDesc::stagingPageBytes`), StagingFull: the next step makes room, or
  /// later ones do.
  [[nodiscard]] Result<StagedBytes> stage(ByteCount bytes,
                                          std::source_location where = std::source_location::current());

  /// The same for several pieces, such as the parts of a block: at the price of one. They lie in one page, so together
  /// they have at most `PoolDesc::stagingPageBytes`, each at a multiple of 16. REQUIRES: `staged` has a place for each.
  [[nodiscard]] Result<void> stage(std::span<const ByteCount> bytes, std::span<StagedBytes> staged,
                                   std::source_location where = std::source_location::current());

  /// Waits until `stage(bytes)` may succeed after StagingFull, or for `timeout`. False: it timed out. Several pieces
  /// take the sum of their bytes, each rounded up to a multiple of 16.
  /// Not on the geometry thread: it is the one that makes room, and it must never wait for itself.
  [[nodiscard]] bool waitForStaging(ByteCount bytes, std::chrono::nanoseconds timeout);

  /// Waits until there is room again after QueueFull, or for `timeout`. False: it timed out.
  /// Not on the geometry thread: it is the one that makes room, and it must never wait for itself.
  [[nodiscard]] bool waitForRoom(std::chrono::nanoseconds timeout);

 private:
  friend class Pool;
  struct Impl;
  explicit Producer(std::unique_ptr<Impl> impl) noexcept;
  std::unique_ptr<Impl> impl_;
};

}  // namespace flux
