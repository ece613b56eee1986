#pragma once

/// What descriptions and sources are in a recording: both ways in one place.

#include <flux/pool.hpp>
#include <flux/recording.hpp>

#include <array>
#include <cstdint>

namespace flux {

[[nodiscard]] std::array<std::uint64_t, 7> numbersOf(const DeviceCaps& caps) noexcept;
[[nodiscard]] std::array<std::uint64_t, 24> numbersOf(const PoolDesc& desc) noexcept;

/// Of an event of kind Device, and of kind Pool. What makes no sense is as it is, for `Pool::create` to refuse.
[[nodiscard]] DeviceCaps capsOf(const RecordedEvent& event);
[[nodiscard]] PoolDesc descOf(const RecordedEvent& event);

/// In which way a part's bytes come.
enum class SourceKind : std::uint8_t { Bytes, Staged, Owned, Callback, LastingCallback };
inline constexpr std::uint64_t kSourceKinds = 5;

/// The kind of a source, and whether the pool keeps a copy.
[[nodiscard]] inline std::uint64_t sourceNumber(const Source& source, bool kept) noexcept {
  SourceKind kind = SourceKind::Bytes;
  if (source.stagedBytes()) kind = SourceKind::Staged;
  if (source.isLater()) kind = source.data().data() != nullptr ? SourceKind::Owned : SourceKind::Callback;
  if (source.isLasting()) kind = SourceKind::LastingCallback;
  return static_cast<std::uint64_t>(kind) + (kept ? kSourceKinds : 0);
}

}  // namespace flux
