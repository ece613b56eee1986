#pragma once

#include "base/fixed_name.hpp"

#include <flux/result.hpp>
#include <flux/types.hpp>

#include <algorithm>
#include <array>
#include <cstdint>
#include <source_location>
#include <string_view>

namespace flux {

/// The owners that an application has named, what was moved for each, and what of it has left the device.
///
/// **Thread contract.** Geometry thread only.
class TagTable {
 public:
  struct Moved {
    std::uint64_t uploadedBytes = 0;
    std::uint64_t copiedBytes = 0;
    std::uint64_t relocatedBytes = 0;
    std::uint64_t evictions = 0;
    std::uint64_t evictedBytes = 0;
  };

  /// O(tags). Errors: InvalidArgument.
  Result<Tag> make(std::string_view name, std::source_location where) {
    Entry entry;
    copyName(entry.name, name);
    if (entry.nameView().empty()) return Unexpected(makeError(ErrorCode::InvalidArgument, "tag name", where));
    for (std::uint32_t i = 1; i < count_; ++i) {
      if (entries_[i].name == entry.name) return Tag{static_cast<std::uint8_t>(i)};
    }
    if (count_ == kMaxTags) return Unexpected(makeError(ErrorCode::InvalidArgument, "tags", where, {kMaxTags}));
    entries_[count_] = entry;
    return Tag{static_cast<std::uint8_t>(count_++)};
  }

  [[nodiscard]] bool has(Tag tag) const noexcept { return static_cast<std::uint32_t>(tag) < count_; }
  [[nodiscard]] std::uint32_t count() const noexcept { return count_; }

  // REQUIRES: `has(tag)`.
  /// Valid as long as the table.
  [[nodiscard]] std::string_view name(Tag tag) const noexcept { return of(tag).nameView(); }
  [[nodiscard]] const Moved& moved(Tag tag) const noexcept { return of(tag).moved; }
  void uploaded(Tag tag, ByteCount bytes) noexcept {
    entries_[static_cast<std::size_t>(tag)].moved.uploadedBytes += bytes;
  }
  void copied(Tag tag, ByteCount bytes) noexcept { entries_[static_cast<std::size_t>(tag)].moved.copiedBytes += bytes; }
  void relocated(Tag tag, ByteCount bytes) noexcept {
    entries_[static_cast<std::size_t>(tag)].moved.relocatedBytes += bytes;
  }
  /// One block.
  void evicted(Tag tag, ByteCount bytes) noexcept {
    Moved& moved = entries_[static_cast<std::size_t>(tag)].moved;
    ++moved.evictions;
    moved.evictedBytes += bytes;
  }

 private:
  struct Entry {
    std::array<char, 48> name{};
    Moved moved;
    [[nodiscard]] std::string_view nameView() const noexcept { return name.data(); }
  };
  [[nodiscard]] const Entry& of(Tag tag) const noexcept { return entries_[static_cast<std::size_t>(tag)]; }

  std::array<Entry, kMaxTags> entries_{};
  std::uint32_t count_ = 1;  ///< The first one is `kUntagged`.
};

}  // namespace flux
