#pragma once

#include "transfer/read_state.hpp"

#include <flux/pool.hpp>
#include <flux/recording.hpp>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

namespace flux {

struct Instruction;
struct NewPartIds;

[[nodiscard]] ReadRange readRangeOf(const RecordedEvent& event);
[[nodiscard]] constexpr PartId partOf(std::uint64_t number) noexcept {
  return PartId{static_cast<std::uint32_t>(number)};
}

/// The calls of a replay that bring parts and bytes, with sources of the recorded kinds; and who has which bytes.
///
/// **Thread contract.** The player's.
class ReplayedParts {
 public:
  /// `quiet(true)`: what the pool does from now on is none of the recording's, until `quiet(false)`.
  ReplayedParts(Pool& pool, const ReplaySettings& settings, std::function<void(bool)> quiet)
      : pool_(pool), settings_(settings), quiet_(std::move(quiet)) {}

  /// What of a call no pool can have been asked; empty: nothing.
  [[nodiscard]] static std::string_view nonsense(const RecordedEvent& call);

  /// A call of the geometry thread.
  void perform(const RecordedEvent& call);

  /// A call of a producer, of any kind. Valid until the next call.
  [[nodiscard]] Instruction instructionOf(const RecordedEvent& call);

  /// A step has carried out the instructions before it.
  void noteStep();

  /// For `ReplaySettings::arrived`.
  void tellArrived();

 private:
  struct AddedLater {
    std::shared_ptr<const NewPartIds> ids;
    BlockHandle block;
    std::vector<ByteCount> bytes;
    std::uint64_t firstThing = 0;
  };

  [[nodiscard]] std::vector<PartDesc> newParts(const RecordedEvent& call, std::uint64_t firstThing);
  [[nodiscard]] std::vector<PartUpdate> updates(const RecordedEvent& call);
  [[nodiscard]] Source sourceOf(std::uint64_t number, ByteCount bytes, std::uint64_t thing, ByteOffset offset);
  [[nodiscard]] std::shared_ptr<std::byte[]> makeBytes(ByteCount bytes, std::uint64_t thing, ByteOffset offset);
  static bool fillPart(void* context, const FillRequest& request);
  void note(BlockHandle block, PartId part, ByteCount bytes, std::uint64_t thing);

  Pool& pool_;
  const ReplaySettings& settings_;
  const std::function<void(bool)> quiet_;
  std::uint64_t nextThing_ = 0;
  std::vector<std::shared_ptr<std::byte[]>> buffers_;  ///< Of the running call.
  std::shared_ptr<std::byte[]> nothing_;               ///< Bytes that nobody looks at.
  ByteCount nothingBytes_ = 0;
  std::map<std::pair<BlockHandle, PartId>, ReplayedPart> parts_;  ///< Known only if somebody fills them.
  std::vector<ReplayedPart> coming_;                              ///< Have not been seen since they got bytes.
  std::deque<AddedLater> addedLater_;
  std::vector<std::shared_ptr<ReadState>> reads_;  ///< That producers have asked for.
};

}  // namespace flux
