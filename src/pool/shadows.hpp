#pragma once

#include "base/gauge.hpp"

#include <flux/readback.hpp>
#include <flux/source.hpp>
#include <flux/types.hpp>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <source_location>
#include <span>
#include <utility>
#include <vector>

namespace flux {

/// What a pool keeps on the host of the parts that ask for it: always the newest contents that were accepted, unless
/// the device has written since.
///
/// **Thread contract.** Geometry thread only; `bytes`, and what `Shadow::source` shares, may be read on any thread.
/// **Invariants.** Together they hold at most the limit. Bytes that somebody else has got are never written again.
class Shadows {
 public:
  explicit Shadows(ByteCount limitBytes) : limitBytes_(limitBytes) {}

  struct Shadow {
    Source source = Source::bytes({});  ///< Owned, of the whole part.
    std::shared_ptr<std::byte[]> own;   ///< The same bytes, if nobody else has made them.
    bool stale = false;                 ///< The device has written since.
    QueueValue written;                 ///< By that work.
    std::uint64_t changes = 0;          ///< Of the part, by either side.
    // While bytes come back:
    std::shared_ptr<std::byte[]> into;
    std::deque<std::pair<ByteOffset, Readback>> reads;
    std::uint64_t changesBefore = 0;
    std::source_location where{};  ///< Of who asked.
  };
  using Key = std::pair<std::uint32_t, PartId>;  ///< Index of the block.

  [[nodiscard]] bool fits(ByteCount bytes) const noexcept { return bytes <= limitBytes_ - bytes_; }
  [[nodiscard]] ByteCount bytes() const noexcept { return bytes_; }
  [[nodiscard]] ByteCount limitBytes() const noexcept { return limitBytes_; }

  /// Without a copy where the source owns its bytes and may share them. REQUIRES: it has them, and they fit.
  void keep(Key key, const Source& source, bool mayShare);
  [[nodiscard]] bool has(Key key) const { return shadows_.contains(key); }
  /// Null, if there is none.
  [[nodiscard]] const Shadow* find(Key key) const;
  [[nodiscard]] Shadow* find(Key key) { return const_cast<Shadow*>(std::as_const(*this).find(key)); }
  /// The part has new bytes from `offset` on.
  void write(Shadow& shadow, ByteOffset offset, std::span<const std::byte> bytes);
  void drop(Key key);
  void dropBlock(std::uint32_t index);

  /// Those that are being brought back, oldest first.
  [[nodiscard]] std::vector<Key>& refreshing() noexcept { return refreshing_; }

 private:
  ByteCount limitBytes_;
  Gauge<ByteCount> bytes_;
  std::map<Key, Shadow> shadows_;
  std::vector<Key> refreshing_;
};

}  // namespace flux
