#pragma once

/// The part of the panel that draws device memory.

#include "flux_panel_feed.hpp"

#include <cstdint>
#include <optional>
#include <vector>

namespace flux {

/// Chunks as rows of rectangles, a block each; hovering one names it, clicking it pins it.
///
/// **Thread contract.** The thread that draws ImGui.
class MemoryMap {
 public:
  enum class Colouring : std::uint8_t { Owner, Kind, Age, State };

  /// As wide as the room there is, `height` pixels high.
  void draw(const PanelData& data, float height);

  [[nodiscard]] BlockHandle pinned() const noexcept { return pinned_; }

 private:
  /// A chunk's rows.
  struct Strip {
    const ChunkView* chunk = nullptr;
    std::size_t firstRange = 0;  ///< In `PanelData::ranges`.
    std::size_t lastRange = 0;   ///< The one after.
    float top = 0;               ///< Of its first row, in pixels from the map's top.
    std::uint32_t rows = 0;
  };

  void drawLegend(const PanelData& data) const;
  void layOut(const PanelData& data);
  void drawStrip(const PanelData& data, const Strip& strip, std::uint32_t firstRow, std::uint32_t lastRow);
  void hover(const PanelData& data);
  [[nodiscard]] std::uint32_t colourOf(const PanelData& data, const PanelRange& range) const;

  Colouring colouring_ = Colouring::Owner;
  float zoom_ = 1;
  ByteCount rowBytes_ = 1;  ///< That a row of the map shows.
  float rowPixels_ = 0;     ///< Height of a row.
  float labelPixels_ = 0;   ///< Width of the chunks' numbers.
  float mapPixels_ = 0;     ///< Width of a row.
  float originX_ = 0;       ///< Of the rows, on the screen.
  float originY_ = 0;
  std::vector<Strip> strips_;
  BlockHandle pinned_;
};

}  // namespace flux
