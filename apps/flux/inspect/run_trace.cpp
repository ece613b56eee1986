#include "inspect/run_trace.hpp"

#include "inspect/page_data.hpp"

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

namespace flux::app {
namespace {

using OrderedJson = nlohmann::ordered_json;

constexpr int kProcess = 1;
constexpr int kGeometryThread = 1;

class Trace {
 public:
  void nameThings(const std::string& process) {
    name("process_name", process);
    name("thread_name", "geometry thread");
  }

  void slice(const std::string& name, const RunSpan& span, OrderedJson arguments) {
    OrderedJson event = begin(name, "X", span.began);
    event["dur"] = microseconds(span.took);
    event["args"] = std::move(arguments);
    add(span.began, std::move(event));
  }
  void counter(const std::string& name, std::uint64_t time, OrderedJson values) {
    OrderedJson event = begin(name, "C", time);
    event["args"] = std::move(values);
    add(time, std::move(event));
  }
  void instant(const std::string& name, std::uint64_t time, OrderedJson arguments) {
    OrderedJson event = begin(name, "i", time);
    event["s"] = "p";  // as high as the process
    event["args"] = std::move(arguments);
    add(time, std::move(event));
  }
  void frame(const std::string& name, std::size_t number, const RunFrame& frame) {
    OrderedJson from = begin(name, "b", frame.began);
    OrderedJson to = begin(name, "e", frame.ended);
    for (OrderedJson* event : {&from, &to}) {
      (*event)["cat"] = "frame";
      (*event)["id"] = number;
    }
    from["args"] = {{"snapshot", frame.snapshot}, {"thread", frame.thread}};
    if (frame.submits != 0) from["args"]["submits after us"] = microseconds(frame.submits - frame.began);
    add(frame.began, std::move(from));
    add(frame.ended, std::move(to));
  }

  std::string text() {
    std::ranges::sort(events_, {}, [](const Event& event) { return std::pair{event.time, event.number}; });
    std::string text = "{\"displayTimeUnit\":\"ms\",\"traceEvents\":[\n";
    for (std::size_t i = 0; i < events_.size(); ++i) {
      text += events_[i].json.dump(-1, ' ', false, OrderedJson::error_handler_t::replace);
      text += i + 1 < events_.size() ? ",\n" : "\n";
    }
    return text + "]}\n";
  }

 private:
  struct Event {
    std::uint64_t time = 0;
    std::size_t number = 0;  ///< Those of one time stay in their order.
    OrderedJson json;
  };

  static double microseconds(std::uint64_t time) { return static_cast<double>(time) / 1e3; }

  static OrderedJson begin(const std::string& name, const char* phase, std::uint64_t time) {
    return {{"name", name}, {"ph", phase}, {"ts", microseconds(time)}, {"pid", kProcess}, {"tid", kGeometryThread}};
  }
  void name(const char* what, const std::string& name) {
    OrderedJson event = begin(what, "M", 0);
    event["args"] = {{"name", name}};
    add(0, std::move(event));
  }
  void add(std::uint64_t time, OrderedJson event) { events_.push_back({time, events_.size(), std::move(event)}); }

  std::vector<Event> events_;
};

/// A counter a line, but only where it changes.
void addCounters(const RunSeries& series, const std::vector<RunLine>& lines, Trace& trace) {
  for (const RunLine& line : lines) {
    if (line.chart == RunChart::TimeAStep) continue;  // those are the slices
    const std::string name = line.name;
    for (std::size_t i = 0; i < line.values.size(); ++i) {
      if (i > 0 && line.values[i] == line.values[i - 1]) continue;
      trace.counter(name, series.steps[i].began + series.steps[i].took,
                    {{std::string(kRunUnitNames[static_cast<std::size_t>(line.unit)]), line.values[i]}});
    }
  }
}

}  // namespace

std::string traceOf(const RunSeries& series, const RunMaps& maps) {
  const std::vector<RunLine> lines = linesOf(series, maps);
  Trace trace;
  trace.nameThings("Flux on " + series.device);
  for (std::size_t i = 0; i < series.steps.size(); ++i) {
    OrderedJson arguments{{"step", i + 1}};
    for (const RunLine& line : lines) {
      if (line.values[i] != 0 && line.chart != RunChart::TimeAStep) arguments[line.name] = line.values[i];
    }
    trace.slice("step", series.steps[i], std::move(arguments));
  }
  for (const RunPublish& publish : series.publishes) {
    trace.slice("publish", publish, {{"snapshot", publish.snapshot}, {"changes", publish.changes}});
  }
  for (std::size_t i = 0; i < series.frames.size(); ++i) {
    const RunFrame& frame = series.frames[i];
    trace.frame(frame.label.empty() ? "frame" : frame.label, i + 1, frame);
  }
  addCounters(series, lines, trace);
  for (const RunMark& mark : series.marks) {
    trace.instant(std::string(kRunMarks[mark.row].name), series.steps[mark.step - 1].began,
                  {{"event", mark.text}, {"step", mark.step}});
  }
  for (const RunRefusal& refusal : maps.refusals) {
    if (series.steps.empty()) break;
    const std::size_t step = std::clamp<std::size_t>(refusal.firstStep, 1, series.steps.size());
    trace.instant("no memory: " + refusal.name, series.steps[step - 1].began,
                  {{"error", refusal.error}, {"why", refusal.explanation}, {"bytes", refusal.request.bytes}});
  }
  return trace.text();
}

}  // namespace flux::app
