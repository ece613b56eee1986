#pragma once

/// A dump, read back.

#include <flux/types.hpp>

#include <array>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

namespace flux::app {

/// A range of a chunk.
struct DumpPlace {
  std::uint32_t chunk = 0;
  ByteOffset offset = 0;
  ByteCount bytes = 0;
  friend constexpr bool operator==(const DumpPlace&, const DumpPlace&) noexcept = default;
};

struct DumpPart {
  std::uint8_t kind = 0;  ///< Index of `DumpFile::kinds`.
  std::uint32_t bytes = 0;
};

/// How a block stands; of several things the last one counts.
enum class DumpState : std::uint8_t { Resident, Changing, Pinned, Absent, Lost, Evicted };
inline constexpr std::array<std::string_view, 6> kDumpStateNames{
    "resident", "resident, newer bytes on their way", "pinned", "absent", "lost", "evicted"};

struct DumpBlock {
  std::uint32_t index = 0;
  std::uint32_t generation = 0;
  std::string name;
  std::uint8_t tag = 0;
  DumpState state = DumpState::Absent;
  bool longLived = false;
  ByteCount liveBytes = 0;
  std::uint32_t version = 0;
  std::uint32_t requestedVersion = 0;
  std::uint32_t owners = 0;
  std::uint32_t pins = 0;
  std::uint64_t ageSteps = 0;
  std::optional<std::uint32_t> framesSinceUse;
  std::optional<DumpPlace> place;
  std::optional<DumpPlace> movesTo;  ///< Another place than its own.
  std::string waitsFor;              ///< In words; empty: for nothing.
  std::vector<DumpPart> parts;

  /// Of the kind of parts that has most of its bytes; none: it shows no part.
  [[nodiscard]] std::optional<std::uint8_t> mainKind() const;
};

struct DumpRetired {
  DumpPlace place;
  std::string waitsFor;  ///< In words.
};

struct DumpHole {
  ByteOffset offset = 0;
  ByteCount bytes = 0;
};

struct DumpChunk {
  std::uint32_t index = 0;
  ByteCount bytes = 0;
  ByteCount freeBytes = 0;
  bool longLived = false;
  bool dedicated = false;
  bool inService = true;
  std::uint64_t ageSteps = 0;
  std::uint32_t ranges = 0;
  std::vector<DumpHole> holes;

  [[nodiscard]] ByteCount largestHole() const;
};

/// What `Pool::dump` has written. Its small parts stay the JSON that they are (`head`: all but blocks, chunks and
/// retired ranges).
struct DumpFile {
  std::string name;  ///< Of the file.
  nlohmann::json head;
  std::vector<std::string> kinds;  ///< Of parts, in the order in which they are met.
  std::vector<DumpChunk> chunks;   ///< By index.
  std::vector<DumpBlock> blocks;   ///< By index.
  std::vector<DumpRetired> retired;
  std::vector<DumpPlace> mirrors;

  [[nodiscard]] std::string tagName(std::uint8_t tag) const;
};

/// Throws Failure: the file cannot be read, is no JSON (with line and column), no dump, or one of another version.
[[nodiscard]] DumpFile readDump(const std::filesystem::path& file);

/// The same, of text that has been read; `name` is the file's.
[[nodiscard]] DumpFile parseDump(const std::string& text, std::string name);

}  // namespace flux::app
