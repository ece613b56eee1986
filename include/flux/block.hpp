#pragma once

/// What blocks are made from.

#include <flux/source.hpp>
#include <flux/types.hpp>

#include <cstdint>
#include <span>
#include <string_view>

namespace flux {

/// How long a block is expected to live. Long-lived blocks get chunks of their own, which the churn of
/// streaming never touches.
enum class Lifetime : std::uint8_t { Streaming, LongLived };

struct PartDesc {
  PartKind kind = PartKind::Vertex;
  ByteCount bytes = 0;
  Source source = Source::bytes({});
  /// The pool keeps a copy of the bytes on the host (`Pool::shadow`): without copying them if the source owns them,
  /// which a callback does not. Not in shared blocks.
  bool kept = false;
};

/// A new block. Views are only read during the call.
struct BlockDesc {
  std::string_view name;            ///< For errors, dumps and tools; cut to 47 bytes.
  std::span<const PartDesc> parts;  ///< 1 to 64 parts; their ids are 0, 1, 2, …
  Lifetime lifetime = Lifetime::Streaming;
  BlockHandle fallback;  ///< Drawn while this one is absent; null: skip it then.
  std::uint64_t userData = 0;
  Tag tag = kUntagged;  ///< Its owner: `Pool::makeTag`.
  /// Steps may move it for room; frames see it all the while. A block that the device itself writes should not.
  bool movable = true;
};

/// New contents for one part of a block, or for a range of it. `offset` and the range's end are multiples of 4 bytes,
/// or the end is the part's.
struct PartUpdate {
  PartId part{};
  Source source = Source::bytes({});  ///< Of exactly the range's bytes.
  ByteOffset offset = 0;              ///< Of the range in the part.
  ByteCount bytes = 0;                ///< Of the range; 0: all from `offset` on.
};

/// A small thing that shares blocks with others: see `Pool::addShared`. Views are only read during the call.
struct SharedPartDesc {
  /// Things of one affinity lie together: those of one material, one region, one level of detail. Any number.
  std::uint64_t affinity = 0;
  PartDesc part;
  Lifetime lifetime = Lifetime::Streaming;
  std::string_view name;  ///< Of the block that is made if none has a gap; for errors, dumps and tools.
  /// Its owner: `Pool::makeTag`. Things of different owners never share a block, so that each block is one owner's.
  Tag tag = kUntagged;
};

/// Names such a thing.
struct SharedPart {
  BlockHandle block;
  PartId part{};

  friend constexpr bool operator==(const SharedPart&, const SharedPart&) noexcept = default;
};

/// The most parts of one shared block: its layout is written anew when one of them changes.
inline constexpr std::uint32_t kMaxSharedParts = 256;

}  // namespace flux
