#include "pool/pool_test_tools.hpp"

#include <nlohmann/json.hpp>

#include <array>
#include <vector>

namespace flux {
namespace {

TEST(PoolDump, IsJsonThatAgreesWithTheStatistics) {
  test::PoolFixture f;
  const auto bytes = test::pattern(1, 0, 1, 500);
  const BlockHandle kept = f.add("quote \" backslash \\ tab \t", bytes);
  const BlockHandle gone = f.add("gone", bytes);
  f.stepAndPublish(2);
  const Frame frame = f.pool->beginFrame("<window>");
  ASSERT_TRUE(f.pool->remove(gone));
  f.stepAndPublish(2);

  const nlohmann::json dump = nlohmann::json::parse(f.pool->dump());
  EXPECT_EQ(dump["format"], "flux-dump");
  EXPECT_EQ(dump["stats"]["blocks"], 1);
  ASSERT_EQ(dump["blocks"].size(), 1U);
  const nlohmann::json& block = dump["blocks"][0];
  EXPECT_EQ(block["name"], "quote \" backslash \\ tab \t");
  EXPECT_EQ(block["index"], kept.index);
  EXPECT_EQ(block["state"], "resident");
  EXPECT_EQ(block["parts"][0]["bytes"], 500);
  EXPECT_FALSE(block.contains("gaps")) << "its parts never changed";
  EXPECT_EQ(block["place"]["offset"], frame.find(kept).place.offset);
  ASSERT_EQ(dump["retired"].size(), 1U) << "the open frame still sees it";
  EXPECT_EQ(dump["retired"][0]["offset"], frame.find(gone).place.offset);
  const nlohmann::json& retirement = dump["stats"]["retirement"];
  EXPECT_EQ(retirement["forFramesBytes"], dump["retired"][0]["bytes"]);
  EXPECT_EQ(retirement["forFrames"], 3) << "its place, its layout, its index";
  EXPECT_EQ(retirement["oldestFrame"]["label"], "<window>");
  EXPECT_EQ(retirement["oldestFrame"]["snapshot"], frame.snapshot());
  EXPECT_EQ(block["owners"], 1);
  std::uint64_t reserved = 0;
  for (const auto& chunk : dump["chunks"]) reserved += chunk["bytes"].get<std::uint64_t>();
  EXPECT_EQ(reserved, dump["stats"]["reservedBytes"].get<std::uint64_t>());
  const nlohmann::json& streaming = dump["stats"]["classes"][0];
  EXPECT_EQ(streaming["class"], "streaming");
  EXPECT_EQ(streaming["reservedBytes"], reserved);
  EXPECT_EQ(streaming["freeBytes"], dump["chunks"][0]["freeBytes"]);
  EXPECT_EQ(streaming["largestFreeBytes"], streaming["freeBytes"]) << "nothing lies between";
  EXPECT_EQ(dump["stats"]["classes"][1]["chunks"], 0);
}

TEST(PoolDump, SaysHowTornTheGapsOfABlockAre) {
  test::PoolFixture f;
  const auto bytes = test::pattern(1, 0, 1, 500);
  const std::vector<PartDesc> parts(5, {PartKind::Vertex, bytes.size(), Source::bytes(bytes)});
  const BlockHandle block = f.pool->add(test::blockDesc("torn", parts)).value();
  f.stepAndPublish();
  const std::array holes{PartId{1}, PartId{3}};
  ASSERT_TRUE(f.pool->removeParts(block, holes));
  f.stepAndPublish(5);
  const nlohmann::json dump = nlohmann::json::parse(f.pool->dump());
  const nlohmann::json& gaps = dump["blocks"][0]["gaps"];
  ASSERT_TRUE(gaps["fragmentation"].is_number_float()) << gaps;
  const double largest = gaps["largestBytes"].get<double>();
  EXPECT_DOUBLE_EQ(gaps["fragmentation"].get<double>(), 1 - largest / gaps["freeBytes"].get<double>());
  EXPECT_GT(gaps["freeBytes"], gaps["largestBytes"]);
  EXPECT_EQ(gaps["shared"], false);
}

TEST(PoolDump, SaysWhatGapsABlockHasWhosePartsComeAndGo) {
  test::PoolFixture f;
  const auto bytes = test::pattern(1, 0, 1, 500);
  ASSERT_TRUE(f.pool->addShared({.part = {PartKind::Vertex, 500, Source::bytes(bytes)}, .name = "thing"}));
  f.stepAndPublish(2);
  const nlohmann::json dump = nlohmann::json::parse(f.pool->dump());
  const nlohmann::json& block = dump.at("blocks").at(0);
  const nlohmann::json& gaps = block.at("gaps");
  EXPECT_EQ(gaps.at("fragmentation"), 0.0);
  EXPECT_TRUE(gaps.at("fragmentation").is_number());
  EXPECT_EQ(gaps.at("shared"), true);
  EXPECT_EQ(gaps.at("freeBytes"), block.at("place").at("bytes").get<std::uint64_t>() - 512);
  EXPECT_EQ(dump.at("shared").at("heldBytes"), 0);
}

TEST(PoolDump, NamesThatAreNotUtf8StillMakeValidJson) {
  test::PoolFixture f;
  f.add("bad \xC3 end \xFF", test::pattern(1, 0, 1, 16));
  f.add("fünf cut in the middle of the last letter xxxxxxxü", test::pattern(1, 0, 1, 16));
  EXPECT_TRUE(nlohmann::json::accept(f.pool->dump()));
}

}  // namespace
}  // namespace flux
