#pragma once

#include <flux/record_kind.hpp>
#include <flux/result.hpp>
#include <flux/types.hpp>

#include <cstdint>
#include <source_location>
#include <span>
#include <string_view>

namespace flux {

/// Looks on when the geometry thread asks what it cannot know by itself: how far frames, queues and other threads are.
/// One that records writes the answers down; one that replays answers what was written down. So the rest of the code
/// does the same in both.
///
/// **Thread contract.** `see`: geometry thread. What frames tell: any thread.
class Witness {
 public:
  /// The outside answers `value`; what counts is what this returns. `which`: below 8, where one kind has several.
  [[nodiscard]] virtual std::uint64_t see(RecordKind what, std::uint64_t value, std::uint32_t which = 0) = 0;

  virtual void frameBegan(std::uint64_t serial, const char* label, std::uint64_t thread, SnapshotNumber snapshot) = 0;
  virtual void frameSubmits(std::uint64_t serial) = 0;
  virtual void frameEnded(std::uint64_t serial, std::span<const QueueValue> submitted) = 0;

 protected:
  Witness() = default;
  ~Witness() = default;
  Witness(const Witness&) = default;
  Witness& operator=(const Witness&) = default;
};

/// Mostly nobody looks on.
[[nodiscard]] inline std::uint64_t witnessed(Witness* witness, RecordKind what, std::uint64_t value,
                                             std::uint32_t which = 0) {
  return witness == nullptr ? value : witness->see(what, value, which);
}

/// Error codes as numbers; 0: all went well.
template <class T>
[[nodiscard]] std::uint64_t numberOf(const Result<T>& result) {
  return result ? 0 : std::uint64_t{1} + static_cast<std::uint64_t>(result.error().code);
}
[[nodiscard]] constexpr ErrorCode errorCodeOf(std::uint64_t number) noexcept {
  return static_cast<ErrorCode>(number - 1);
}

/// Whether it went well, as the witness has it. What a player makes fail is said to be `what`.
template <class T>
[[nodiscard]] Result<void> witnessedResult(Witness& witness, RecordKind kind, const Result<T>& result,
                                           std::string_view what, std::uint32_t which) {
  const std::uint64_t seen = witness.see(kind, numberOf(result), which);
  if (!result) return Unexpected(result.error());
  if (seen == 0) return {};
  return Unexpected(makeError(errorCodeOf(seen), what, std::source_location::current()));
}

}  // namespace flux
