#include "flux_panel.hpp"

#include "flux_panel_text.hpp"

#include <imgui.h>

#include <algorithm>
#include <array>
#include <ranges>

namespace flux {
namespace {

constexpr ImU32 kBarColour = IM_COL32(86, 180, 233, 255);
constexpr ImU32 kFullColour = IM_COL32(213, 94, 0, 255);
constexpr ImU32 kTrackColour = IM_COL32(34, 36, 42, 255);
constexpr double kNearlyFull = 0.9;  // The soft limit's share of the hard one.

constexpr ImGuiTableFlags kTable = ImGuiTableFlags_SizingStretchProp | ImGuiTableFlags_RowBg |
                                   ImGuiTableFlags_BordersInnerV | ImGuiTableFlags_NoSavedSettings;

void column(const std::string& text) {
  ImGui::TableNextColumn();
  ImGui::TextUnformatted(text.c_str());
}

/// Figures end at their column's right edge.
void figure(const std::string& text) {
  ImGui::TableNextColumn();
  const float room = ImGui::GetContentRegionAvail().x - ImGui::CalcTextSize(text.c_str()).x;
  if (room > 0) ImGui::SetCursorPosX(ImGui::GetCursorPosX() + room);
  ImGui::TextUnformatted(text.c_str());
}

void gauge(const char* name, ByteCount bytes, ByteCount limit, const char* of) {
  ImGui::TableNextRow();
  column(name);
  figure(bytesText(bytes));
  ImGui::TableNextColumn();
  const double share = limit != 0 ? static_cast<double>(bytes) / static_cast<double>(limit) : 0;
  const ImVec2 at = ImGui::GetCursorScreenPos();
  const float width = ImGui::GetContentRegionAvail().x;
  const float height = ImGui::GetTextLineHeight();
  ImDrawList* const list = ImGui::GetWindowDrawList();
  list->AddRectFilled(at, ImVec2(at.x + width, at.y + height), kTrackColour);
  const auto filled = static_cast<float>(std::min(share, 1.0));
  list->AddRectFilled(at, ImVec2(at.x + width * filled, at.y + height), share > kNearlyFull ? kFullColour : kBarColour);
  ImGui::Dummy(ImVec2(width, height));
  column("of " + bytesText(limit) + of);
}

void drawBudgets(const PanelData& data) {
  const PoolStats& totals = data.totals;
  if (ImGui::BeginTable("budgets", 4, ImGuiTableFlags_SizingFixedFit | ImGuiTableFlags_NoSavedSettings)) {
    ImGui::TableSetupColumn("name");
    ImGui::TableSetupColumn("bytes");
    ImGui::TableSetupColumn("bar", ImGuiTableColumnFlags_WidthStretch);
    ImGui::TableSetupColumn("limit");
    gauge("live", totals.liveBytes, totals.reservedBytes, " reserved");
    gauge("retired", totals.retiredBytes, totals.reservedBytes, " reserved");
    gauge("reserved", totals.reservedBytes, totals.hardLimitBytes, " at most");
    gauge("staging", totals.stagingBytes, data.stagingLimitBytes, " at most");
    gauge("shadows", totals.shadowBytes, data.shadowLimitBytes, " at most");
    ImGui::EndTable();
  }
  ImGui::Text("%s blocks in %u chunks; snapshot %s, step %s", countText(totals.blocks).c_str(), totals.chunks,
              countText(totals.published).c_str(), countText(totals.steps).c_str());
  if (totals.deviceLost) ImGui::TextUnformatted("THE DEVICE IS LOST");
}

/// The last slices as bars; above them the name, the newest value, and the highest, which is the scale.
template <class Value, class Text>
void timeLine(const char* name, const std::vector<PanelSlice>& slices, const Value& valueOf, const Text& textOf) {
  ImGui::TextUnformatted(name);
  const float width = ImGui::GetContentRegionAvail().x;
  double most = 0;
  if (!slices.empty()) {
    const auto highest = valueOf(*std::ranges::max_element(slices, {}, valueOf));
    most = static_cast<double>(highest);
    const std::string text = "now " + textOf(valueOf(slices.back())) + ", most " + textOf(highest);
    ImGui::SameLine();
    const float room = ImGui::GetContentRegionAvail().x - ImGui::CalcTextSize(text.c_str()).x;
    ImGui::SetCursorPosX(ImGui::GetCursorPosX() + std::max(room, 0.0F));
    ImGui::TextDisabled("%s", text.c_str());
  }
  const ImVec2 at = ImGui::GetCursorScreenPos();
  const float height = 2 * ImGui::GetTextLineHeight();
  ImDrawList* const list = ImGui::GetWindowDrawList();
  list->AddRectFilled(at, ImVec2(at.x + width, at.y + height), kTrackColour);
  // The newest is at the right.
  const float barWidth = width / static_cast<float>(PanelFeed::kSlices);
  float x = at.x + width - barWidth * static_cast<float>(slices.size());
  for (const PanelSlice& slice : slices) {
    const auto value = static_cast<double>(valueOf(slice));
    if (value > 0) {
      const float bar = std::max(static_cast<float>(value / most) * height, 1.0F);
      list->AddRectFilled(ImVec2(x, at.y + height - bar), ImVec2(x + std::max(barWidth, 1.0F), at.y + height),
                          kBarColour);
    }
    x += barWidth;
  }
  ImGui::Dummy(ImVec2(width, height));
}

void drawTimeLines(const PanelData& data) {
  timeLine(
      "longest step", data.slices, [](const PanelSlice& slice) { return slice.longestStep.count(); },
      [](std::int64_t nanoseconds) { return durationText(std::chrono::nanoseconds(nanoseconds)); });
  timeLine(
      "uploaded", data.slices, [](const PanelSlice& slice) { return slice.uploadedBytes; }, bytesText);
  timeLine(
      "copied on the device", data.slices, [](const PanelSlice& slice) { return slice.copiedBytes; }, bytesText);
  timeLine(
      "retired, waiting", data.slices, [](const PanelSlice& slice) { return slice.retiredBytes; }, bytesText);
}

void drawWaits(const PanelData& data) {
  const RetirementStats& retirement = data.retirement;
  for (const WaitsFor waitsFor : {WaitsFor::Publish, WaitsFor::Frames, WaitsFor::Queues, WaitsFor::Step}) {
    ImGui::Text("%10s of chunks wait for %s", bytesText(data.retiredBytes[static_cast<std::size_t>(waitsFor)]).c_str(),
                std::string(describe(waitsFor)).c_str());
  }
  if (retirement.queue.value != 0) {
    ImGui::Text("queue %u is at %s; the oldest waits for %s", static_cast<unsigned>(retirement.queue.queue),
                countText(retirement.queueCompleted).c_str(), countText(retirement.queue.value).c_str());
  }
  if (data.frames.empty()) {
    ImGui::TextDisabled("no frame is open");
    return;
  }
  if (!ImGui::BeginTable("frames", 4, kTable)) return;
  ImGui::TableSetupColumn("open frame");
  ImGui::TableSetupColumn("snapshot");
  ImGui::TableSetupColumn("age");
  ImGui::TableSetupColumn("thread");
  ImGui::TableHeadersRow();
  for (const PanelFrame& frame : data.frames) {
    ImGui::TableNextRow();
    column(frame.label);
    figure(countText(frame.frame.snapshot));
    figure(durationText(frame.frame.age));
    figure(std::to_string(frame.frame.thread));
  }
  ImGui::EndTable();
}

void drawOwners(const PanelData& data) {
  if (!ImGui::BeginTable("owners", 6, kTable)) return;
  for (const char* name : {"owner", "blocks", "live", "holes", "uploaded", "copied"}) ImGui::TableSetupColumn(name);
  ImGui::TableHeadersRow();
  for (const PanelTag& tag : data.tags) {
    const TagStats& stats = tag.stats;
    if (stats.blocks == 0 && stats.uploadedBytes == 0) continue;
    ImGui::TableNextRow();
    column(tagName(data, stats.tag));
    figure(countText(stats.blocks));
    figure(bytesText(stats.liveBytes));
    figure(bytesText(stats.placeBytes - std::min(stats.liveBytes, stats.placeBytes)));
    figure(bytesText(stats.uploadedBytes));
    figure(bytesText(stats.copiedBytes));
  }
  ImGui::EndTable();
}

void drawPinned(const PanelData& data, BlockHandle pinned) {
  if (!pinned) {
    ImGui::TextDisabled("click a block in the map");
    return;
  }
  if (const PanelBlock* block = data.find(pinned)) {
    ImGui::TextUnformatted(data.nameOf(*block));
    ImGui::Text("%s, %s, %s, version %llu of %llu", tagName(data, block->tag), wordFor(block->state),
                bytesText(block->liveBytes).c_str(), static_cast<unsigned long long>(block->version),
                static_cast<unsigned long long>(block->requestedVersion));
    ImGui::Text("waits for %s", waitText(data, *block).c_str());
  } else {
    ImGui::TextUnformatted("the block has been removed");
  }
  if (data.watched != pinned || !ImGui::BeginTable("events", 2, kTable)) return;
  ImGui::TableSetupColumn("step");
  ImGui::TableSetupColumn("what happened since the click, the newest first");
  ImGui::TableHeadersRow();
  for (const PanelEvent& event : data.events | std::views::reverse) {
    ImGui::TableNextRow();
    figure(countText(event.step));
    column(eventText(event));
  }
  ImGui::EndTable();
}

void drawRefusals(const PanelData& data) {
  if (data.refusals.empty()) {
    ImGui::TextDisabled("every request found a place");
    return;
  }
  for (const Refusal& refusal : data.refusals | std::views::reverse) {
    ImGui::TextWrapped("step %s: %s", countText(refusal.lastStep).c_str(), describe(refusal.error).c_str());
    ImGui::TextWrapped("  %s", explain(refusal.fit).c_str());
    if (refusal.times > 1) ImGui::Text("  %s times", countText(refusal.times).c_str());
  }
}

}  // namespace

void Panel::draw(PanelFeed& feed) {
  const PanelData& data = feed.data();
  if (ImGui::Begin("Flux: device memory")) drawContents(data);
  ImGui::End();
  feed.watch(pinned());
}

void Panel::drawContents(const PanelData& data) {
  if (data.number == 0) {
    ImGui::TextDisabled("waiting for the pool's next step");
    return;
  }
  const auto section = [](const char* name, bool open) {
    return ImGui::CollapsingHeader(name, open ? ImGuiTreeNodeFlags_DefaultOpen : 0);
  };
  if (section("Budgets", true)) drawBudgets(data);
  if (section("Memory map", true)) map_.draw(data, 16 * ImGui::GetTextLineHeight());
  if (section("Block", true)) drawPinned(data, pinned());
  if (section("Steps: a bar is 16 ms of them", true)) drawTimeLines(data);
  if (section("Owners", true)) drawOwners(data);
  if (section("Retirement and open frames", true)) drawWaits(data);
  if (section("Refusals", !data.refusals.empty())) drawRefusals(data);
}

}  // namespace flux
