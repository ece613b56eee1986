#include "replay/import_trace.hpp"

#include "app/test_files.hpp"
#include "failure.hpp"
#include "replay/replay.hpp"
#include "replay/trace_reader.hpp"

#include <zlib.h>

#include <filesystem>
#include <sstream>

namespace flux::app {
namespace {

/// Two pools, a dedicated image, a hole.
const std::string kVmaDump = R"({
  "General": {"API": "Vulkan", "GPU": "Some \"GPU\" 7"},
  "Total": {"BlockCount": 3, "BlockBytes": 1400000, "AllocationCount": 5, "AllocationBytes": 301000, "UnusedRangeCount": 2},
  "MemoryInfo": {},
  "DefaultPools": {"Type 0": {"PreferredBlockSize": 1000000,
    "Blocks": {"0": {"TotalBytes": 1000000, "UnusedBytes": 950000, "Allocations": 2, "UnusedRanges": 1, "Suballocations": [
      {"Offset": 0, "Type": "BUFFER", "Size": 40000, "Usage": 131, "Name": "mesh"},
      {"Offset": 40000, "Type": "FREE", "Size": 950000},
      {"Offset": 990000, "Type": "IMAGE_OPTIMAL", "Size": 10000, "Usage": 6, "Layout": 0}]}},
    "DedicatedAllocations": [{"Type": "IMAGE_OPTIMAL", "Size": 200000, "Usage": 22}]}},
  "CustomPools": {"Type 1": [{"Name": "pool", "PreferredBlockSize": 200000,
    "Blocks": {"0": {"TotalBytes": 200000, "UnusedBytes": 149000, "Allocations": 2, "UnusedRanges": 1, "Suballocations": [
      {"Offset": 16, "Type": "BUFFER", "Size": 50000, "Usage": 19},
      {"Offset": 60000, "Type": "UNKNOWN", "Size": 1000}]}}}]}
})";

const std::string kApitraceDump = R"(// process.name = "/usr/bin/game"
0 glXMakeCurrent(dpy = 0x1, drawable = 2, ctx = 0x3) = True
1 glGenBuffers(n = 2, buffers = {7, 8})
2 glBindVertexArray(array = 1)
3 glBindBuffer(target = GL_ARRAY_BUFFER, buffer = 7)
4 glBufferData(target = GL_ARRAY_BUFFER, size = 1000, data = NULL, usage = GL_STATIC_DRAW)
5 glBufferSubData(target = GL_ARRAY_BUFFER, offset = 100, size = 900, data = blob(900))
6 glVertexAttribPointer(index = 0, size = 3, type = GL_FLOAT, normalized = GL_FALSE, stride = 24, pointer = NULL)
7 glBindBuffer(target = GL_ELEMENT_ARRAY_BUFFER, buffer = 8)
8 glBufferData(target = GL_ELEMENT_ARRAY_BUFFER, size = 60, data = blob(60), usage = GL_STATIC_DRAW)
9 glShaderSource(shader = 1, count = 1, string = &"void main() {
10 is no call (in a shader)
}", length = NULL)
11 glDrawElements(mode = GL_TRIANGLES, count = 30, type = GL_UNSIGNED_SHORT, indices = NULL)
12 glDrawElements(mode = GL_TRIANGLES, count = 30, type = GL_UNSIGNED_SHORT, indices = NULL)
13 glXSwapBuffers(dpy = 0x1, drawable = 2)
14 @1 glBindBuffer(target = GL_UNIFORM_BUFFER, buffer = 9)
15 @1 glBufferData(target = GL_UNIFORM_BUFFER, size = 256, data = blob(256), usage = GL_DYNAMIC_DRAW)
16 @1 glBufferData(target = GL_UNIFORM_BUFFER, size = 256, data = blob(256), usage = GL_DYNAMIC_DRAW)
17 @1 glBufferData(target = GL_UNIFORM_BUFFER, size = 512, data = NULL, usage = GL_DYNAMIC_DRAW)
18 @1 glBufferSubData(target = GL_UNIFORM_BUFFER, offset = 500, size = 100, data = blob(100))
19 glBindVertexArray(array = 2)
20 glDrawArrays(mode = GL_TRIANGLES, first = 0, count = 3)
21 glDeleteBuffers(n = 2, buffers = {7, 99})
22 glDeleteBuffers(n = 1, buffers = &8)
23 glXSwapBuffers(dpy = 0x1, drawable = 2)
)";

TEST(ImportTrace, AnApitraceDumpBecomesTheCallsForBuffers) {
  const std::string expected =
      "# gtrace 1 source=apitrace scene=buffers frames=2\n"
      "A 1 vertex 1000\n"
      "U 1 100 900\n"
      "A 2 index 60\n"
      "D 2\n"
      "D 1\n"
      "F\n"
      "A 3 uniform 256\n"
      "U 3 0 256\n"
      "R 3 512\n"
      "X 1\n"
      "X 2\n"
      "F\n";
  EXPECT_EQ(importTrace(kApitraceDump, "dump").value(), expected);
}

TEST(ImportTrace, AVmaDumpIsAllocatedAtOnceAndDrawn) {
  const std::string trace = importTrace(kVmaDump, "dump").value();
  EXPECT_TRUE(
      trace.starts_with("# gtrace 1 source=Vulkan_Memory_Allocator scene=Some_\"GPU\"_7 reserved=1400000 chunks=3\n"
                        "A 1 vertex 40000\nA 2 texture 10000\nA 3 texture 200000\nA 4 uniform 50000\n"
                        "A 5 other 1000\nF\n"))
      << trace;
  EXPECT_TRUE(trace.ends_with("F\nD 1\nD 2\nD 3\nD 4\nD 5\nF\n"));
}

TEST(ImportTrace, WhatIsNeitherIsNone) {
  for (const char* text : {"", "\n", "12", "12 apples", "# gtrace 1\nF\n", "// a comment", "12 (x)"}) {
    EXPECT_FALSE(importTrace(text, "dump")) << text;
  }
}

TEST(ImportTrace, ADumpThatMakesNoSenseIsRefused) {
  const auto refusal = [](std::string text, const std::string& what, const std::string& by) {
    const std::size_t at = text.find(what);
    EXPECT_NE(at, std::string::npos) << what;
    text.replace(at, what.size(), by);
    try {
      (void)importVmaDump(text, "dump");
    } catch (const Failure& failure) {
      return std::string(failure.what());
    }
    return std::string();
  };
  EXPECT_NE(refusal(kVmaDump, "\"Offset\": 990000", "\"Offset\": 30000").find("overlaps"), std::string::npos);
  EXPECT_NE(refusal(kVmaDump, "\"Size\": 10000,", "\"Size\": 10001,").find("beyond its block"), std::string::npos);
  EXPECT_NE(refusal(kVmaDump, "\"Size\": 40000", "\"Size\": \"much\"").find("no dump of"), std::string::npos);
  EXPECT_NE(refusal(kVmaDump, "\"Total\"", "\"Sum\"").find("no dump of"), std::string::npos);
  EXPECT_NE(refusal(R"({"General": {"API": "Vulkan", "GPU": ""}, "Total": {"AllocationCount": 4}})", "4", "5")
                .find("without the detailed map"),
            std::string::npos);
}

/// Plain or packed; each object lies where no other does, or its bytes would be wrong.
TEST(ImportTrace, ImportsAreReplayedAndVerified) {
  const TestFolder folder;
  const std::filesystem::path packed = folder.path() / "dump.json.gz";
  const gzFile file = gzopen(packed.string().c_str(), "wb");
  EXPECT_GT(gzputs(file, kVmaDump.c_str()), 0);
  EXPECT_EQ(gzclose(file), Z_OK);
  ReplayOptions options;
  options.traces = {folder.write("dump.txt", kApitraceDump), packed};
  options.verify = true;
  options.validate = true;
  std::ostringstream progress;
  const std::vector<ReplayResult> results = runReplay(options, progress);
  ASSERT_EQ(results.size(), 2U);
  for (const ReplayResult& result : results) EXPECT_EQ(failureOf(result), "");
  EXPECT_EQ(results[0].counts.allocs, 3U);
  EXPECT_EQ(results[0].ownReservedBytes, 0U);
  EXPECT_EQ(results[1].counts.allocs, 5U);
  EXPECT_EQ(results[1].counts.misses, 0U) << "all has arrived before it is drawn";
  EXPECT_GE(results[1].counts.verifiedDraws, 5U);
  EXPECT_EQ(results[1].ownReservedBytes, 1'400'000U);
  EXPECT_EQ(results[1].ownChunks, 3U);
  EXPECT_EQ(results[1].counts.peakLiveBytes, 301'000U);
  std::ostringstream out;
  printSummary(results[1], out);
  EXPECT_NE(out.str().find("in 3 blocks: what the program had"), std::string::npos) << out.str();
}

}  // namespace
}  // namespace flux::app
