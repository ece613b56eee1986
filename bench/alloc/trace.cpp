#include "trace.hpp"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <string_view>
#include <system_error>
#include <unordered_map>
#include <utility>

namespace flux::bench {
namespace {

PartKind kindOf(std::string_view name) {
  if (name == "index") return PartKind::Index;
  if (name == "uniform") return PartKind::Uniform;
  if (name == "storage") return PartKind::Storage;
  if (name == "texture") return PartKind::Texel;
  return PartKind::Vertex;
}

/// Turns lines into operations.
class Reader {
 public:
  explicit Reader(Trace& trace) : trace_(trace) {}

  /// False: the line is no event, or speaks of an object that is not there.
  bool take(const char* line) {
    unsigned long long id = 0;
    unsigned long long bytes = 0;
    std::array<char, 16> kind{};
    switch (line[0]) {
      case '#':
      case 'U':  // contents and uses do not change what is allocated
      case 'D':
        return true;
      case 'F':
        trace_.frameEnds.push_back(trace_.operations.size());
        return true;
      case 'A': {
        if (std::sscanf(line, "A %llu %15s %llu", &id, kind.data(), &bytes) != 3) return false;
        const auto slot = static_cast<std::uint32_t>(trace_.kinds.size());
        trace_.kinds.push_back(kindOf(kind.data()));
        sizes_.push_back(0);
        return slots_.emplace(id, slot).second && change(slot, bytes);
      }
      case 'R':
        if (std::sscanf(line, "R %llu %llu", &id, &bytes) != 2 || !slots_.contains(id)) return false;
        return change(slots_[id], bytes);
      case 'X':
        if (std::sscanf(line, "X %llu", &id) != 1 || !slots_.contains(id)) return false;
        return free(slots_[id]);
      default:
        return false;
    }
  }

 private:
  bool change(std::uint32_t slot, unsigned long long bytes) {
    if (bytes == 0 || bytes > ~std::uint32_t{0}) return false;
    if (sizes_[slot] != 0) ++trace_.frees;
    ++trace_.allocations;
    live_ += bytes - std::exchange(sizes_[slot], bytes);
    trace_.peakLiveBytes = std::max(trace_.peakLiveBytes, live_);
    trace_.operations.push_back({slot, static_cast<std::uint32_t>(bytes)});
    return true;
  }

  bool free(std::uint32_t slot) {
    if (sizes_[slot] == 0) return false;
    ++trace_.frees;
    live_ -= std::exchange(sizes_[slot], 0);
    trace_.operations.push_back({slot, 0});
    return true;
  }

  Trace& trace_;
  std::unordered_map<unsigned long long, std::uint32_t> slots_;  // by id
  std::vector<ByteCount> sizes_;                                 // by slot
  ByteCount live_ = 0;
};

bool read(const std::filesystem::path& path, Trace& trace, std::string& error) {
  const std::unique_ptr<gzFile_s, int (*)(gzFile)> file(gzopen(path.string().c_str(), "rb"), gzclose);
  Reader reader(trace);
  std::array<char, 512> line{};
  std::uint64_t number = 0;
  while (file && gzgets(file.get(), line.data(), static_cast<int>(line.size())) != nullptr) {
    ++number;
    if (reader.take(line.data())) continue;
    error = path.string() + ":" + std::to_string(number) + ": no event that makes sense here";
    return false;
  }
  if (number != 0 && gzeof(file.get()) != 0) return true;
  error = path.string() + ": cannot be read";
  return false;
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
    if (!read(path, traces.back(), error)) return {};
  }
  if (traces.empty()) error = folder + ": no traces";
  return traces;
}

}  // namespace flux::bench
