#pragma once

#include "base/sync.hpp"

#include <flux/types.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace flux {

/// The handles that nobody uses: each index with the generation that its next block gets.
///
/// **Thread contract.** Any thread; a short lock. Threads that want many take a run at once.
/// **Cost.** O(handles taken or given).
///
/// **Invariants.** A handle that was taken is not taken again. Index 0 is never given out; generations are odd. An
/// index whose generation would wrap is not used again.
class HandleReserve {
 public:
  /// Indices 1 to `capacity`.
  explicit HandleReserve(std::uint32_t capacity) : capacity_(capacity) {}
  HandleReserve(const HandleReserve&) = delete;
  HandleReserve& operator=(const HandleReserve&) = delete;

  /// Fills `out` from the front; returns how many there were.
  [[nodiscard]] std::size_t take(std::span<BlockHandle> out);

  /// Gives handles back that were taken and not used.
  void giveBack(std::span<const BlockHandle> handles);

  /// Gives back an index whose block is gone and cannot be named by anybody any more: the next one has the next
  /// generation.
  void recycle(BlockHandle gone);

 private:
  sync::Mutex mutex_;
  std::uint32_t capacity_;
  std::uint32_t used_ = 0;  ///< Indices 1 to this have been given out at least once.
  std::vector<BlockHandle> unused_;
};

}  // namespace flux
