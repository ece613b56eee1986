#include "pool/dump_test_tools.hpp"
#include "pool/pool_test_tools.hpp"
#include "pool/residency_test_tools.hpp"

#include <flux/decorators.hpp>

#include <array>
#include <string>
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

  const nlohmann::json dump = test::dumpOf(*f.pool, "end");
  EXPECT_EQ(dump["format"], "flux-dump");
  EXPECT_EQ(dump["version"], 2);
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
  EXPECT_EQ(dump["retired"][0]["waitsFor"], "frames");
  EXPECT_EQ(dump["retired"][0]["snapshot"], frame.snapshot());
  ASSERT_EQ(dump["frames"].size(), 1U);
  EXPECT_EQ(dump["frames"][0]["label"], "<window>");
  const nlohmann::json& retirement = dump["retirement"];
  EXPECT_EQ(retirement["forFramesBytes"], dump["retired"][0]["bytes"]);
  EXPECT_EQ(retirement["forFrames"], 3) << "its place, its layout, its index";
  EXPECT_EQ(retirement["oldestFrame"]["label"], "<window>");
  EXPECT_EQ(retirement["oldestFrame"]["snapshot"], frame.snapshot());
  EXPECT_EQ(block["owners"], 1);
  std::uint64_t reserved = 0;
  for (const auto& chunk : dump["chunks"]) reserved += chunk["bytes"].get<std::uint64_t>();
  EXPECT_EQ(reserved, dump["stats"]["reservedBytes"].get<std::uint64_t>());
  const nlohmann::json& streaming = dump["classes"][0];
  EXPECT_EQ(streaming["class"], "streaming");
  EXPECT_EQ(streaming["reservedBytes"], reserved);
  EXPECT_EQ(streaming["freeBytes"], dump["chunks"][0]["freeBytes"]);
  EXPECT_EQ(streaming["largestFreeBytes"], streaming["freeBytes"]) << "nothing lies between";
  EXPECT_EQ(dump["classes"][1]["chunks"], 0);
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
  const nlohmann::json dump = test::dumpOf(*f.pool, "end");
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
  const nlohmann::json dump = test::dumpOf(*f.pool, "end");
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
  f.add("</script><img src=x onerror=alert(1)>\n\x1B[31m\x7F", test::pattern(1, 0, 1, 16));
  ASSERT_TRUE(f.pool->makeTag("owner \"\xFE\" </script>"));
  const nlohmann::json dump = test::dumpOf(*f.pool, "end");
  EXPECT_EQ(dump["blocks"][0]["name"], "bad \uFFFD end \uFFFD");
  EXPECT_EQ(dump["blocks"][2]["name"], "</script><img src=x onerror=alert(1)>\n\x1B[31m\x7F");
  EXPECT_EQ(dump["tags"][1]["name"], "owner \"\uFFFD\" </script>");
}

/// What an owner has, and what was moved for it.
TEST(PoolDump, OwnersAreAccountedFor) {
  test::PoolFixture f;
  const Tag terrain = f.pool->makeTag("terrain").value();
  const Tag ui = f.pool->makeTag("ui").value();
  EXPECT_EQ(f.pool->makeTag("terrain").value(), terrain) << "the same name is the same owner";
  EXPECT_EQ(f.pool->makeTag("").error().code, ErrorCode::InvalidArgument);

  const auto bytes = test::pattern(1, 0, 1, 1000);
  std::vector<PartDesc> parts(3, {PartKind::Vertex, bytes.size(), Source::bytes(bytes)});
  const BlockHandle hill = f.pool->add({.name = "hill", .parts = parts, .tag = terrain}).value();
  ASSERT_TRUE(f.pool->add({.name = "menu", .parts = std::span(parts).first(1), .tag = ui}));
  Producer producer = f.pool->makeProducer();
  ASSERT_TRUE(producer.add({.name = "lake", .parts = std::span(parts).first(1), .tag = terrain}));
  f.add("nobody's", bytes);
  // Things of different owners do not share a block, whatever their affinity.
  const SharedPartDesc thing{.affinity = 7, .part = parts[0], .name = "thing", .tag = terrain};
  SharedPartDesc other = thing;
  other.tag = ui;
  const SharedPart first = f.pool->addShared(thing).value();
  EXPECT_NE(f.pool->addShared(other).value().block, first.block);
  EXPECT_EQ(f.pool->addShared(thing).value().block, first.block);
  f.stepAndPublish(3);
  ASSERT_TRUE(f.update(hill, bytes, PartId{1}));
  f.stepAndPublish(3);

  const DetailedStats stats = f.pool->detailedStats();
  ASSERT_EQ(stats.tags.size(), 3U);
  const TagStats& ofTerrain = stats.tags[static_cast<std::size_t>(terrain)];
  EXPECT_EQ(ofTerrain.name, "terrain");
  EXPECT_EQ(ofTerrain.blocks, 3U);
  EXPECT_EQ(ofTerrain.liveBytes, 6000U);
  EXPECT_EQ(ofTerrain.uploadedBytes, 7000U);
  EXPECT_EQ(ofTerrain.copiedBytes, 2000U) << "two parts did not change";
  EXPECT_GE(ofTerrain.placeBytes, ofTerrain.liveBytes);
  EXPECT_EQ(stats.tags[0].blocks, 1U);
  EXPECT_EQ(stats.tags[0].name, "");
  const nlohmann::json dump = test::dumpOf(*f.pool, "end");
  EXPECT_EQ(dump["tags"][1]["uploadedBytes"], 7000);
  EXPECT_EQ(dump["blocks"][0]["tag"], static_cast<std::uint32_t>(terrain));

  const Tag forged{9};
  EXPECT_EQ(f.pool->add({.name = "x", .parts = parts, .tag = forged}).error().code, ErrorCode::InvalidArgument);
  other.tag = forged;
  EXPECT_EQ(f.pool->addShared(other).error().code, ErrorCode::InvalidArgument);
  for (std::uint32_t i = 3; i < kMaxTags; ++i) ASSERT_TRUE(f.pool->makeTag("tag " + std::to_string(i)));
  EXPECT_EQ(f.pool->makeTag("one more").error().code, ErrorCode::InvalidArgument);
}

TEST(PoolDump, SaysHowOldThingsAre) {
  test::PoolFixture f;
  const auto bytes = test::pattern(1, 0, 1, 500);
  const BlockHandle block = f.add("old", bytes);
  f.stepAndPublish(3);
  const BlockHandle never = f.add("never drawn", bytes);
  f.stepAndPublish(2);
  f.pool->beginFrame().use(block);
  (void)f.pool->beginFrame();
  const nlohmann::json dump = test::dumpOf(*f.pool, "end");
  const nlohmann::json& old = dump["blocks"][0];
  EXPECT_EQ(old["changedInStep"], 2) << "submitted by step 1, seen by step 2";
  EXPECT_EQ(old["ageSteps"], 3);
  EXPECT_EQ(old["framesSinceUse"], 1);
  EXPECT_FALSE(dump["blocks"][1].contains("framesSinceUse"));
  EXPECT_EQ(dump["blocks"][1]["index"], never.index);
  EXPECT_EQ(dump["chunks"][0]["madeInStep"], 0);
  EXPECT_EQ(dump["chunks"][0]["ageSteps"], 5);

  ASSERT_TRUE(f.pool->updateInPlace(block, std::array{PartUpdate{PartId{0}, Source::bytes(bytes)}}));
  f.stepAndPublish(1);
  EXPECT_EQ(test::dumpOf(*f.pool, "overwritten")["blocks"][0]["changedInStep"], 6);
}

TEST(PoolDump, ExplainsTheLastRefusals) {
  PoolDesc desc = test::smallPool();
  desc.hardLimitBytes = 512 * kKiB;
  test::PoolFixture f(HostDeviceDesc::Completion::Immediate, desc);
  const auto fail = [](void*, const FillRequest&) { return true; };
  const auto add = [&](std::string_view name, ByteCount bytes) {
    const PartDesc part{PartKind::Vertex, bytes, Source::callback(fail, nullptr, 0)};
    return f.pool->add(test::blockDesc(name, {&part, 1}));
  };
  ASSERT_TRUE(add("first", 200 * kKiB));
  for (int i = 0; i < 3; ++i) EXPECT_EQ(add("second", 400 * kKiB).error().code, ErrorCode::OutOfBudget);
  f.stepAndPublish();
  EXPECT_EQ(add("huge", 65 * kGiB).error().code, ErrorCode::TooLarge);
  EXPECT_EQ(f.pool->reserve(kMiB).error().code, ErrorCode::OutOfBudget);

  const nlohmann::json dump = test::dumpOf(*f.pool, "end");
  const nlohmann::json& refusals = dump["refusals"];
  ASSERT_EQ(refusals.size(), 3U);
  EXPECT_EQ(refusals[0]["name"], "second");
  EXPECT_EQ(refusals[0]["times"], 3) << "the same request again";
  EXPECT_EQ(refusals[0]["bytes"], 400 * kKiB);
  EXPECT_EQ(refusals[0]["class"], "streaming");
  EXPECT_EQ(refusals[0]["outcome"], "over budget");
  EXPECT_EQ(refusals[0]["error"], "out of budget");
  EXPECT_NE(refusals[0]["explanation"].get<std::string>().find("would exceed the hard limit by"), std::string::npos);
  EXPECT_FALSE(refusals[0].contains("eviction")) << "nothing leaves this pool";
  EXPECT_EQ(refusals[1]["name"], "huge");
  EXPECT_EQ(refusals[1]["lastStep"], 1);
  EXPECT_EQ(refusals[2]["name"], "reserve");
  EXPECT_EQ(dump["stats"]["refusals"], 5);
  EXPECT_EQ(dump["budgets"]["chunks"]["limitBytes"], 512 * kKiB);

  // A step that tries again and again fills the log no more than once, and the log is bounded.
  for (int i = 0; i < 40; ++i) (void)add("number " + std::to_string(i), 400 * kKiB);
  const nlohmann::json later = test::dumpOf(*f.pool, "many")["refusals"];
  EXPECT_EQ(later.size(), 16U);
  EXPECT_EQ(later.back()["name"], "number 39");
}

using PoolDumpEviction = test::PoolEviction;

TEST_F(PoolDumpEviction, SaysWhatWouldLeaveForTheLastRequest) {
  fill(test::Given::Lasting, test::smallMemory(test::kBlockBytes));
  ASSERT_TRUE(pool().pin(things_[0]->block));
  EXPECT_EQ(draw(1, 2), 2U);
  const auto refuse = [&](std::string_view name, ByteCount bytes) {
    const std::vector<std::byte> contents(bytes);
    const PartDesc part{PartKind::Vertex, bytes, Source::bytes(contents)};
    const Result<BlockHandle> refused = pool().add(test::blockDesc(name, {&part, 1}));
    ASSERT_FALSE(refused) << "the store is too small for it";
    EXPECT_EQ(refused.error().code, ErrorCode::OutOfBudget);
  };
  refuse("earlier", 2 * test::kBlockBytes);
  refuse("last", 3 * test::kBlockBytes);
  const PartDesc huge{PartKind::Vertex, 65 * kGiB, Source::callback(test::Thing::fill, nullptr)};
  ASSERT_FALSE(pool().add(test::blockDesc("for which nothing could leave", {&huge, 1})));

  const EvictionReport report = pool().wouldEvict(3 * test::kBlockBytes);
  ASSERT_TRUE(report);
  const nlohmann::json refusals = test::dumpOf(pool(), "refused")["refusals"];
  ASSERT_EQ(refusals.size(), 3U);
  EXPECT_FALSE(refusals[0].contains("eviction"));
  EXPECT_FALSE(refusals[2].contains("eviction"));
  const nlohmann::json& eviction = refusals[1]["eviction"];
  EXPECT_EQ(eviction["explanation"], explain(report));
  EXPECT_EQ(eviction["neededBytes"], report.neededBytes);
  EXPECT_EQ(eviction["evictedBytes"], report.evictedBytes);
  EXPECT_EQ(eviction["pinnedBytes"], test::kBlockBytes);
  EXPECT_EQ(eviction["drawnBytes"], 2 * test::kBlockBytes);
  ASSERT_EQ(eviction["blocks"].size(), report.blocks.size());
  for (std::size_t i = 0; i < report.blocks.size(); ++i) {
    EXPECT_EQ(eviction["blocks"][i]["index"], report.blocks[i].block.index);
    EXPECT_EQ(eviction["blocks"][i]["bytes"], report.blocks[i].bytes);
  }

  for (int i = 0; i < 4; ++i) step();
  EXPECT_GE(pool().stats().evictions, report.blocks.size());
  EXPECT_FALSE(test::dumpOf(pool(), "later")["refusals"][1].contains("eviction")) << "there is room";
}

/// A block that is being moved, one that waits for its update, one whose source fails, a page in use.
TEST(PoolDump, ShowsBytesOnTheirWay) {
  test::PoolFixture f(HostDeviceDesc::Completion::Manual);
  const auto bytes = test::pattern(1, 0, 1, 500);
  const BlockHandle block = f.add("moves", bytes);
  nlohmann::json dump = test::dumpOf(*f.pool, "added");
  EXPECT_EQ(dump["blocks"][0]["state"], "absent");
  EXPECT_EQ(dump["blocks"][0]["relocation"]["waitsFor"], "its turn");
  EXPECT_FALSE(dump["blocks"][0].contains("place"));
  f.stepAndPublish();
  dump = test::dumpOf(*f.pool, "submitted");
  EXPECT_EQ(dump["blocks"][0]["relocation"]["waitsFor"], "copies");
  EXPECT_EQ(dump["blocks"][0]["relocation"]["copyValue"], 1);
  EXPECT_EQ(dump["staging"][0]["waitsForCopyValue"], 1);
  f.host->complete(kCopyQueue, 1);
  f.stepAndPublish();
  ASSERT_TRUE(f.update(block, bytes));
  f.stepAndPublish();
  ASSERT_TRUE(f.update(block, bytes));
  const PartDesc failing{PartKind::Index, 64,
                         Source::callback([](void*, const FillRequest&) { return false; }, nullptr, 0)};
  ASSERT_TRUE(f.pool->add(test::blockDesc("fails", {&failing, 1})));
  dump = test::dumpOf(*f.pool, "twice");
  EXPECT_EQ(dump["blocks"][0]["relocation"]["version"], 2);
  EXPECT_EQ(dump["blocks"][0]["edits"]["bytes"], 500);
  EXPECT_EQ(dump["blocks"][0]["requestedVersion"], 3);
  f.stepAndPublish();
  EXPECT_EQ(test::dumpOf(*f.pool, "failed")["blocks"][1]["state"], "lost");
}

TEST(PoolDump, OfALostDeviceIsWritten) {
  test::PoolFixture f(HostDeviceDesc::Completion::Manual);
  const auto bytes = test::pattern(1, 0, 1, 500);
  for (int i = 0; i < 5; ++i) f.add("block", bytes);
  f.stepAndPublish();
  f.host->complete(kCopyQueue, 1);
  f.stepAndPublish();
  const Frame frame = f.pool->beginFrame("late");
  ASSERT_TRUE(f.pool->addShared({.part = {PartKind::Vertex, 500, Source::bytes(bytes)}, .name = "thing"}));
  f.stepAndPublish();
  f.host->lose();
  (void)test::dumpOf(*f.pool, "before it is known");
  ASSERT_FALSE(f.pool->step());
  nlohmann::json dump = test::dumpOf(*f.pool, "lost");
  EXPECT_EQ(dump["device"]["lost"], true);
  EXPECT_FALSE(dump["budgets"].contains("device"));
  EXPECT_EQ(dump["blocks"][0]["state"], "lost");
  EXPECT_FALSE(dump["blocks"][0].contains("place"));
  f.pool->publish();
  (void)f.pool->step();
  dump = test::dumpOf(*f.pool, "held");
  EXPECT_EQ(dump["retired"][0]["waitsFor"], "frames");
}

TEST(PoolDump, TheSameCallsGiveTheSameText) {
  const auto make = [] {
    test::PoolFixture f;
    std::vector<BlockHandle> blocks;
    for (std::uint32_t i = 0; i < 40; ++i) blocks.push_back(f.add("block", test::pattern(i, 0, 1, 100 + 70 * i)));
    f.stepAndPublish(2);
    for (std::size_t i = 0; i < blocks.size(); i += 3) EXPECT_TRUE(f.pool->remove(blocks[i]));
    f.stepAndPublish();
    return f.pool->dump();
  };
  EXPECT_EQ(make(), make());
}

}  // namespace
}  // namespace flux
