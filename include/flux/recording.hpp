#pragma once

/// Reads and replays what a `Recorder` has written (docs/design/recording.md). Needs the target Flux::recorder.

#include <flux/device.hpp>
#include <flux/pool.hpp>
#include <flux/record_kind.hpp>
#include <flux/result.hpp>

#include <array>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <istream>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace flux {

/// One event of a recording. `recordRow(kind)` says what the numbers are.
struct RecordedEvent {
  static constexpr std::size_t kMaxNumbers = 32;

  RecordKind kind = RecordKind::End;
  bool byProducer = false;   ///< Of a call: another thread has asked for it.
  std::uint64_t number = 0;  ///< From 1 on.
  std::array<std::uint64_t, kMaxNumbers> numbers{};
  std::string text;
  std::vector<std::uint64_t> list;  ///< Row by row.

  /// A number by its name; 0 if the kind has none of that name. For tools: it compares names.
  [[nodiscard]] std::uint64_t value(std::string_view name) const noexcept;
};

/// One line for people, as `flux replay --print` shows it; control characters and invalid UTF-8 are escaped.
[[nodiscard]] std::string describe(const RecordedEvent& event);

/// The first bytes of every recording.
inline constexpr std::string_view kRecordingMagic = "flux recording\n";

/// Reads a recording front to back.
///
/// **Thread contract.** One thread at a time.
/// **Bounds.** Memory for one block of the file and the names of the last 4,096 things, whatever the file says.
class RecordingReader {
 public:
  /// Errors: FileError (it cannot be read), InvalidArgument (it is no recording), Unsupported (of another version).
  [[nodiscard]] static Result<RecordingReader> open(const std::filesystem::path& file);
  /// The same, from a stream; `name` is for errors.
  [[nodiscard]] static Result<RecordingReader> open(std::unique_ptr<std::istream> stream, std::string_view name);

  RecordingReader(RecordingReader&&) noexcept;
  RecordingReader& operator=(RecordingReader&&) noexcept;
  ~RecordingReader();

  /// The next event; false: there is none. Errors: InvalidArgument where the file is damaged (`position` says where);
  /// then there are no more. A file that just stops is no error: `truncated` says so at its end.
  [[nodiscard]] Result<bool> next(RecordedEvent& event);

  /// There is no more, and the recording had not ended.
  [[nodiscard]] bool truncated() const noexcept;

  /// Of the block of the file that the last event came from, in bytes.
  [[nodiscard]] std::uint64_t position() const noexcept;

 private:
  struct Impl;
  explicit RecordingReader(std::unique_ptr<Impl> impl) noexcept;
  std::unique_ptr<Impl> impl_;
};

/// Where a replay did something else than the recording says.
struct ReplayDifference {
  std::uint64_t event = 0;  ///< Its number.
  std::uint64_t position = 0;
  std::string expected;  ///< As the recording has it.
  std::string found;     ///< What the pool did, or asked.
};

/// A part of a replayed pool.
struct ReplayedPart {
  BlockHandle block;
  PartId part{};
  ByteCount bytes = 0;
  std::uint64_t thing = 0;  ///< Its number: no two parts of a recording have the same.
};

/// What a replay is to do beside repeating calls. A recording has no bytes; with both of these, parts have contents
/// that can be checked: always the same, since updates write again what was there.
struct ReplaySettings {
  /// Writes the bytes of a part from `offset` on. Empty: nobody does.
  std::function<void(std::uint64_t thing, ByteOffset offset, std::span<std::byte> bytes)> fill;
  /// Called after a publish with the parts that have arrived since the last call. The device has all that the frame
  /// sees; it ends with the call.
  std::function<void(const Frame& frame, std::span<const ReplayedPart> arrived)> arrived;
};

/// Does once more what a recorded program did to its pool, on one thread: the same calls, and the same answers to
/// whatever the pool asks. So it must do the same, and every place, chunk, copy and snapshot is compared.
///
/// The device may be another one than that of the recording. It makes real chunks and real copies; how far queues are
/// is answered as recorded, and copies are waited for before they are said to be done.
class RecordingPlayer {
 public:
  /// Reads what the recording says of its pool, and makes one on the device, which outlives this. Errors: those of
  /// `RecordingReader::next` and `Pool::create`; InvalidArgument (there is no pool in the recording); Unsupported names
  /// what the device lacks.
  [[nodiscard]] static Result<std::unique_ptr<RecordingPlayer>> create(RecordingReader reader, Device& device,
                                                                       const ReplaySettings& settings = {});
  ~RecordingPlayer();
  RecordingPlayer(const RecordingPlayer&) = delete;
  RecordingPlayer& operator=(const RecordingPlayer&) = delete;

  /// Replays up to the next call of the application, which it makes. False: it is over, one way or another. Errors: the
  /// recording is damaged, or this device has refused what the recorded one did not.
  [[nodiscard]] Result<bool> advance();

  /// The first difference; then the replay is over. None: it did the same so far.
  [[nodiscard]] const std::optional<ReplayDifference>& difference() const noexcept;

  [[nodiscard]] bool truncated() const noexcept;
  [[nodiscard]] Pool& pool() noexcept;
  [[nodiscard]] std::uint64_t events() const noexcept;
  [[nodiscard]] std::uint64_t steps() const noexcept;
  [[nodiscard]] std::uint64_t places() const noexcept;  ///< That were taken, and compared.

 private:
  class Impl;
  explicit RecordingPlayer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace flux
