#pragma once

/// How much device memory a pool may take, what keeps it from taking less, and what would leave for something else.

#include <flux/types.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace flux {

/// Limits of device memory.
struct Budget {
  /// Chunks never take more, but while the limit has fallen and blocks are leaving. 0: what the device has for this
  /// process; it is asked some times a second, and followed.
  ByteCount hardBytes = 0;
  /// Blocks are added, or come back, only while what blocks take stays below it (of pools that evict). 0: 90 % of the
  /// hard limit.
  ByteCount softBytes = 0;
};

/// Why a block stays on the device.
enum class HeldBy : std::uint8_t {
  Pin,       ///< `Pool::pin`.
  Lifetime,  ///< It is long-lived, and has not been demoted.
  Pool,      ///< It does not evict (`PoolDesc::evicts`).
};

struct HeldBlock {
  BlockHandle block;
  std::string_view name;  ///< Valid until the next call.
  ByteCount bytes = 0;    ///< Of its place.
  HeldBy by = HeldBy::Pin;
};

/// What no eviction frees.
struct HeldMemory {
  ByteCount chunkBytes = 0;  ///< Of all chunks in which something is held, mirrors of the records included.
  ByteCount pinnedBytes = 0;
  ByteCount longLivedBytes = 0;
  std::vector<HeldBlock> blocks;  ///< By index.
};

/// A block that would leave the device.
struct EvictedBlock {
  BlockHandle block;
  std::string_view name;  ///< Valid until the next call.
  Tag tag = kUntagged;
  ByteCount bytes = 0;          ///< Of its place.
  ByteCount readBackBytes = 0;  ///< Of it: what is nowhere else, and has to be copied to the host first.
  std::optional<std::uint32_t> framesSinceUse;  ///< Why it is this one; none: no frame ever drew it.
};

/// The answer of `Pool::wouldEvict`: what would have to go.
struct EvictionReport {
  ByteCount neededBytes = 0;         ///< So much has to leave; 0: there is room.
  ByteCount goingBytes = 0;          ///< So much is on its way already, and not among them.
  ByteCount evictedBytes = 0;        ///< Of `blocks`.
  std::vector<EvictedBlock> blocks;  ///< In the order in which they would leave.

  // Bytes of places that have to stay, each by the first reason that it has.
  ByteCount pinnedBytes = 0;     ///< `Pool::heldMemory` lists them, …
  ByteCount longLivedBytes = 0;  ///< … and these.
  ByteCount changingBytes = 0;   ///< Contents of them are on their way, or have just arrived.
  ByteCount drawnBytes = 0;      ///< Some of the last frames has drawn them.
  ByteCount homelessBytes = 0;   ///< The store has no more room for what they have (`PoolDesc::storeLimitBytes`).

  /// Whether enough may leave.
  explicit operator bool() const noexcept { return evictedBytes >= neededBytes; }
};

/// The report in one sentence for people. Allocates.
[[nodiscard]] std::string explain(const EvictionReport& report);

}  // namespace flux
