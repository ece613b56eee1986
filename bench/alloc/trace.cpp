#include "trace.hpp"

#include <algorithm>
#include <filesystem>
#include <limits>
#include <stdexcept>
#include <string_view>
#include <system_error>
#include <utility>

#include "replay/trace_reader.hpp"

namespace flux::bench {
namespace {

/// Contents and uses do not change what is allocated: they are left out.
void read(const std::filesystem::path& path, Trace& trace) {
  struct Object {
    std::uint32_t slot = 0;  // of the trace: never used again
    ByteCount bytes = 0;
  };
  app::TraceReader reader(path);
  std::vector<Object> objects;  // by the slots of the reader
  ByteCount live = 0;
  const auto change = [&](Object& object, ByteCount bytes) {
    if (bytes > std::numeric_limits<std::uint32_t>::max()) {
      throw std::runtime_error(path.string() + ": an object of 4 GiB or more");
    }
    if (object.bytes != 0) ++trace.frees;
    if (bytes != 0) ++trace.allocations;
    live += bytes - std::exchange(object.bytes, bytes);
    trace.peakLiveBytes = std::max(trace.peakLiveBytes, live);
    trace.operations.push_back({object.slot, static_cast<std::uint32_t>(bytes)});
  };
  for (app::TraceEvent event; reader.next(event);) {
    using Kind = app::TraceEvent::Kind;
    if (event.kind == Kind::FrameEnd) {
      trace.frameEnds.push_back(trace.operations.size());
      continue;
    }
    if (event.kind == Kind::Add) {
      if (event.slot >= objects.size()) objects.resize(event.slot + 1);
      objects[event.slot] = {.slot = static_cast<std::uint32_t>(trace.kinds.size())};
      trace.kinds.push_back(event.part);
    }
    if (event.kind == Kind::Add || event.kind == Kind::Resize) change(objects[event.slot], event.bytes);
    if (event.kind == Kind::Remove) change(objects[event.slot], 0);
  }
}

}  // namespace

std::vector<Trace> readTraces(const std::string& folder, std::string& error) {
  constexpr std::string_view kEnding = ".gtrace.gz";
  std::vector<std::filesystem::path> paths;
  std::error_code code;
  for (const auto& entry : std::filesystem::directory_iterator(folder, code)) {
    if (entry.path().string().ends_with(kEnding)) paths.push_back(entry.path());
  }
  std::ranges::sort(paths);
  std::vector<Trace> traces;
  for (const std::filesystem::path& path : paths) {
    const std::string file = path.filename().string();
    traces.push_back({.name = file.substr(0, file.size() - kEnding.size())});
    try {
      read(path, traces.back());
    } catch (const std::runtime_error& failure) {
      error = failure.what();
      return {};
    }
  }
  if (traces.empty()) error = folder + ": no traces";
  return traces;
}

}  // namespace flux::bench
