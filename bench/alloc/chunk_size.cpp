/// How large should the first chunk be, and why are chunks added instead of growing one buffer?

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "scene.hpp"
#include "workload.hpp"

namespace flux::bench {
namespace {

constexpr ByteCount kChunk = 16 * kMiB;
constexpr std::array<ByteCount, 5> kFirstChunks = {1 * kMiB, 4 * kMiB, 16 * kMiB, 64 * kMiB, 128 * kMiB};

double mib(ByteCount bytes) {
  return static_cast<double>(bytes) / static_cast<double>(kMiB);
}

std::string sizeName(ByteCount bytes) {
  if (bytes >= kGiB) return number(mib(bytes) / 1024, 0) + " GiB";
  return bytes >= kMiB ? number(mib(bytes), 0) + " MiB" : std::to_string(bytes / kKiB) + " KiB";
}

double reservedOverLive(const Loading& loading) {
  return static_cast<double>(loading.footprint.reservedBytes) / static_cast<double>(loading.liveBytes);
}

std::vector<ByteCount> sceneBytes(bool quick) {
  if (quick) return {100 * kKiB, 10 * kMiB};
  return {100 * kKiB, 1 * kMiB, 10 * kMiB, 100 * kMiB, 300 * kMiB, 1 * kGiB};
}

/// A kind of application: what it reserves at the start, a scene as it usually is, and one of a user who has hardly
/// begun.
struct Kind {
  const char* name;
  ByteCount start;
  ByteCount usual;
  ByteCount small;
};

constexpr std::array<Kind, 4> kKinds{{{"simple 2D", 2 * kMiB, 3 * kMiB, 200 * kKiB},
                                      {"complex 2D", 8 * kMiB, 20 * kMiB, 1 * kMiB},
                                      {"3D", 48 * kMiB, 200 * kMiB, 5 * kMiB},
                                      {"large 3D", 128 * kMiB, 1 * kGiB, 20 * kMiB}}};

void firstChunks(const Settings& settings, Report& report) {
  std::vector<std::string> columns{"scene"};
  for (const ByteCount first : kFirstChunks) columns.push_back("first " + sizeName(first));
  report.table("Reserved over live (device allocations) after loading a scene, by the size of the first chunk",
               std::move(columns));
  for (const ByteCount bytes : sceneBytes(settings.quick)) {
    const std::vector<std::uint32_t> sizes = sceneSizes(bytes);
    std::vector<std::string> cells{sizeName(bytes)};
    for (const ByteCount first : kFirstChunks) {
      const Loading loading = loadIntoChunks(sizes, std::max(kChunk, first), first);
      cells.push_back(number(reservedOverLive(loading), 2) + " (" + std::to_string(loading.footprint.chunksMade) + ")");
      report.point("first-chunk", sizeName(first), "reserved/live", static_cast<double>(bytes),
                   reservedOverLive(loading));
    }
    report.row(std::move(cells));
  }
}

void kinds(Report& report) {
  report.table(
      "The price of a start that is too small (an eighth) or too large (eight times), chunks of at most 16 MiB",
      {"application, scene", "start MiB", "chunks at the start", "chunks made later", "unused MiB", "reserved/live",
       "longest wait, ms"});
  for (const Kind& kind : kKinds) {
    for (const ByteCount scene : {kind.usual, kind.small}) {
      const std::vector<std::uint32_t> sizes = sceneSizes(scene);
      for (const ByteCount start : {kind.start / 8, kind.start, kind.start * 8}) {
        const Loading loading = loadIntoChunks(sizes, kChunk, std::min(start, kChunk), start);
        report.row({std::string(kind.name) + ", " + sizeName(scene), number(mib(start), start < kMiB ? 2 : 0),
                    std::to_string(loading.footprint.chunksMade - loading.madeLater), std::to_string(loading.madeLater),
                    number(mib(loading.footprint.reservedBytes - loading.liveBytes), 1),
                    number(reservedOverLive(loading), 2), number(loading.worstMs, 2)});
      }
    }
  }
}

}  // namespace

void runFirstChunk(const Field& /*field*/, const Settings& settings, Report& report) {
  firstChunks(settings, report);
  if (!settings.quick) kinds(report);
}

void runGrowOrAdd(const Field& /*field*/, const Settings& settings, Report& report) {
  for (const ByteCount bytes : sceneBytes(settings.quick)) {
    const std::vector<std::uint32_t> sizes = sceneSizes(bytes);
    report.table("Loading " + sizeName(bytes) + " object by object, starting with 1 MiB",
                 {"strategy", "device allocations", "copied MiB", "peak reserved MiB", "peak reserved/live",
                  "reserved/live at the end", "making memory, ms", "copying, ms", "longest wait, ms"});
    const auto row = [&](const char* strategy, const Loading& loading) {
      report.row({strategy, std::to_string(loading.footprint.chunksMade), number(mib(loading.copiedBytes), 1),
                  number(mib(loading.peakReservedBytes), 1),
                  number(static_cast<double>(loading.peakReservedBytes) / static_cast<double>(loading.liveBytes), 2),
                  number(reservedOverLive(loading), 2), number(loading.makeMs, 2), number(loading.copyMs, 2),
                  number(loading.worstMs, 2)});
      report.point("grow-or-add", strategy, "longest wait ms", static_cast<double>(bytes), loading.worstMs);
      report.point("grow-or-add", strategy, "peak reserved/live", static_cast<double>(bytes),
                   static_cast<double>(loading.peakReservedBytes) / static_cast<double>(loading.liveBytes));
    };
    row("add chunks of 1 to 16 MiB", loadIntoChunks(sizes, kChunk, kMiB));
    row("grow one buffer 2 x", loadIntoOneBuffer(sizes, kMiB, 2));
    row("grow one buffer 1.5 x", loadIntoOneBuffer(sizes, kMiB, 1.5));
  }
}

}  // namespace flux::bench
