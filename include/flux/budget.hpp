#pragma once

/// How much device memory a pool may take, and what keeps it from taking less.

#include <flux/types.hpp>

#include <cstdint>
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

}  // namespace flux
