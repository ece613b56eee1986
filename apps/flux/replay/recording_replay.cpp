#include "replay/recording_replay.hpp"

#include "backends.hpp"
#include "failure.hpp"
#include "interrupt.hpp"
#include "replay/pattern.hpp"
#include "text_table.hpp"

#include <flux/host.hpp>

#include <nlohmann/json.hpp>

#include <chrono>
#include <fstream>
#include <ostream>

namespace flux::app {
namespace {

using Clock = std::chrono::steady_clock;

[[noreturn]] void fail(const std::filesystem::path& file, const Error& error) {
  throw Failure(file.string() + ": " + describe(error));
}

/// The device that the recording was made on, as its first event has it.
RecordedEvent recordedDevice(const std::filesystem::path& file) {
  RecordingReader reader = openRecording(file);
  RecordedEvent event;
  const Result<bool> read = reader.next(event);
  if (!read) fail(file, read.error());
  if (!*read || event.kind != RecordKind::Device) throw Failure(file.string() + ": a recording of nothing");
  return event;
}

PatternId patternOf(std::uint64_t thing) {
  constexpr unsigned kHalf = 32;
  return {{static_cast<std::uint32_t>(thing), static_cast<std::uint32_t>(thing >> kHalf)}, {}, 0};
}

/// Has the device hash what has arrived, and compares.
class Checks {
 public:
  Checks(ReplayTarget& target, RecordingResult& result) : target_(target), result_(result) {}

  void operator()(const Frame& frame, std::span<const ReplayedPart> parts) {
    if (parts.empty()) return;
    places_.clear();
    for (const ReplayedPart& part : parts) places_.push_back(frame.find(part.block, part.part).place);
    const QueueValue copied{kCopyQueue, target_.device().completed(kCopyQueue)};
    (void)target_.submit(places_, {&copied, copied.value != 0 ? 1U : 0U});
    const std::span<const std::uint64_t> hashes = target_.finishOldest();
    for (std::size_t i = 0; i < parts.size(); ++i) {
      bytes_.resize(static_cast<std::size_t>(parts[i].bytes));
      fillPattern(patternOf(parts[i].thing), 0, bytes_);
      ++result_.verifiedParts;
      result_.verifiedBytes += bytes_.size();
      if (places_[i].bytes == bytes_.size() && hashes[i] == hashBytes(bytes_)) continue;
      if (result_.wrongParts++ != 0) continue;
      result_.firstWrong = "part " + std::to_string(static_cast<std::uint32_t>(parts[i].part)) + " of block " +
                           std::to_string(parts[i].block.index) + " in snapshot " + std::to_string(frame.snapshot());
    }
  }

 private:
  ReplayTarget& target_;
  RecordingResult& result_;
  std::vector<Place> places_;
  std::vector<std::byte> bytes_;
};

}  // namespace

RecordingReader openRecording(const std::filesystem::path& file) {
  Result<RecordingReader> reader = RecordingReader::open(file);
  if (!reader) fail(file, reader.error());
  return std::move(*reader);
}

bool isRecording(const std::filesystem::path& file) {
  std::string head(kRecordingMagic.size(), '\0');
  std::ifstream(file, std::ios::binary).read(head.data(), static_cast<std::streamsize>(head.size()));
  return head == kRecordingMagic;
}

RecordingResult replayRecording(const ReplayOptions& options, const std::filesystem::path& file) {
  const RecordedEvent recorded = recordedDevice(file);
  const std::unique_ptr<ReplayTarget> target =
      requireBackend(options.backend)
          .makeTarget({.verify = options.verify,
                       .validate = options.validate,
                       .directWriteBytes = recorded.value("directWriteBytes")});
  const DeviceCaps& caps = target->device().caps();
  RecordingResult result;
  result.recording = file.string();
  result.recordedDevice = recorded.text;
  result.backend = toString(caps.backend);
  result.device = caps.deviceName;
  result.driver = caps.driverName;
  result.verify = options.verify;

  Checks checks(*target, result);
  ReplaySettings settings;
  if (options.verify) {
    settings.fill = [](std::uint64_t thing, ByteOffset offset, std::span<std::byte> bytes) {
      fillPattern(patternOf(thing), offset, bytes);
    };
    settings.arrived = std::ref(checks);
  }
  const InterruptGuard interrupts;
  const auto begin = Clock::now();
  Result<std::unique_ptr<RecordingPlayer>> player =
      RecordingPlayer::create(openRecording(file), target->device(), settings);
  if (!player) fail(file, player.error());
  for (;;) {
    const Result<bool> more = (*player)->advance();
    if (!more) fail(file, more.error());
    result.interrupted = InterruptGuard::interrupted();
    const bool enough = options.frames != 0 && (*player)->steps() == options.frames;
    if (!*more || result.interrupted || enough) break;
  }
  result.events = (*player)->events();
  result.steps = (*player)->steps();
  result.places = (*player)->places();
  result.difference = (*player)->difference();
  result.truncated = (*player)->truncated();
  player->reset();
  const ReplayTarget::Messages messages = target->messages();
  result.validationMessages = messages.count;
  result.firstValidationMessages = messages.first;
  result.seconds = std::chrono::duration<double>(Clock::now() - begin).count();
  return result;
}

nlohmann::ordered_json toJson(const RecordingResult& result) {
  nlohmann::ordered_json json;
  json["recording"] = result.recording;
  json["recordedDevice"] = result.recordedDevice;
  json["backend"] = result.backend;
  json["device"] = result.device;
  json["driver"] = result.driver;
  json["verify"] = result.verify;
  json["truncated"] = result.truncated;
  json["interrupted"] = result.interrupted;
  json["seconds"] = result.seconds;
  json["events"] = result.events;
  json["steps"] = result.steps;
  json["places"] = result.places;
  if (result.difference) {
    json["difference"] = {{"event", result.difference->event},
                          {"position", result.difference->position},
                          {"expected", result.difference->expected},
                          {"found", result.difference->found}};
  }
  json["verifiedParts"] = result.verifiedParts;
  json["verifiedBytes"] = result.verifiedBytes;
  json["wrongParts"] = result.wrongParts;
  json["firstWrong"] = result.firstWrong;
  json["validationMessages"] = result.validationMessages;
  json["firstValidationMessages"] = result.firstValidationMessages;
  return json;
}

std::string failureOf(const RecordingResult& result) {
  const auto named = [&](const std::string& what) { return result.recording + ": " + what; };
  if (result.difference) {
    return named("event " + std::to_string(result.difference->event) + " differs: " + result.difference->expected +
                 " was recorded, the replay did " + result.difference->found);
  }
  if (result.wrongParts > 0) {
    return named(std::to_string(result.wrongParts) + " parts have wrong bytes; the first: " + result.firstWrong);
  }
  if (result.validationMessages > 0) {
    return named(validationText(result.validationMessages, result.firstValidationMessages));
  }
  return {};
}

void printSummary(const RecordingResult& result, std::ostream& out) {
  out << "flux replay " << result.recording << " on " << result.backend << ": " << result.device << '\n';
  TextTable table(out);
  table.row("recorded on", result.recordedDevice);
  std::string end = result.interrupted ? " (interrupted)" : "";
  if (result.truncated) end = ", up to where the file is cut";
  table.row("steps", countText(result.steps) + end,
            countText(result.events) + " events in " + fixedText(result.seconds, 1) + " s");
  table.row("places", countText(result.places),
            result.difference ? "then it DIFFERS at event " + countText(result.difference->event) : "all the same");
  if (result.difference) {
    table.row("recorded", result.difference->expected);
    table.row("now", result.difference->found);
  }
  const std::string verdict = result.wrongParts > 0 ? countText(result.wrongParts) + " WRONG PARTS"
                              : result.verify       ? "all right"
                                                    : "not verified (--verify does)";
  table.row("verified", verdict,
            result.verify ? bytesText(result.verifiedBytes) + " in " + countText(result.verifiedParts) + " parts" : "");
  if (result.validationMessages > 0) {
    table.row("validation", countText(result.validationMessages) + " MESSAGES", result.firstValidationMessages[0]);
  }
}

void printRecording(const std::filesystem::path& file, std::ostream& out) {
  RecordingReader reader = openRecording(file);
  RecordedEvent event;
  for (;;) {
    const Result<bool> more = reader.next(event);
    if (!more) fail(file, more.error());
    if (!*more) break;
    out << event.number << ' ' << describe(event) << '\n';
  }
  if (reader.truncated()) out << "the file is cut here\n";
}

}  // namespace flux::app
