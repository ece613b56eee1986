#include "inspect/run_series.hpp"

#include "failure.hpp"

#include <algorithm>
#include <unordered_map>
#include <utility>

namespace flux::app {
namespace {

/// Where a column stands in the numbers of its kind; kMaxNumbers: there is none of that name.
constexpr std::size_t columnOf(RecordKind kind, std::string_view name) {
  std::string_view names = recordRow(kind).numbers;
  for (std::size_t column = 0; !names.empty(); ++column) {
    const std::size_t space = std::min(names.find(' '), names.size());
    if (names.substr(0, space) == name) return column;
    names.remove_prefix(std::min(space + 1, names.size()));
  }
  return RecordedEvent::kMaxNumbers;
}
static_assert(std::ranges::all_of(kRunRows,
                                  [](const RunRow& row) {
                                    return row.value == RunValue::Count ||
                                           columnOf(row.kind, row.column) != RecordedEvent::kMaxNumbers;
                                  }),
              "each row has a column that there is");

constexpr std::size_t kStepTimeLine = [] {
  const auto row = std::ranges::find_if(
      kRunRows, [](const RunRow& it) { return it.kind == RecordKind::Stepped && it.column == "took"; });
  return static_cast<std::size_t>(row - kRunRows.begin());
}();
static_assert(kStepTimeLine < kRunRows.size());

class SeriesReader {
 public:
  RunSeries read(RecordingReader reader) {
    for (const RunRow& row : kRunRows) {
      series_.lines.push_back({std::string(row.name), row.chart, row.unit, row.value != RunValue::Last, {}});
    }
    RecordedEvent event;
    for (;;) {
      const Result<bool> more = reader.next(event);
      if (!more) series_.damage = more.error();
      if (!more || !*more) break;
      ++series_.events;
      take(event);
    }
    series_.truncated = reader.truncated();
    if (series_.pool.kind != RecordKind::Pool) {
      throw Failure(series_.damage ? describe(*series_.damage) : "a recording without a pool");
    }
    finishStep();
    finishFrames();
    addOpenFrames();
    addLag();
    return std::move(series_);
  }

 private:
  void take(const RecordedEvent& event) {
    switch (event.kind) {
      case RecordKind::Device:
        series_.device = event.text;
        break;
      case RecordKind::Pool:
        series_.pool = event;
        break;
      case RecordKind::Step:
        finishStep();
        break;
      case RecordKind::IdleSteps:
        takeIdleSteps(event);
        break;
      case RecordKind::Stepped:
        step_ = {event.value("began"), event.value("took")};
        break;
      case RecordKind::Published:
        if (event.value("snapshot") != 0 && event.value("changes") != 0) {
          series_.publishes.push_back(
              {{event.value("began"), event.value("took")}, event.value("snapshot"), event.value("changes")});
        }
        break;
      default:
        if (recordRow(event.kind).group == RecordGroup::Frame) takeFrame(event);
        break;
    }
    for (std::size_t i = 0; i < kRunRows.size(); ++i) {
      if (kRunRows[i].kind == event.kind) add(i, event);
    }
    for (std::size_t i = 0; i < kRunMarks.size(); ++i) {
      if (kRunMarks[i].kind == event.kind) series_.marks.push_back({i, series_.steps.size() + 1, describe(event)});
    }
  }

  /// How they lay in their time is not known: evenly.
  void takeIdleSteps(const RecordedEvent& event) {
    const std::uint64_t count = event.value("count");
    if (count == 0 || count > kMostIdleSteps) return;  // the replay ends there
    const std::uint64_t spent = event.value("spent") / count;
    for (std::uint64_t i = 0; i < count; ++i) {
      finishStep();
      step_ = {event.value("began") + i * (event.value("took") / count), spent};
      now_[kStepTimeLine] = static_cast<double>(spent);
    }
  }

  void add(std::size_t line, const RecordedEvent& event) {
    const RunRow& row = kRunRows[line];
    if (row.value == RunValue::Count) {
      now_[line] += 1;
      return;
    }
    const auto number = static_cast<double>(event.numbers[columnOf(row.kind, row.column)]);
    now_[line] = row.value == RunValue::Sum ? now_[line] + number : number;
  }

  void takeFrame(const RecordedEvent& event) {
    const std::uint64_t time = event.value("time");
    if (event.kind == RecordKind::FrameBegan) {
      open_.insert_or_assign(event.numbers[0], series_.frames.size());
      series_.frames.push_back({event.text, event.value("thread"), event.value("snapshot"), time, 0, 0});
      return;
    }
    const auto found = open_.find(event.numbers[0]);
    if (found == open_.end()) return;
    RunFrame& frame = series_.frames[found->second];
    if (event.kind == RecordKind::FrameSubmits) {
      frame.submits = time;
    } else {
      frame.ended = time;
      open_.erase(found);
    }
  }

  void finishStep() {
    if (!step_) return;
    series_.steps.push_back(*std::exchange(step_, std::nullopt));
    for (std::size_t i = 0; i < kRunRows.size(); ++i) {
      series_.lines[i].values.push_back(now_[i]);
      if (kRunRows[i].value != RunValue::Last) now_[i] = 0;
    }
  }

  void finishFrames() {
    const std::uint64_t end = series_.end();
    for (const auto& [serial, frame] : open_) series_.frames[frame].ended = end;
    std::ranges::sort(series_.frames, {}, [](const RunFrame& frame) { return std::pair{frame.began, frame.ended}; });
    std::erase_if(series_.marks, [&](const RunMark& mark) { return mark.step > series_.steps.size(); });
  }

  /// When each step has ended.
  void addOpenFrames() {
    std::vector<std::uint64_t> ends;
    ends.reserve(series_.frames.size());
    for (const RunFrame& frame : series_.frames) ends.push_back(frame.ended);
    std::ranges::sort(ends);
    RunLine line{"open frames", RunChart::Waiting, RunUnit::Count, false, {}};
    std::size_t begun = 0;
    std::size_t ended = 0;
    for (const RunSpan& step : series_.steps) {
      const std::uint64_t now = step.began + step.took;
      while (begun < series_.frames.size() && series_.frames[begun].began <= now) ++begun;
      while (ended < ends.size() && ends[ended] <= now) ++ended;
      line.values.push_back(static_cast<double>(begun - std::min(begun, ended)));
    }
    series_.lines.push_back(std::move(line));
  }

  void addLag() {
    const std::vector<double>& waiting = series_.line("retired");
    const std::vector<double>& reclaimed = series_.line("reclaimed");
    RunLine line{"retirement lag", RunChart::Waiting, RunUnit::Count, false, {}};
    std::vector<double> retiredSoFar;
    double reclaimedSoFar = 0;
    std::size_t oldest = 0;  // The first step by which more had retired than has come free now.
    for (std::size_t i = 0; i < waiting.size(); ++i) {
      reclaimedSoFar += reclaimed[i];
      retiredSoFar.push_back(reclaimedSoFar + waiting[i]);
      while (oldest < i && retiredSoFar[oldest] <= reclaimedSoFar) ++oldest;
      line.values.push_back(waiting[i] > 0 ? static_cast<double>(i - oldest) : 0);
    }
    series_.lines.push_back(std::move(line));
  }

  RunSeries series_;
  std::optional<RunSpan> step_;  ///< The running one, once it has ended.
  std::array<double, kRunRows.size()> now_{};
  std::unordered_map<std::uint64_t, std::size_t> open_;  ///< Frames by their serial numbers.
};

}  // namespace

const std::vector<double>& RunSeries::line(std::string_view name) const {
  return std::ranges::find(lines, name, &RunLine::name)->values;
}

std::uint64_t RunSeries::end() const {
  std::uint64_t end = 0;
  if (!steps.empty()) end = steps.back().began + steps.back().took;
  if (!publishes.empty()) end = std::max(end, publishes.back().began + publishes.back().took);
  for (const RunFrame& frame : frames) end = std::max({end, frame.began, frame.ended});
  return end;
}

RunSeries readSeries(RecordingReader reader) {
  return SeriesReader().read(std::move(reader));
}

}  // namespace flux::app
