// Draws the panel of a pool, as far as triangles in memory.

#include "fail.hpp"

#include <flux/host.hpp>

#include <imgui.h>
#include <flux_panel.hpp>

#include <chrono>

namespace {

int draw(flux::PanelFeed& feed) {
  unsigned char* pixels = nullptr;
  int width = 0;
  int height = 0;
  ImGui::GetIO().Fonts->GetTexDataAsRGBA32(&pixels, &width, &height);
  ImGui::GetIO().DisplaySize = ImVec2(1280, 720);
  ImGui::GetIO().IniFilename = nullptr;
  flux::Panel panel;
  for (int frame = 0; frame < 2; ++frame) {  // in its first one a window finds out how large it is
    ImGui::NewFrame();
    panel.draw(feed);
    ImGui::Render();
  }
  return ImGui::GetDrawData()->TotalVtxCount > 0 ? 0 : fail("the panel has drawn nothing");
}

}  // namespace

int main() {
  const auto device = flux::HostDevice::create();
  const auto pool = flux::Pool::create(*device, {});
  if (!pool) return fail(flux::describe(pool.error()));
  const auto report = (*pool)->step();
  if (!report) return fail(flux::describe(report.error()));
  flux::PanelFeed feed;
  feed.stepped(**pool, *report, std::chrono::microseconds(1));
  ImGui::CreateContext();
  const int drawn = draw(feed);
  ImGui::DestroyContext();
  return drawn;
}
