#pragma once

/// A growing array of bytes that is written on the host and read on the device.
///
///     flux::DynamicBuffer instances({.name = "instances", .kind = flux::PartKind::Storage});
///     const auto gpu = instances.attach(*pool);
///     instances.assign(std::as_bytes(std::span(transforms))).value();     // the host's copy
///     instances.write(64 * 7, std::as_bytes(std::span(&moved, 1))).value();
///     instances.flush(gpu).value();                                       // before pool->step()
///     …
///     if (auto v = frame.find(instances.block(gpu), flux::DynamicBuffer::kPart); v.drawable()) { … }

#include <flux/growth.hpp>
#include <flux/pool.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <source_location>
#include <span>
#include <string_view>
#include <utility>

namespace flux {

/// How changes reach a block: `Pool::update` or `Pool::updateInPlace`.
enum class UpdateMode : std::uint8_t { Versioned, InPlace };

struct DynamicBufferDesc {
  std::string_view name = "buffer";  ///< Of its blocks; cut to 47 bytes.
  PartKind kind = PartKind::Vertex;
  Lifetime lifetime = Lifetime::Streaming;
  GrowthPolicy growth = GrowthPolicy::OneAndAHalf;
  UpdateMode updates = UpdateMode::Versioned;
  /// Changes that are no further apart are sent as one: see docs/design/update-ranges.md.
  ByteCount gapBytes = 256;
};

/// What a flush asked the pool for.
struct FlushReport {
  ByteCount bytes = 0;       ///< To send, bridged gaps included.
  std::uint32_t ranges = 0;  ///< In one call; 0: there was no call.
  bool newBlock = false;     ///< The buffer had another capacity: it got a new block, with all its bytes.
};

/// An array whose bytes live on the host, and copies of it in blocks of pools, each of which receives what has changed
/// since its own last flush. Writing marks what is sent: there is no other flag to set.
///
/// The copy on the host is what makes the rest simple: growth, ranges of any alignment, any number of pools, and
/// content that comes back after a lost device (attach to the new pool) all read from it.
///
/// **Thread contract.** One thread at a time, which for `flush`, `detach` and the destructor is the geometry thread of
/// the pool. Pools outlive the buffer, or are detached before they go.
/// **Units.** Bytes.
/// **Growth.** Larger capacities need another block. The old one is what frames draw until the new one is there, and it
/// is removed in the flush after that; its memory is used again when no frame can read it any more (G4).
class DynamicBuffer {
  struct Impl;

 public:
  /// The part of the buffer's block that holds its bytes, of `capacity()` bytes.
  static constexpr PartId kPart{0};

  /// One that `attach` has given.
  enum class Consumer : std::uint32_t {};

  /// Write access to a range. Its end marks the range as changed; until then the buffer refuses everything else.
  class Mapping {
   public:
    Mapping(Mapping&& other) noexcept : buffer_(std::exchange(other.buffer_, nullptr)), bytes_(other.bytes_) {}
    Mapping& operator=(Mapping&&) = delete;
    Mapping(const Mapping&) = delete;
    Mapping& operator=(const Mapping&) = delete;
    ~Mapping();

    /// What is there, to be changed.
    [[nodiscard]] std::span<std::byte> bytes() const noexcept { return bytes_; }

   private:
    friend class DynamicBuffer;
    Mapping(Impl& buffer, std::span<std::byte> bytes) noexcept : buffer_(&buffer), bytes_(bytes) {}
    Impl* buffer_;
    std::span<std::byte> bytes_;
  };

  explicit DynamicBuffer(const DynamicBufferDesc& desc = {});
  DynamicBuffer(DynamicBuffer&&) noexcept;
  DynamicBuffer& operator=(DynamicBuffer&&) noexcept;
  DynamicBuffer(const DynamicBuffer&) = delete;
  DynamicBuffer& operator=(const DynamicBuffer&) = delete;
  /// Removes its blocks. REQUIRES: nothing is mapped.
  ~DynamicBuffer();

  // The host's copy. Errors of all: InvalidArgument ("mapped"), and TooLarge where the size may grow. A call that fails
  // changes nothing.

  /// Makes these bytes the content, and their number the size. Grows if it must.
  [[nodiscard]] Result<void> assign(std::span<const std::byte> bytes,
                                    std::source_location where = std::source_location::current());

  /// Overwrites [offset, offset + bytes.size()). Errors: InvalidArgument if that is not inside the size.
  [[nodiscard]] Result<void> write(ByteOffset offset, std::span<const std::byte> bytes,
                                   std::source_location where = std::source_location::current());

  /// Changes the size. What is there stays; what is added is 0. Never gives capacity back.
  [[nodiscard]] Result<void> resize(ByteCount bytes, std::source_location where = std::source_location::current());

  /// Makes room for a size of `bytes`, as the policy says; nothing if there is room.
  [[nodiscard]] Result<void> reserve(ByteCount bytes, std::source_location where = std::source_location::current());

  /// Makes the capacity the size.
  [[nodiscard]] Result<void> shrinkToFit(std::source_location where = std::source_location::current());

  /// Gives access to a range. Never waits: the device has copies of its own. Errors: InvalidArgument, as `write`.
  [[nodiscard]] Result<Mapping> map(ByteOffset offset, ByteCount bytes,
                                    std::source_location where = std::source_location::current());

  [[nodiscard]] std::span<const std::byte> bytes() const noexcept;
  [[nodiscard]] ByteCount size() const noexcept { return bytes().size(); }
  [[nodiscard]] ByteCount capacity() const noexcept;

  // Its copies on devices.

  /// From now on `pool` has a copy, which the first flush makes.
  [[nodiscard]] Consumer attach(Pool& pool);

  /// Removes the copy. It is no consumer any more.
  void detach(Consumer consumer);

  /// Asks the pool for what has changed since this consumer's last flush: all of it, or nothing if that fails. A buffer
  /// that is updated in place sends what is too large for that as a new version. No call if nothing has changed.
  /// O(ranges + bytes to send). Errors: those of `Pool::add`, `Pool::update` and `Pool::updateInPlace`.
  [[nodiscard]] Result<FlushReport> flush(Consumer consumer,
                                          std::source_location where = std::source_location::current());

  /// What frames look up; another one after a growth was flushed. Null before the first flush, and with a capacity of
  /// 0.
  [[nodiscard]] BlockHandle block(Consumer consumer) const noexcept;

 private:
  std::unique_ptr<Impl> impl_;
};

}  // namespace flux
