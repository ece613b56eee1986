#pragma once

#include "base/packed_handle.hpp"
#include "base/witness.hpp"

#include <flux/block.hpp>
#include <flux/device.hpp>
#include <flux/pool.hpp>

#include <array>
#include <chrono>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string_view>

namespace flux {

struct Instruction;

/// Something that the application asked of the pool. `recordRow(kind)` says what the numbers are; the block is the
/// first of them.
struct Call {
  static constexpr std::size_t kNumbers = 8;

  RecordKind kind;
  BlockHandle block{};
  std::array<std::uint64_t, kNumbers> numbers{};
  bool byProducer = false;
  std::string_view text{};
  std::span<const PartDesc> parts{};
  std::span<const PartUpdate> updates{};
  std::span<const PartId> ids{};
};

[[nodiscard]] Call callOf(BlockHandle handle, const BlockDesc& desc);
[[nodiscard]] Call callOf(const SharedPartDesc& desc);
[[nodiscard]] Call callOf(BlockHandle block, Priority priority);
[[nodiscard]] Call callOf(const ReadRange& range);
[[nodiscard]] Call callOf(BlockHandle block, PartId part, QueueValue written);
[[nodiscard]] Call callOf(const DefragGoal& goal);
[[nodiscard]] Call callOf(const StepQuota& quota, std::chrono::steady_clock::time_point now);
[[nodiscard]] Call callOf(const Instruction& instruction);

/// What a pool tells about itself: what it was asked, what it saw (`Witness`), what it did. A recorder writes it down.
/// A player, which makes the same calls, answers what was seen then, and compares what is done.
///
/// **Thread contract.** Geometry thread, but for what `Witness` says.
class Journal : public Witness {
 public:
  /// Before all else: the device that the pool is to use. `desc` has the hard limit that counts.
  [[nodiscard]] virtual Device& attach(Device& device, const PoolDesc& desc) = 0;
  /// The pool ends.
  virtual void detach() noexcept = 0;

  virtual void call(const Call& call) = 0;

  /// The pool did something; the names of the numbers stand in `recordRow(what)`.
  virtual void did(RecordKind what, std::initializer_list<std::uint64_t> numbers, std::string_view text = {}) = 0;

  /// Whether instructions come from here, and not from producers.
  [[nodiscard]] virtual bool instructs() const noexcept { return false; }
  /// The next one of the running step. False: there is none.
  [[nodiscard]] virtual bool next(Instruction& instruction) {
    (void)instruction;
    return false;
  }
  /// How many times as much staging the pool gets as its description says. A player refuses what was refused, and
  /// nothing else; but what lay in pages together then does not now.
  [[nodiscard]] virtual ByteCount stagingFactor() const noexcept { return 1; }

 protected:
  Journal() = default;
  ~Journal() = default;
  Journal(const Journal&) = default;
  Journal& operator=(const Journal&) = default;
};

}  // namespace flux
