#pragma once

/// How threads other than the geometry thread add, update and remove geometry.

#include <flux/block.hpp>
#include <flux/frame.hpp>
#include <flux/result.hpp>
#include <flux/types.hpp>

#include <chrono>
#include <memory>
#include <source_location>
#include <span>

namespace flux {

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
/// **Cost.** A push to a lock-free queue; `Source::bytes` are copied once. A run of handles is reserved now and then.
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

  /// As the calls of `Pool` of the same name. Errors: QueueFull; the rest is reported by the step.
  [[nodiscard]] Result<void> remove(BlockHandle block, std::source_location where = std::source_location::current());
  [[nodiscard]] Result<void> retain(BlockHandle block, std::source_location where = std::source_location::current());
  [[nodiscard]] Result<void> release(BlockHandle block, std::source_location where = std::source_location::current());
  [[nodiscard]] Result<void> pin(BlockHandle block, std::source_location where = std::source_location::current());
  [[nodiscard]] Result<void> unpin(BlockHandle block, std::source_location where = std::source_location::current());
  [[nodiscard]] Result<void> request(BlockHandle block, Priority priority,
                                     std::source_location where = std::source_location::current());

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
