#pragma once

/// The contents of replayed objects: a function of who they are, so that any amount of them costs no memory and
/// bytes that are wrong, old or in the wrong place give themselves away.

#include <flux/types.hpp>

#include <cstddef>
#include <cstdint>
#include <span>

namespace flux::app {

/// One of the contents that a part has in its life. Generations make them differ from those of earlier blocks and parts
/// with the same indices.
struct PatternId {
  BlockHandle block;
  PartId part{};
  std::uint32_t contents = 0;
};

/// Writes the bytes from `offset` on. 32-bit word i is a hash of the id plus i times an odd number: every word of an
/// object differs, and writing runs at the memory's speed.
void fillPattern(const PatternId& id, ByteOffset offset, std::span<std::byte> out) noexcept;

}  // namespace flux::app
