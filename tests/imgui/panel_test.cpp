// The panel, drawn by nobody: what it writes, what it draws, what the mouse does.

#include "flux_panel.hpp"

#include "flux_panel_text.hpp"
#include "imgui/panel_test_tools.hpp"

#include <imgui.h>

namespace flux::test {
namespace {

constexpr float kWidth = 900;
constexpr float kHeight = 1400;

class PanelTest : public testing::Test {
 protected:
  PanelTest() {
    ImGui::CreateContext();
    ImGuiIO& io = ImGui::GetIO();
    io.IniFilename = nullptr;
    io.DisplaySize = ImVec2(kWidth, kHeight);
    io.DeltaTime = 1.0F / 60;
    io.BackendFlags |= ImGuiBackendFlags_RendererHasVtxOffset;
    io.MousePos = ImVec2(-1, -1);
    io.ClipboardUserData = &text_;
    io.SetClipboardTextFn = [](void* text, const char* copied) { *static_cast<std::string*>(text) = copied; };
    unsigned char* pixels = nullptr;
    int width = 0;
    int height = 0;
    io.Fonts->GetTexDataAsRGBA32(&pixels, &width, &height);
  }
  ~PanelTest() override { ImGui::DestroyContext(); }

  /// Draws the panel once more; what it wrote.
  const std::string& draw() {
    ImGui::NewFrame();
    ImGui::SetNextWindowPos(ImVec2(0, 0));
    ImGui::SetNextWindowSize(ImVec2(kWidth, kHeight));
    ImGui::LogToClipboard();
    panel_.draw(world_.feed);
    ImGui::LogFinish();
    ImGui::Render();
    return text_;
  }
  /// Draws until the newest state of the pool is shown.
  const std::string& drawNewest() {
    world_.feed.fill(*world_.pool);
    draw();
    return draw();
  }
  static int vertices() { return ImGui::GetDrawData()->TotalVtxCount; }
  /// Moves the mouse over the panel until its text has this; whether it ever does.
  bool findByMouse(const std::string& wanted) {
    for (float y = 4; y < kHeight; y += 4) {
      for (float x = 60; x < kWidth; x += 40) {
        ImGui::GetIO().MousePos = ImVec2(x, y);
        draw();
        if (draw().find(wanted) != std::string::npos) return true;  // a tooltip's size is known in its second frame
      }
    }
    return false;
  }
  void click() {
    ImGui::GetIO().MouseDown[0] = true;
    draw();
    ImGui::GetIO().MouseDown[0] = false;
    draw();
  }
  void expectText(const std::string& wanted) {
    EXPECT_NE(text_.find(wanted), std::string::npos) << wanted << " is not in:\n" << text_;
  }

  std::string text_;
  PanelPool world_;
  Panel panel_;
};

TEST_F(PanelTest, WaitsForThePool) {
  draw();
  expectText("waiting for the pool's next step");
}

TEST_F(PanelTest, ItsNumbersAreThePools) {
  const Tag terrain = world_.pool->makeTag("terrain").value();
  world_.add("hill", 3 * kMiB, terrain);
  world_.add("tree", 700 * kKiB);
  world_.step(5);
  const Frame frame = world_.pool->beginFrame("shadow pass");
  drawNewest();
  const PoolStats stats = world_.pool->stats();
  expectText(bytesText(stats.liveBytes));
  expectText("of " + bytesText(stats.reservedBytes) + " reserved");
  expectText("of " + bytesText(stats.hardLimitBytes) + " at most");
  expectText("2 blocks in " + std::to_string(stats.chunks) + " chunks; snapshot " + countText(stats.published) +
             ", step " + countText(stats.steps));
  expectText("terrain");
  expectText("shadow pass");
  expectText("now 7.0 us, most 7.0 us");
}

TEST_F(PanelTest, HoveringNamesABlockAndAClickPinsIt) {
  const BlockHandle teapot = world_.add("teapot", 900 * kKiB);
  world_.add("kettle", 900 * kKiB);
  world_.step(5);
  drawNewest();
  EXPECT_EQ(text_.find("teapot"), std::string::npos);
  ASSERT_TRUE(findByMouse("teapot"));
  expectText("version 1 of 1");
  EXPECT_FALSE(panel_.pinned());
  click();
  ASSERT_EQ(panel_.pinned(), teapot);
  ImGui::GetIO().MousePos = ImVec2(-1, -1);
  world_.step();  // watched from here on
  world_.update(teapot, 900 * kKiB);
  world_.step(4);
  drawNewest();
  expectText("teapot");
  expectText("version 2 arrived");
  ASSERT_TRUE(world_.pool->remove(teapot));
  world_.step(2);
  drawNewest();
  expectText("the block has been removed");
}

TEST_F(PanelTest, ExplainsARefusal) {
  const std::array parts{world_.part(64)};
  PoolDesc small;
  small.hardLimitBytes = 2 * kMiB;
  world_.pool = Pool::create(*world_.device, small).value();
  const std::array large{world_.part(3 * kMiB)};
  ASSERT_FALSE(world_.pool->add({.name = "too large", .parts = large}));
  world_.step();
  drawNewest();
  expectText("too large");
}

TEST_F(PanelTest, NamesCannotDisturbIt) {
  world_.add("100%s %n\n##x\x01\xff", 900 * kKiB);
  world_.step(5);
  drawNewest();
  EXPECT_TRUE(findByMouse("100%s"));
}

TEST_F(PanelTest, ManyBlocksTakeNoMoreThanThePixelsThatThereAre) {
  const std::array parts{world_.part(64)};
  for (int i = 0; i < 100'000; ++i) {
    ASSERT_TRUE(world_.pool->add({.name = "small", .parts = parts}));
    if (i % 5000 == 0) world_.step();
  }
  world_.step(20);
  drawNewest();
  expectText("100,000 blocks");
  const int all = vertices();
  EXPECT_LT(all, 200'000);
  EXPECT_GT(all, 1000);
  // Where indices of vertices have 16 bits, they suffice.
  ImGui::GetIO().BackendFlags = 0;
  draw();
  for (int i = 0; i < ImGui::GetDrawData()->CmdListsCount; ++i) {
    EXPECT_LT(ImGui::GetDrawData()->CmdLists[i]->VtxBuffer.Size, 1 << 16);
  }
}

}  // namespace
}  // namespace flux::test
