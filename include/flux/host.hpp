#pragma once

/// A device of plain memory, complete and always built: for tests, for tools, for programs without a GPU.
/// It is a simulation of a GPU that runs late: submitted work happens when it *completes*, not before.

#include <flux/device.hpp>
#include <flux/frame.hpp>

#include <cstdint>
#include <memory>
#include <span>

namespace flux {

/// How a host device behaves. A program that asks for the same on a device with the same description gets the same
/// completions on every platform, except with `Worker` (G11).
struct HostDeviceDesc {
  /// When submitted work happens. It is *seen* (`Device::completed`) by the next `poll` or `wait`, whatever the mode.
  enum class Completion : std::uint8_t {
    Immediate,  ///< At the next `poll`.
    Manual,     ///< When `complete` is called.
    Delayed,    ///< After a number of `poll` calls between the two bounds, drawn from `seed`, queue and value.
    Worker,     ///< On a thread of its own, as soon as that gets there.
  };

  Completion completion = Completion::Delayed;
  std::uint32_t minDelayPolls = 1;
  std::uint32_t maxDelayPolls = 3;
  std::uint64_t seed = 1;
  std::uint32_t queueCount = 2;               ///< The copy queue and the application's; 1 to `kMaxQueues`.
  ByteCount heapBytes = 8 * kGiB;             ///< Chunks beyond it fail with OutOfDeviceMemory; pages do not count.
  std::uint32_t maxAllocations = 4096;        ///< Chunks and staging pages beyond it fail with TooManyChunks.
  std::uint32_t uniformAlignmentBytes = 256;  ///< As Direct3D 12 asks for.
  ByteCount directWriteBytes = 0;             ///< As `DeviceCaps::directWriteBytes`; 0: only copies reach chunks.
};

/// A range that simulated draws read when they complete, and what they found.
struct HostRead {
  ChunkIndex chunk{};
  ByteOffset offset = 0;
  ByteCount bytes = 0;
  std::uint64_t* hash = nullptr;  ///< Receives `hashBytes` of the range; valid until the work completes. May be null.
};

/// The byte that fills new chunks, new pages and reclaimed ranges.
inline constexpr std::byte kPoison{0xDB};

/// A `Device` with host memory behind it. Copies and reads run when their work completes, so that a
/// page that is overwritten too early, or a range that is used again too early, really corrupts what is drawn. Whoever
/// lets the queues run also poisons what came free: `poll` and `wait`, `complete` (`Manual`), a thread (`Worker`).
///
/// **Thread contract.** As `Device`; in addition `submitReads`, `complete`, `lose` and `submittedValue` may be called
/// from any thread.
///
/// **Invariants.**
/// - The work of a queue runs in order, each piece of work as a whole; across queues only `waits` order it.
/// - Within a batch the last piece is copied first: a batch that relies on an order does not work.
/// - `createChunk`, `openStaging`, `sealStaging` and `submit` answer InvalidArgument when an index or a range is wrong.
/// - `wait` drives the simulation instead of waiting for others (only `Worker` takes time), and answers Timeout at
///   once for a value that was never submitted.
/// - Work that is queued when the device is destroyed never happens.
class HostDevice : public Device {
 public:
  [[nodiscard]] static std::unique_ptr<HostDevice> create(const HostDeviceDesc& desc = {});

  /// Queues work on an application's queue that reads ranges when it completes, after every queue has
  /// reached its value in `waits`. Returns its value. O(n log n).
  [[nodiscard]] virtual TimelineValue submitReads(QueueId queue, std::span<const HostRead> reads,
                                                  std::span<const QueueValue> waits) = 0;

  /// Lets a queue's submitted work up to `value` happen, in order, before it returns; work whose waits are not met
  /// happens as soon as they are. For `Completion::Manual`.
  virtual void complete(QueueId queue, TimelineValue value) = 0;

  /// Loses the device: work that has not happened never happens, and from now on calls answer DeviceLost.
  virtual void lose() = 0;

  /// The last value submitted to a queue.
  [[nodiscard]] virtual TimelineValue submittedValue(QueueId queue) const noexcept = 0;

  /// The bytes of a chunk as they are now; empty when there is no such chunk. For tests, while nothing runs.
  [[nodiscard]] virtual std::span<const std::byte> bytes(ChunkIndex chunk) noexcept = 0;

  /// Ranges reclaimed or mapped to be written, chunks destroyed and pages closed, while work that reads or writes them
  /// was not yet seen to be complete. 0, or the program is wrong.
  [[nodiscard]] virtual std::uint64_t earlyReclaims() const noexcept = 0;

  /// Copies into chunks and mapped ranges so far with bytes that had been written since they were new or reclaimed. 0
  /// for a program that, like the pool, writes every place once; then it shows that nobody wrote to a range after it
  /// was reclaimed.
  [[nodiscard]] virtual std::uint64_t overwrites() const noexcept = 0;
};

/// Order-independent hash of a range, taken as 32-bit little-endian words (a last partial word is padded with
/// zeros). Shaders compute the same with one workgroup a range, because the words' terms are only added up:
///
///     h  = w ^ (i * 0x9E3779B9 + 0x7F4A7C15);            // w: the word, i: its index
///     h ^= h >> 16; h *= 0x7FEB352D; h ^= h >> 15; h *= 0x846CA68B; h ^= h >> 16;
///     lo += h;
///     g  = h * 0x297A2D39; g ^= g >> 15; hi += g;         // all modulo 2^32
///     result = hi << 32 | lo
///
/// The mixer is the 32-bit finaliser with the constants found by Chris Wellons' "hash-prospector" (2018).
[[nodiscard]] std::uint64_t hashBytes(std::span<const std::byte> bytes) noexcept;

}  // namespace flux
