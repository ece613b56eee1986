#pragma once

#include "base/reserved_memory.hpp"

#include <flux/frame.hpp>

#include <atomic>
#include <cstdint>

namespace flux {

/// What render threads tell the geometry thread about blocks: which they drew, and which they missed. It is the one
/// thing that they write, and lies beside the snapshots, never in them.
///
/// **Thread contract.** `use` and `miss`: any thread, wait-free, plain relaxed stores. The rest: geometry thread.
///
/// **Invariants.** A miss that is stored before `takeMisses` begins is found by that call or the next one; misses of
/// one block may merge, a priority may lose against another one of the same moment. A block that is still wanted is
/// missed again in the next frame.
class UsageBoard {
 public:
  /// Memory of one record, without the flags of its page.
  static constexpr std::size_t kRecordBytes = sizeof(std::uint32_t) + sizeof(std::uint8_t);

  explicit UsageBoard(std::uint32_t capacity)
      : lastUsed_(capacity), missed_(capacity), pages_(capacity / kPageRecords + 1) {}

  /// Makes [0, count) usable. False: the system has no memory.
  [[nodiscard]] bool commit(std::uint32_t count) noexcept {
    return lastUsed_.commit(count) && missed_.commit(count) && pages_.commit(count / kPageRecords + 1);
  }

  /// Notes that the frame with this stamp drew a block. Stamps are not 0.
  void use(std::uint32_t index, std::uint32_t stamp) noexcept {
    const std::atomic_ref<std::uint32_t> last(lastUsed_[index]);
    // A line that is only read stays shared between the processor's caches.
    if (last.load(std::memory_order_relaxed) != stamp) last.store(stamp, std::memory_order_relaxed);
  }

  void miss(std::uint32_t index, Priority priority) noexcept {
    raise(missed_[index], static_cast<std::uint8_t>(priority));
    // From the inside out: who sees a flag finds what it stands for.
    raise(pages_[index / kPageRecords], 1);
    if (!any_.load(std::memory_order_relaxed)) any_.store(true, std::memory_order_release);
  }

  /// The stamp of the last frame that drew a block; 0: none.
  [[nodiscard]] std::uint32_t lastUsed(std::uint32_t index) const noexcept {
    return std::atomic_ref(lastUsed_[index]).load(std::memory_order_relaxed);
  }

  /// For an index that gets a new block.
  void reset(std::uint32_t index) noexcept {
    std::atomic_ref(lastUsed_[index]).store(0, std::memory_order_relaxed);
    std::atomic_ref(missed_[index]).store(0, std::memory_order_relaxed);
  }

  /// Calls `visit(index, priority)` for every block that was missed since the last call. One read when there is none;
  /// otherwise O(records / 4096 + misses * 4096 at worst), in byte-wide reads.
  template <class Visit>
  void takeMisses(std::uint32_t count, const Visit& visit) {
    if (!any_.load(std::memory_order_acquire)) return;
    any_.store(false, std::memory_order_relaxed);
    for (std::uint32_t page = 0; page * kPageRecords < count; ++page) {
      if (!take(pages_[page])) continue;
      const std::uint32_t end = std::min(count, (page + 1) * kPageRecords);
      for (std::uint32_t i = page * kPageRecords; i < end; ++i) {
        if (const std::uint8_t priority = take(missed_[i])) visit(i, Priority{priority});
      }
    }
  }

 private:
  static constexpr std::uint32_t kPageRecords = 4096;

  static void raise(std::uint8_t& flag, std::uint8_t value) noexcept {
    const std::atomic_ref<std::uint8_t> shared(flag);
    if (shared.load(std::memory_order_relaxed) < value) shared.store(value, std::memory_order_release);
  }
  static std::uint8_t take(std::uint8_t& flag) noexcept {
    const std::atomic_ref<std::uint8_t> shared(flag);
    const std::uint8_t value = shared.load(std::memory_order_acquire);
    if (value != 0) shared.store(0, std::memory_order_relaxed);
    return value;
  }

  ReservedArray<std::uint32_t> lastUsed_;
  ReservedArray<std::uint8_t> missed_;  ///< By index: the priority; 0: not missed.
  ReservedArray<std::uint8_t> pages_;   ///< Whether some record of the page may be missed.
  std::atomic<bool> any_{false};
};

}  // namespace flux
