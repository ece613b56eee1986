#pragma once

/// `flux replay` of recordings (flux/recording.hpp): the pool does once more what it did, on whatever device.

#include "replay/replay.hpp"

#include <flux/recording.hpp>

#include <nlohmann/json_fwd.hpp>

#include <cstdint>
#include <filesystem>
#include <iosfwd>
#include <optional>
#include <string>
#include <vector>

namespace flux::app {

/// One recording, replayed. Field names are the names in the JSON.
struct RecordingResult {
  std::string recording;       ///< The file.
  std::string recordedDevice;  ///< On which it was made.
  std::string backend, device, driver;
  bool verify = false;
  bool truncated = false;    ///< The file is cut; all that is in it was replayed.
  bool interrupted = false;  ///< What follows is of the part that had been replayed by then.
  double seconds = 0;
  std::uint64_t events = 0, steps = 0;
  std::uint64_t places = 0;  ///< That blocks took, and that were the same.
  std::optional<ReplayDifference> difference;
  std::uint64_t verifiedParts = 0;
  ByteCount verifiedBytes = 0;
  std::uint64_t wrongParts = 0;
  std::string firstWrong;
  std::uint64_t validationMessages = 0;
  std::vector<std::string> firstValidationMessages;
};

/// Throws a `Failure` with the file's name.
[[nodiscard]] RecordingReader openRecording(const std::filesystem::path& file);

/// Whether the file begins like a recording.
[[nodiscard]] bool isRecording(const std::filesystem::path& file);

/// Of the options it regards where to run, what to check, and how many frames (steps, here). Throws Failure for what
/// cannot be read or replayed.
[[nodiscard]] RecordingResult replayRecording(const ReplayOptions& options, const std::filesystem::path& file);

[[nodiscard]] nlohmann::ordered_json toJson(const RecordingResult& result);

/// Why the replay has to be called a failure, in one line; empty when it has not.
[[nodiscard]] std::string failureOf(const RecordingResult& result);

/// A table for people.
void printSummary(const RecordingResult& result, std::ostream& out);

/// The events, one a line.
void printRecording(const std::filesystem::path& file, std::ostream& out);

}  // namespace flux::app
