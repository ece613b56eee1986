#pragma once

#include <flux/recording.hpp>
#include <flux/result.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <istream>
#include <ostream>
#include <span>
#include <vector>

namespace flux {

/// The file: `kRecordingMagic`, the version as a byte, then blocks. A block is packed with zlib and stands behind its
/// sizes and the CRC-32 of its packed bytes, so that a file that was cut, or damaged, can be read up to there.
inline constexpr std::uint8_t kRecordingVersion = 4;

/// Three numbers of 32 bits, little-endian.
struct BlockHead {
  static constexpr std::size_t kBytes = 12;
  std::uint32_t bytes = 0;  ///< Unpacked.
  std::uint32_t packedBytes = 0;
  std::uint32_t crc = 0;
};

/// No block is larger, unpacked or packed.
inline constexpr std::uint32_t kMaxBlockBytes = 64U << 20U;

[[nodiscard]] bool writeFileHead(std::ostream& out);

/// False: the stream fails.
[[nodiscard]] bool writeBlock(std::ostream& out, std::span<const std::byte> bytes);

enum class BlockRead : std::uint8_t { Block, End, Cut, Damaged };

/// Reads one block into `bytes`.
[[nodiscard]] BlockRead readBlock(std::istream& in, std::vector<std::byte>& bytes);

}  // namespace flux
