#include "flux_memory_map.hpp"

#include "flux_panel_text.hpp"

#include <imgui.h>

#include <algorithm>
#include <array>
#include <cmath>

namespace flux {
namespace {

// Okabe and Ito's colours, which people with any colour vision tell apart ("Color Universal Design", 2008).
constexpr std::array kPalette{IM_COL32(86, 180, 233, 255),  IM_COL32(230, 159, 0, 255),  IM_COL32(0, 158, 115, 255),
                              IM_COL32(204, 121, 167, 255), IM_COL32(240, 228, 66, 255), IM_COL32(0, 114, 178, 255),
                              IM_COL32(213, 94, 0, 255)};
constexpr ImU32 kUntaggedColour = IM_COL32(150, 150, 150, 255);
constexpr ImU32 kRetiredColour = IM_COL32(96, 96, 104, 255);
constexpr ImU32 kMoveColour = IM_COL32(240, 240, 240, 255);
constexpr ImU32 kFreeColour = IM_COL32(56, 60, 70, 255);
constexpr ImU32 kPinnedColour = IM_COL32(255, 255, 255, 255);
// From the newest to the oldest: light to dark, readable without colours.
constexpr std::array kAges{IM_COL32(253, 231, 37, 255), IM_COL32(122, 209, 81, 255), IM_COL32(34, 168, 132, 255),
                           IM_COL32(42, 120, 142, 255), IM_COL32(65, 68, 135, 255)};
constexpr std::array<std::uint64_t, kAges.size() - 1> kAgeSteps{10, 100, 1000, 10'000};
constexpr std::array kAgeNames{"< 10 steps", "< 100", "< 1,000", "< 10,000", "older"};
constexpr std::array kColourings{"owner", "kind", "age", "state"};

constexpr float kGapPixels = 3;       // between chunks
constexpr float kSmallestPixels = 2;  // of a rectangle: what is narrower shares one
constexpr float kMostZoom = 64;
/// Rectangles that one list may have where indices of 16 bits reach no further.
constexpr float kMostRectangles = 12'000;

std::size_t ageClass(std::uint64_t steps) {
  return static_cast<std::size_t>(std::ranges::upper_bound(kAgeSteps, steps) - kAgeSteps.begin());
}

ImU32 stateColour(BlockState state) {
  switch (state) {
    case BlockState::Resident:
      return kPalette[2];
    case BlockState::Absent:
      return kPalette[4];
    case BlockState::Lost:
    case BlockState::Free:
      break;
  }
  return kPalette[6];
}

ImU32 tagColour(Tag tag) {
  const auto index = static_cast<std::size_t>(tag);
  return tag == kUntagged ? kUntaggedColour : kPalette[(index - 1) % kPalette.size()];
}

/// A square of a colour, and what it means; the first of a legend begins a line.
void legendEntry(ImU32 colour, const char* text, bool first = false) {
  const float size = ImGui::GetTextLineHeight() * 0.7F;
  const float width = size + ImGui::GetStyle().ItemInnerSpacing.x + ImGui::CalcTextSize(text).x;
  // In this line, if it has room.
  const float right = ImGui::GetWindowPos().x + ImGui::GetWindowContentRegionMax().x;
  if (!first && ImGui::GetItemRectMax().x + ImGui::GetStyle().ItemSpacing.x + width < right) ImGui::SameLine();
  const ImVec2 at = ImGui::GetCursorScreenPos();
  const float top = at.y + (ImGui::GetTextLineHeight() - size) / 2;
  ImGui::GetWindowDrawList()->AddRectFilled(ImVec2(at.x, top), ImVec2(at.x + size, top + size), colour);
  ImGui::SetCursorScreenPos(ImVec2(at.x + size + ImGui::GetStyle().ItemInnerSpacing.x, at.y));
  ImGui::TextUnformatted(text);
}

const char* whatOf(const PanelRange& range) {
  return range.what == PanelRange::What::Move ? "place that a block moves to" : "block";
}

void describe(const PanelData& data, const PanelRange& range) {
  if (range.what == PanelRange::What::Retired) {
    ImGui::Text("retired, %s", bytesText(range.range.bytes).c_str());
    ImGui::Text("waits for %s", std::string(describe(range.waitsFor)).c_str());
    if (range.waitsFor == WaitsFor::Frames) {
      ImGui::Text("of snapshot %s", countText(range.snapshot).c_str());
    }
    return;
  }
  const PanelBlock& block = data.blocks[range.block];
  const char* const name = data.nameOf(block);
  ImGui::TextUnformatted(*name != '\0' ? name : "(no name)");
  ImGui::Text("%s of %s, %s, %s", whatOf(range), tagName(data, block.tag), wordFor(block.lifetime),
              wordFor(block.state));
  ImGui::Text("%s asked for, %s taken; most is %s", bytesText(block.liveBytes).c_str(),
              bytesText(range.range.bytes).c_str(), std::string(toString(block.kind)).c_str());
  ImGui::Text("version %llu of %llu, changed %s steps ago", static_cast<unsigned long long>(block.version),
              static_cast<unsigned long long>(block.requestedVersion),
              countText(data.totals.steps - std::min(block.changedInStep, data.totals.steps)).c_str());
  if (block.framesSinceUse != kNoPanelEntry) {
    ImGui::Text("drawn %s frames ago", countText(block.framesSinceUse).c_str());
  }
  if (block.pins != 0) ImGui::Text("pinned in place by %u", block.pins);
  ImGui::Text("waits for %s", waitText(data, block).c_str());
}

}  // namespace

std::uint32_t MemoryMap::colourOf(const PanelData& data, const PanelRange& range) const {
  if (range.what == PanelRange::What::Retired) return kRetiredColour;
  if (range.what == PanelRange::What::Move) return kMoveColour;
  const PanelBlock& block = data.blocks[range.block];
  switch (colouring_) {
    case Colouring::Owner:
      return tagColour(block.tag);
    case Colouring::Kind:
      return kPalette[static_cast<std::size_t>(block.kind) % kPalette.size()];
    case Colouring::Age:
      return kAges[ageClass(data.totals.steps - std::min(block.changedInStep, data.totals.steps))];
    case Colouring::State:
      break;
  }
  return stateColour(block.state);
}

void MemoryMap::drawLegend(const PanelData& data) const {
  legendEntry(kFreeColour, "free", true);
  legendEntry(kRetiredColour, "retired");
  legendEntry(kMoveColour, "moving here");
  switch (colouring_) {
    case Colouring::Owner:
      for (const PanelTag& tag : data.tags) {
        if (tag.stats.blocks != 0) legendEntry(tagColour(tag.stats.tag), tagName(data, tag.stats.tag));
      }
      break;
    case Colouring::Kind:
      for (const PartKindTraits& kind : kPartKindTraits) {
        legendEntry(kPalette[static_cast<std::size_t>(kind.kind) % kPalette.size()], std::string(kind.name).c_str());
      }
      break;
    case Colouring::Age:
      for (std::size_t i = 0; i < kAges.size(); ++i) legendEntry(kAges[i], kAgeNames[i]);
      break;
    case Colouring::State:
      for (const BlockState state : {BlockState::Resident, BlockState::Absent, BlockState::Lost}) {
        legendEntry(stateColour(state), wordFor(state));
      }
      break;
  }
}

/// Every chunk begins a row of its own.
void MemoryMap::layOut(const PanelData& data) {
  strips_.clear();
  float top = 0;
  std::size_t range = 0;
  for (const ChunkView& chunk : data.chunks) {
    Strip& strip = strips_.emplace_back();
    strip.chunk = &chunk;
    while (range < data.ranges.size() && data.ranges[range].range.chunk < chunk.index) ++range;
    strip.firstRange = range;
    while (range < data.ranges.size() && data.ranges[range].range.chunk == chunk.index) ++range;
    strip.lastRange = range;
    strip.top = top;
    strip.rows = static_cast<std::uint32_t>((chunk.bytes + rowBytes_ - 1) / rowBytes_);
    top += static_cast<float>(strip.rows) * rowPixels_ + kGapPixels;
  }
}

void MemoryMap::draw(const PanelData& data, float height) {
  ImGui::AlignTextToFramePadding();
  ImGui::TextUnformatted("colour by");
  for (std::size_t i = 0; i < kColourings.size(); ++i) {
    ImGui::SameLine();
    const auto colouring = static_cast<Colouring>(i);
    if (ImGui::RadioButton(kColourings[i], colouring_ == colouring)) colouring_ = colouring;
  }
  ImGui::SameLine();
  ImGui::SetNextItemWidth(ImGui::GetContentRegionAvail().x);
  ImGui::SliderFloat("##zoom", &zoom_, 1, kMostZoom, "zoom %.0fx", ImGuiSliderFlags_Logarithmic);
  zoom_ = std::clamp(zoom_, 1.0F, kMostZoom);
  drawLegend(data);

  if (!ImGui::BeginChild("map", ImVec2(0, height), true, ImGuiWindowFlags_AlwaysVerticalScrollbar) ||
      data.chunks.empty()) {
    ImGui::EndChild();
    return;
  }
  const float line = ImGui::GetTextLineHeight();
  labelPixels_ = ImGui::CalcTextSize("0000 ").x;
  mapPixels_ = std::max(ImGui::GetContentRegionAvail().x - labelPixels_, kSmallestPixels);
  rowPixels_ = std::ceil(line * 0.7F);
  // At zoom 1 everything is to be seen at once, if a row stays a row.
  const ByteCount all = std::max<ByteCount>(data.totals.reservedBytes, 1);
  const float room = height - 2 * ImGui::GetStyle().WindowPadding.y -
                     static_cast<float>(data.chunks.size()) * (kGapPixels + rowPixels_ / 2);
  const float rows = std::max(std::floor(room / rowPixels_), static_cast<float>(data.chunks.size()));
  rowBytes_ = std::max<ByteCount>(static_cast<ByteCount>(static_cast<double>(all) / static_cast<double>(rows * zoom_)),
                                  kPlaceUnitBytes);
  layOut(data);

  const ImVec2 origin = ImGui::GetCursorScreenPos();
  originX_ = origin.x + labelPixels_;
  originY_ = origin.y;
  const float top = ImGui::GetWindowPos().y;
  const float bottom = top + ImGui::GetWindowHeight();
  for (const Strip& strip : strips_) {
    const float y = originY_ + strip.top;
    if (y > bottom) break;
    const auto rowAt = [&](float edge) {
      return static_cast<std::uint32_t>(std::clamp((edge - y) / rowPixels_, 0.0F, static_cast<float>(strip.rows)));
    };
    const std::uint32_t first = rowAt(top);
    const std::uint32_t last = std::min(rowAt(bottom) + 1, strip.rows);
    if (first < last) drawStrip(data, strip, first, last);
  }
  ImGui::Dummy(
      ImVec2(labelPixels_ + mapPixels_, strips_.back().top + static_cast<float>(strips_.back().rows) * rowPixels_));
  if (ImGui::IsItemHovered()) hover(data);
  ImGui::EndChild();
}

void MemoryMap::drawStrip(const PanelData& data, const Strip& strip, std::uint32_t firstRow, std::uint32_t lastRow) {
  ImDrawList* const list = ImGui::GetWindowDrawList();
  const float y = originY_ + strip.top;
  const ImU32 textColour = ImGui::GetColorU32(ImGuiCol_TextDisabled);
  const std::string number = std::to_string(static_cast<std::uint32_t>(strip.chunk->index));
  list->AddText(ImVec2(originX_ - labelPixels_, y - ImGui::GetTextLineHeight() * 0.15F), textColour, number.c_str());

  const double bytesPerPixel = static_cast<double>(rowBytes_) / static_cast<double>(mapPixels_);
  float smallest = kSmallestPixels;
  if ((ImGui::GetIO().BackendFlags & ImGuiBackendFlags_RendererHasVtxOffset) == 0) {
    const float visible = ImGui::GetWindowHeight() / rowPixels_ * mapPixels_;
    smallest = std::max(smallest, std::ceil(visible / kMostRectangles));
  }
  const auto byEnd = [](const PanelRange& range) { return range.range.offset + range.range.bytes; };
  const std::span ranges = std::span(data.ranges).subspan(strip.firstRange, strip.lastRange - strip.firstRange);
  for (std::uint32_t row = firstRow; row < lastRow; ++row) {
    const ByteCount rowBegin = row * rowBytes_;
    const ByteCount rowEnd = std::min(rowBegin + rowBytes_, strip.chunk->bytes);
    const float rowTop = y + static_cast<float>(row) * rowPixels_;
    const float rowBottom = rowTop + rowPixels_ - 1;
    const auto xOf = [&](ByteCount offset) {
      return originX_ + static_cast<float>(static_cast<double>(offset - rowBegin) / bytesPerPixel);
    };
    list->AddRectFilled(ImVec2(originX_, rowTop), ImVec2(xOf(rowEnd), rowBottom), kFreeColour);
    auto range = std::ranges::upper_bound(ranges, rowBegin, {}, byEnd);
    while (range != ranges.end() && range->range.offset < rowEnd) {
      // What no rectangle of its own could show shares one, of the colour of the largest.
      const PanelRange* largest = &*range;
      const float left = xOf(std::max(range->range.offset, rowBegin));
      float right = xOf(std::min(byEnd(*range), rowEnd));
      bool pinned = range->block != kNoPanelEntry && data.blocks[range->block].block == pinned_;
      for (++range; right - left < smallest && range != ranges.end() && range->range.offset < rowEnd; ++range) {
        const float next = xOf(std::max(range->range.offset, rowBegin));
        if (next - left >= smallest) break;
        if (range->range.bytes > largest->range.bytes) largest = &*range;
        pinned = pinned || (range->block != kNoPanelEntry && data.blocks[range->block].block == pinned_);
        right = std::max(right, xOf(std::min(byEnd(*range), rowEnd)));
      }
      const float width = std::max(right - left, 1.0F);
      // A seam shows where a block ends.
      const float seam = width > 3 ? 1.0F : 0.0F;
      list->AddRectFilled(ImVec2(left, rowTop), ImVec2(left + width - seam, rowBottom), colourOf(data, *largest));
      if (pinned) {
        list->AddRect(ImVec2(left - 1, rowTop - 1), ImVec2(left + width + 1, rowBottom + 1), kPinnedColour, 0, 0, 2);
      }
    }
  }
}

void MemoryMap::hover(const PanelData& data) {
  const ImVec2 mouse = ImGui::GetIO().MousePos;
  const auto strip = std::ranges::find_if(strips_, [&](const Strip& candidate) {
    const float y = mouse.y - originY_ - candidate.top;
    return y >= 0 && y < static_cast<float>(candidate.rows) * rowPixels_;
  });
  if (strip == strips_.end() || mouse.x < originX_) return;
  const auto row = static_cast<std::uint32_t>((mouse.y - originY_ - strip->top) / rowPixels_);
  const double share = static_cast<double>(mouse.x - originX_) / static_cast<double>(mapPixels_);
  const ByteCount offset = row * rowBytes_ + static_cast<ByteCount>(share * static_cast<double>(rowBytes_));
  if (share > 1 || offset >= strip->chunk->bytes) return;

  const std::span ranges = std::span(data.ranges).subspan(strip->firstRange, strip->lastRange - strip->firstRange);
  const auto range = std::ranges::upper_bound(
      ranges, offset, {}, [](const PanelRange& entry) { return entry.range.offset + entry.range.bytes; });
  const bool taken = range != ranges.end() && range->range.offset <= offset;
  ImGui::BeginTooltip();
  if (taken) {
    describe(data, *range);
    ImGui::Separator();
  }
  ImGui::TextDisabled("%schunk %u (%s, %s), at %s", taken ? "" : "free: ", static_cast<unsigned>(strip->chunk->index),
                      wordFor(strip->chunk->lifetime), bytesText(strip->chunk->bytes).c_str(),
                      bytesText(offset).c_str());
  ImGui::EndTooltip();
  if (ImGui::IsMouseClicked(ImGuiMouseButton_Left)) {
    pinned_ = taken && range->block != kNoPanelEntry ? data.blocks[range->block].block : BlockHandle{};
  }
}

}  // namespace flux
