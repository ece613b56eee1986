#include "../../extras/tracy/flux_tracy.hpp"
#include "pool/pool_test_tools.hpp"

#include <map>
#include <set>
#include <string>
#include <vector>

namespace {

struct Seen {
  std::vector<std::uint32_t> open;
  std::map<std::string, const ___tracy_source_location_data*> zones;
  std::set<std::string> plots;
  std::map<std::string, std::int32_t> formats;
  std::uint32_t ids = 0;
};
Seen seen;

}  // namespace

extern "C" {

TracyCZoneCtx ___tracy_emit_zone_begin(const ___tracy_source_location_data* place, std::int32_t active) {
  const auto [at, isNew] = seen.zones.try_emplace(place->name, place);
  EXPECT_EQ(at->second, place) << "a zone keeps its address";
  seen.open.push_back(++seen.ids);
  return {seen.ids, active};
}

void ___tracy_emit_zone_end(TracyCZoneCtx zone) {
  ASSERT_FALSE(seen.open.empty());
  EXPECT_EQ(zone.id, seen.open.back());
  EXPECT_EQ(zone.active, 1);
  seen.open.pop_back();
}

void ___tracy_emit_plot(const char* name, double) {
  seen.plots.insert(name);
}

void ___tracy_emit_plot_config(const char* name, std::int32_t type, std::int32_t, std::int32_t, std::uint32_t) {
  seen.formats[name] = type;
}

}  // extern "C"

namespace flux {
namespace {

TEST(Tracy, GetsZonesPlotsAndTheirFormats) {
  PoolDesc desc = test::smallPool();
  desc.profiler = tracyProfiler();
  test::PoolFixture f(HostDeviceDesc::Completion::Immediate, desc);
  (void)f.add("mesh", test::pattern(1, 0, 1, 1000));
  f.stepAndPublish(2);

  EXPECT_TRUE(seen.open.empty());
  for (const char* zone : {"flux step", "flux copies", "flux publish", "flux create chunk"}) {
    EXPECT_TRUE(seen.zones.contains(zone)) << zone;
  }
  EXPECT_EQ(seen.plots.size(), kProfilePlotNames.size());
  EXPECT_EQ(seen.formats.size(), kProfilePlotNames.size());
  EXPECT_EQ(seen.formats["flux live bytes"], TracyPlotFormatMemory);
  EXPECT_EQ(seen.formats["flux open frames"], TracyPlotFormatNumber);
}

}  // namespace
}  // namespace flux
