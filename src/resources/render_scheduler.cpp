#include <flux/render_scheduler.hpp>

#include "resources/cost_split.hpp"
#include "resources/draw_costs.hpp"

#include <flux/assert.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <vector>

namespace flux {
namespace {

using std::chrono::nanoseconds;

static_assert(RenderScheduler::kBatchItems <= 64, "what was drawn of a batch is noted in the bits of a word");

nanoseconds steadyNow() {
  return std::chrono::steady_clock::now().time_since_epoch();
}

double imbalanceOf(std::span<const PartReport> parts) noexcept {
  nanoseconds slowest{0};
  nanoseconds sum{0};
  for (const PartReport& part : parts) {
    slowest = std::max(slowest, part.time);
    sum += part.time;
  }
  if (sum <= nanoseconds{0}) return 1;
  return static_cast<double>(slowest.count()) * static_cast<double>(parts.size()) / static_cast<double>(sum.count());
}

}  // namespace

class RenderScheduler::Impl {
 public:
  explicit Impl(const RenderSchedulerDesc& desc)
      : minItems_(std::max(desc.minItemsPerPart, 1U)),
        clock_(desc.clock ? desc.clock : steadyNow),
        ends_(std::max(desc.maxParts, 1U)),
        parts_(ends_.size()) {}

  ScheduleReport record(const Frame& frame, std::span<const DrawItem> items, TaskRunner& tasks,
                        DrawRecorder& recorder) {
    costs_.begin(items, frame.view().recordCount);
    const std::span<PartReport> parts = split(items);
    if (!parts.empty()) {
      // One pointer, which no implementation of std::function puts on the heap.
      const Job job{*this, frame, items, recorder};
      tasks.run(static_cast<std::uint32_t>(parts.size()), [&job](std::uint32_t part) { job.run(part); });
    }
    costs_.end(items);
    ScheduleReport report;
    report.parts = parts;
    for (const PartReport& part : parts) {
      report.drawn += part.drawn;
      report.fallbacks += part.fallbacks;
      report.skipped += part.skipped;
    }
    report.imbalance = imbalanceOf(parts);
    return report;
  }

 private:
  struct Job {
    Impl& impl;
    const Frame& frame;
    std::span<const DrawItem> items;
    DrawRecorder& recorder;

    void run(std::uint32_t part) const;
    std::uint64_t lookUp(std::uint32_t first, std::uint32_t count, PartReport& report,
                         std::span<ScheduledDraw> draws) const;
  };

  std::span<PartReport> split(std::span<const DrawItem> items) {
    const std::size_t useful = std::clamp<std::size_t>(items.size() / minItems_, 1, parts_.size());
    const std::size_t count = items.empty() ? 0 : useful;
    splitByCost(costs_.estimates(), std::span(ends_).first(count));
    for (std::size_t part = 0; part < count; ++part) {
      parts_[part] = {};
      parts_[part].begin = part == 0 ? 0 : ends_[part - 1];
      parts_[part].end = ends_[part];
    }
    return std::span(parts_).first(count);
  }

  std::uint32_t minItems_;
  std::function<nanoseconds()> clock_;
  DrawCosts costs_;
  std::vector<std::uint32_t> ends_;
  std::vector<PartReport> parts_;
};

void RenderScheduler::Impl::Job::run(std::uint32_t part) const {
  PartReport report = impl.parts_[part];
  std::array<ScheduledDraw, kBatchItems> draws;
  const nanoseconds start = impl.clock_();
  recorder.begin(part);
  nanoseconds before = impl.clock_();
  for (std::uint32_t first = report.begin; first < report.end; first += kBatchItems) {
    const std::uint32_t count = std::min(kBatchItems, report.end - first);
    const std::uint32_t drawnBefore = report.drawn + report.fallbacks;
    const std::uint64_t drawn = lookUp(first, count, report, draws);
    const std::uint32_t found = report.drawn + report.fallbacks - drawnBefore;
    if (found != 0) recorder.record(frame, part, std::span(draws).first(found));
    const nanoseconds after = impl.clock_();
    impl.costs_.learn(first, count, drawn, after - before);
    before = after;
  }
  recorder.end(part);
  report.time = impl.clock_() - start;
  impl.parts_[part] = report;
}

/// Fills `draws` with what there is to draw of a batch; the bits say of which items.
std::uint64_t RenderScheduler::Impl::Job::lookUp(std::uint32_t first, std::uint32_t count, PartReport& report,
                                                 std::span<ScheduledDraw> draws) const {
  std::uint64_t drawn = 0;
  std::size_t found = 0;
  for (std::uint32_t i = 0; i < count; ++i) {
    const DrawItem& item = items[first + i];
    const BlockLookup lookup = frame.find(item.block);
    if (lookup.status == FindStatus::Absent || lookup.status == FindStatus::Fallback) {
      frame.miss(item.block, item.priority);
    }
    if (!lookup.drawable()) {
      ++report.skipped;
      continue;
    }
    frame.use(lookup.block);
    ++(lookup.status == FindStatus::Resident ? report.drawn : report.fallbacks);
    draws[found++] = {first + i, lookup.status, lookup.block};
    drawn |= std::uint64_t{1} << i;
  }
  return drawn;
}

RenderScheduler::RenderScheduler(const RenderSchedulerDesc& desc) : impl_(std::make_unique<Impl>(desc)) {
  FLUX_ASSERT(desc.maxParts >= 1 && desc.minItemsPerPart >= 1, "a list has parts, and a part has items");
}

RenderScheduler::~RenderScheduler() = default;

ScheduleReport RenderScheduler::record(const Frame& frame, std::span<const DrawItem> items, TaskRunner& tasks,
                                       DrawRecorder& recorder) {
  FLUX_ASSERT(static_cast<bool>(frame), "a list is recorded from an open frame");
  FLUX_ASSERT(items.size() <= std::size_t{1} << 31U, "items have 32-bit numbers");
  return impl_->record(frame, items, tasks, recorder);
}

}  // namespace flux
