#pragma once

/// Bytes that come back from the device.

#include <flux/result.hpp>
#include <flux/types.hpp>

#include <chrono>
#include <cstddef>
#include <memory>
#include <source_location>
#include <span>
#include <utility>

namespace flux {

/// A range of a part that is asked for.
struct ReadRange {
  BlockHandle block;
  PartId part{};
  ByteOffset offset = 0;  ///< In the part; any number.
  ByteCount bytes = 0;    ///< 0: all from `offset` on. At most `PoolDesc::stagingPageBytes`.
  /// Of the application's work that writes the bytes on the device: they are read after that. Value 0: nobody writes.
  QueueValue after{};
};

class ReadState;

/// Bytes of the device that have been asked for (`Pool::readBack`, `Producer::readBack`), and arrive by and by.
///
///     flux::Readback counts = pool->readBack({.block = block, .part = part}).value();
///     …                                                          // steps; nobody waits
///     if (counts.ready() && counts.take(std::as_writable_bytes(std::span(numbers)))) { … }
///
/// **Thread contract.** One thread at a time, which may be any: it is made to be handed to the thread that wants the
/// bytes. It may outlive the pool.
/// **Cost.** Until they are taken, or this is dropped, the bytes hold staging memory for readback
/// (`PoolDesc::readbackLimitBytes`), and others wait for it.
class Readback {
 public:
  /// Nothing has been asked for: never ready.
  Readback() = default;
  Readback(Readback&& other) noexcept = default;
  Readback& operator=(Readback&& other) noexcept;
  Readback(const Readback&) = delete;
  Readback& operator=(const Readback&) = delete;
  /// Nobody wants the bytes any more.
  ~Readback();

  /// The bytes are here, or never will be: `take` tells. Never blocks.
  [[nodiscard]] bool ready() const noexcept;

  /// Waits until `ready`, or for `timeout`. False: it timed out. Not on the geometry thread: its steps are what brings
  /// the bytes, and it must never wait for itself.
  [[nodiscard]] bool wait(std::chrono::nanoseconds timeout) const;

  /// Copies the bytes to the front of `destination`, gives their memory back and tells of which version of the block
  /// they are. Once. A memcpy from memory that the host caches. Errors: Timeout (not ready), InvalidArgument
  /// (`destination` is too small, and the bytes stay; or they have been taken), and of what was asked for: StaleHandle
  /// (the block or the part has been removed before its turn), NotResident (numbers: 1 if the block is lost; also: the
  /// pool has ended), DeviceLost.
  [[nodiscard]] Result<ContentVersion> take(std::span<std::byte> destination,
                                            std::source_location where = std::source_location::current());

 private:
  friend class Pool;
  friend class Producer;
  explicit Readback(std::shared_ptr<ReadState> state) noexcept : state_(std::move(state)) {}
  std::shared_ptr<ReadState> state_;
};

}  // namespace flux
