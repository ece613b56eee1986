#pragma once

/// What an application has asked a pool for, so plainly that it cannot be wrong.

#include "pool/pool_test_tools.hpp"

#include <flux/pool.hpp>

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace flux::test {

/// The hashes of a part's contents, each from a version of its block on. Submissions keep it longer than the part.
struct ContentHistory {
  /// Updates in place have no version: a frame may meet any contents of a part that gets them.
  bool overwritten = false;
  std::vector<std::pair<ContentVersion, std::uint64_t>> hashes;

  [[nodiscard]] std::uint64_t hashAt(ContentVersion version) const {
    std::uint64_t hash = 0;
    for (const auto& [from, contents] : hashes) {
      if (from <= version) hash = contents;
    }
    return hash;
  }
  [[nodiscard]] bool has(std::uint64_t hash, ContentVersion version) const {
    if (!overwritten) return hash == hashAt(version);
    for (const auto& [from, contents] : hashes) {
      if (contents == hash) return true;
    }
    return false;
  }
};

/// A part: its key, from which its first bytes follow, and its newest bytes.
struct ModelPart {
  std::uint32_t key = 0;
  std::vector<std::byte> bytes;
  ContentVersion added = 0;  ///< The first version of the block that has it.
  bool kept = false;
  std::shared_ptr<ContentHistory> history = std::make_shared<ContentHistory>();

  void change(ContentVersion version, std::vector<std::byte> to) {
    bytes = std::move(to);
    history->hashes.emplace_back(version, hashBytes(bytes));
  }
};

/// A block. Open frames may still draw what has been removed.
struct ModelBlock {
  BlockHandle handle;
  ContentVersion version = 1;
  bool live = true;
  bool shared = false;
  bool longLived = false;
  std::uint32_t owners = 1;
  std::uint32_t pins = 0;
  std::optional<RangeView> pinnedAt;  ///< Its final place.
  Tag tag = kUntagged;
  std::map<PartId, ModelPart> parts;
  struct Removed {
    ModelPart part;
    SnapshotNumber last = 0;  ///< That has it.
  };
  std::map<PartId, Removed> removed;

  void removePart(PartId id, SnapshotNumber last) {
    const auto found = parts.find(id);
    removed.emplace(id, Removed{std::move(found->second), last});
    parts.erase(found);
  }
  /// Without it.
  void remove(SnapshotNumber last) {
    while (!parts.empty()) removePart(parts.begin()->first, last);
    live = false;
  }
};

}  // namespace flux::test
