#pragma once

/// What a recording says of a run, step by step, straight from its events.

#include <flux/record_kind.hpp>
#include <flux/recording.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace flux::app {

/// Lines that belong together are drawn together, in this order; those of Listed stand in tables and traces only.
enum class RunChart : std::uint8_t { Memory, Fragmentation, BytesAStep, Waiting, TimeAStep, CountsAStep, Listed };
inline constexpr std::array<std::string_view, 7> kRunChartTitles{
    "Memory", "Fragmentation", "Bytes a step", "Frames and retirement", "Time a step", "Blocks a step", ""};

enum class RunUnit : std::uint8_t { Bytes, Count, Nanoseconds, Part };
inline constexpr std::array<std::string_view, 4> kRunUnitNames{"bytes", "count", "ns", "part"};

/// How the events of a step become its number.
enum class RunValue : std::uint8_t { Last, Sum, Count };

/// A line that is taken from a column of one kind of event.
struct RunRow {
  std::string_view name;
  RunChart chart;
  RunUnit unit;
  RecordKind kind;
  RunValue value;
  std::string_view column = {};
};

/// All of them. A new kind of event takes a row here, and one in `kRunMarks` if people want to see each.
inline constexpr std::array kRunRows{
    RunRow{"live", RunChart::Memory, RunUnit::Bytes, RecordKind::Stepped, RunValue::Last, "liveBytes"},
    RunRow{"reserved", RunChart::Memory, RunUnit::Bytes, RecordKind::Stepped, RunValue::Last, "reservedBytes"},
    RunRow{"retired", RunChart::Memory, RunUnit::Bytes, RecordKind::Stepped, RunValue::Last, "retiredBytes"},
    RunRow{"staging", RunChart::Memory, RunUnit::Bytes, RecordKind::Stepped, RunValue::Last, "stagingBytes"},
    RunRow{"uploaded", RunChart::BytesAStep, RunUnit::Bytes, RecordKind::Stepped, RunValue::Sum, "uploadedBytes"},
    RunRow{"copied on the device", RunChart::BytesAStep, RunUnit::Bytes, RecordKind::Stepped, RunValue::Sum,
           "copiedBytes"},
    RunRow{"moved for room", RunChart::BytesAStep, RunUnit::Bytes, RecordKind::Stepped, RunValue::Sum,
           "relocatedBytes"},
    RunRow{"read back", RunChart::BytesAStep, RunUnit::Bytes, RecordKind::Stepped, RunValue::Sum, "readBackBytes"},
    RunRow{"evicted", RunChart::BytesAStep, RunUnit::Bytes, RecordKind::Stepped, RunValue::Sum, "evictedBytes"},
    RunRow{"reclaimed", RunChart::BytesAStep, RunUnit::Bytes, RecordKind::Stepped, RunValue::Sum, "reclaimedBytes"},
    RunRow{"step", RunChart::TimeAStep, RunUnit::Nanoseconds, RecordKind::Stepped, RunValue::Sum, "took"},
    RunRow{"publish", RunChart::TimeAStep, RunUnit::Nanoseconds, RecordKind::Published, RunValue::Sum, "took"},
    RunRow{"blocks waiting for bytes", RunChart::CountsAStep, RunUnit::Count, RecordKind::Stepped, RunValue::Last,
           "waitingBlocks"},
    RunRow{"blocks arrived", RunChart::CountsAStep, RunUnit::Count, RecordKind::Stepped, RunValue::Sum,
           "completedBlocks"},
    RunRow{"blocks chosen to leave", RunChart::CountsAStep, RunUnit::Count, RecordKind::VictimCount, RunValue::Sum,
           "count"},
    RunRow{"changes published", RunChart::CountsAStep, RunUnit::Count, RecordKind::Published, RunValue::Sum, "changes"},
    RunRow{"places taken", RunChart::Listed, RunUnit::Count, RecordKind::PlaceTaken, RunValue::Count},
    RunRow{"places given back", RunChart::Listed, RunUnit::Count, RecordKind::PlaceFreed, RunValue::Count},
    RunRow{"instructions", RunChart::Listed, RunUnit::Count, RecordKind::Stepped, RunValue::Sum, "instructions"},
    RunRow{"misses", RunChart::CountsAStep, RunUnit::Count, RecordKind::Stepped, RunValue::Sum, "misses"},
    RunRow{"calls refused", RunChart::CountsAStep, RunUnit::Count, RecordKind::Refused, RunValue::Count},
    RunRow{"chunks made", RunChart::Listed, RunUnit::Count, RecordKind::ChunkMade, RunValue::Count},
    RunRow{"chunks released", RunChart::Listed, RunUnit::Count, RecordKind::ChunkGone, RunValue::Count},
    RunRow{"publishes put off", RunChart::Listed, RunUnit::Count, RecordKind::Published, RunValue::Sum, "deferred"},
    RunRow{"blocks", RunChart::Listed, RunUnit::Count, RecordKind::Stepped, RunValue::Last, "blocks"},
    RunRow{"chunks", RunChart::Listed, RunUnit::Count, RecordKind::Stepped, RunValue::Last, "chunks"},
};

/// Kinds of which each event is shown.
struct RunMarkRow {
  RecordKind kind;
  std::string_view name;
  bool bad;
};
inline constexpr std::array kRunMarks{
    RunMarkRow{RecordKind::Refused, "call refused", true},
    RunMarkRow{RecordKind::Reported, "reported", true},
    RunMarkRow{RecordKind::ChunkRefused, "chunk refused by the device", true},
    RunMarkRow{RecordKind::SubmitRefused, "copies refused by the device", true},
    RunMarkRow{RecordKind::StagingRefused, "staging refused by the device", true},
    RunMarkRow{RecordKind::PollFailed, "device failed", true},
    RunMarkRow{RecordKind::SourceFailed, "source failed", true},
    RunMarkRow{RecordKind::ChunkMade, "chunk made", false},
    RunMarkRow{RecordKind::ChunkGone, "chunk released", false},
};

struct RunLine {
  std::string name;
  RunChart chart = RunChart::Memory;
  RunUnit unit = RunUnit::Count;
  bool addsUp = false;         ///< What steps had makes a sum.
  std::vector<double> values;  ///< One a step.
};

/// Times are nanoseconds since the recording began.
struct RunSpan {
  std::uint64_t began = 0;
  std::uint64_t took = 0;
};

struct RunPublish : RunSpan {
  std::uint64_t snapshot = 0;
  std::uint64_t changes = 0;
};

struct RunFrame {
  std::string label;
  std::uint64_t thread = 0;
  std::uint64_t snapshot = 0;
  std::uint64_t began = 0;
  std::uint64_t submits = 0;  ///< When it began to submit; 0: it never did.
  std::uint64_t ended = 0;    ///< Where the recording ends, if the frame does not before.
};

struct RunMark {
  std::size_t row = 0;  ///< Of `kRunMarks`.
  std::size_t step = 0;
  std::string text;  ///< The event in words.
};

/// A step begins with the call of it; the calls that follow, up to the next step, belong to it, too. What comes before
/// the first one is the first one's.
struct RunSeries {
  std::string device;          ///< On which it was recorded.
  RecordedEvent pool;          ///< What was recorded, of kind Pool.
  std::vector<RunSpan> steps;  ///< Step n is at n - 1.
  std::vector<RunLine> lines;
  std::vector<RunPublish> publishes;
  std::vector<RunFrame> frames;  ///< In the order in which they began.
  std::vector<RunMark> marks;
  std::uint64_t events = 0;
  bool truncated = false;       ///< The file just stops.
  std::optional<Error> damage;  ///< Where it cannot be read any further.

  /// The line of that name. REQUIRES: there is one.
  [[nodiscard]] const std::vector<double>& line(std::string_view name) const;
  /// When the last step, publish or frame has ended.
  [[nodiscard]] std::uint64_t end() const;
};

/// Reads to the end, or to where the recording is cut or damaged. Beside `kRunRows` there are the lines "open frames"
/// and "retirement lag": for how many steps the oldest of the retired bytes has waited, if what retires first comes
/// free first. Throws Failure if there is no pool in it.
[[nodiscard]] RunSeries readSeries(RecordingReader reader);

}  // namespace flux::app
