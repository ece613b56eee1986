#pragma once

/// A pool at work, as a Dear ImGui window: budgets, time lines, who waits for whom, owners, a map of the memory in
/// which every block says what it is, and why the last requests were refused.
///
///     flux::Panel panel;
///     panel.draw(feed);   // between ImGui::NewFrame and ImGui::Render; `feed`: flux_panel_feed.hpp

#include "flux_memory_map.hpp"
#include "flux_panel_feed.hpp"

namespace flux {

/// **Thread contract.** The thread that draws ImGui. **Cost.** What is on the screen: a block that no pixel could show
/// is not drawn by itself.
class Panel {
 public:
  /// The window, and in it the newest copy of the pool.
  void draw(PanelFeed& feed);

  /// The same without a window of its own, of any copy.
  void drawContents(const PanelData& data);

  /// The block that was clicked in the map; null: none.
  [[nodiscard]] BlockHandle pinned() const noexcept { return map_.pinned(); }

 private:
  MemoryMap map_;
};

}  // namespace flux
