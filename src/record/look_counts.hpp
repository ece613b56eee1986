#pragma once

#include <flux/record_kind.hpp>

#include <array>
#include <cstddef>
#include <cstdint>

namespace flux {

/// What was seen, kind by kind: so that both sides know which answer is to be expected, and a recording holds the
/// others only, with the number of the look.
class LookCounts {
 public:
  struct Look {
    std::uint64_t count = 0;
    std::uint64_t expected = 0;  ///< What the next one finds if nothing happens.
  };
  static constexpr std::size_t kMost = 8;  ///< Of one kind.

  [[nodiscard]] Look& of(RecordKind what, std::uint32_t which) noexcept {
    return looks_[static_cast<std::size_t>(what) * kMost + which];
  }

  /// What is to be expected after an answer.
  [[nodiscard]] static std::uint64_t after(RecordKind what, std::uint64_t answer) noexcept {
    switch (what) {
      case RecordKind::StagingRefused:
      case RecordKind::SealingRefused:
      case RecordKind::RecyclingRefused:
      case RecordKind::SourceFailed:
      case RecordKind::ReadForgotten:
      case RecordKind::ChunkRefused:
      case RecordKind::SubmitRefused:
      case RecordKind::PollFailed:
      case RecordKind::MissCount:
      case RecordKind::VictimCount:
      case RecordKind::VictimUsed:
      case RecordKind::DropCount:
        return 0;
      case RecordKind::SubmitValue:
        return answer + 1;
      default:
        return answer;
    }
  }

 private:
  std::array<Look, kRecordKindCount * kMost> looks_{};
};

}  // namespace flux
