// Holds the layer rule of CONTRIBUTING.md on the repository's own text: an include only ever points down, graphics
// APIs stay in their back ends, no file grows past 800 lines and no back end past 1,500 that are neither blank nor
// comments.

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fs = std::filesystem;

namespace {

constexpr std::size_t kMaxLines = 800;
constexpr std::size_t kMaxBackEndCodeLines = 1500;

// A file may include what ranks lower, and its own layer; layers of one rank do not know each other. The abstract
// Device (port) ranks below the staging that drives it, the back ends above.
const std::map<std::string, int, std::less<>> kRanks{
    {"base", 0},   {"alloc", 1},  {"frame", 1}, {"port", 2},      {"transfer", 3},
    {"device", 4}, {"report", 5}, {"pool", 6},  {"resources", 7}, {"record", 7},
};

// Public headers lie in one folder, so the layer of each is written down here.
const std::map<std::string, std::string, std::less<>> kPublicLayers{
    {"assert.hpp", "base"},     {"types.hpp", "base"},           {"part_kind.hpp", "base"},
    {"result.hpp", "base"},     {"version.hpp", "base"},         {"record_kind.hpp", "base"},
    {"snapshot.hpp", "base"},   {"profiler.hpp", "base"},        {"frame.hpp", "frame"},
    {"device.hpp", "port"},     {"passing_device.hpp", "port"},  {"staged_bytes.hpp", "transfer"},
    {"source.hpp", "transfer"}, {"readback.hpp", "transfer"},    {"host.hpp", "device"},
    {"vulkan.hpp", "device"},   {"d3d12.hpp", "device"},         {"opengl.hpp", "device"},
    {"webgpu.hpp", "device"},   {"decorators.hpp", "device"},    {"pool.hpp", "pool"},
    {"stats.hpp", "pool"},      {"shared.hpp", "frame"},         {"block.hpp", "transfer"},
    {"defrag.hpp", "pool"},     {"producer.hpp", "pool"},        {"render_scheduler.hpp", "resources"},
    {"growth.hpp", "alloc"},    {"strategies.hpp", "resources"}, {"budget.hpp", "pool"},
    {"fit.hpp", "pool"},        {"inspect.hpp", "pool"},         {"dynamic_buffer.hpp", "resources"},
    {"recorder.hpp", "record"}, {"recording.hpp", "record"},
};

constexpr std::string_view kNativePrefixes[] = {"vulkan/",  "vk_video/", "volk.h", "d3d",  "vkd3d", "dxgi",
                                                "directx/", "GL/",       "GLES",   "EGL/", "KHR/",  "webgpu"};
// The back ends, which are there to include them.
constexpr std::string_view kNativeFolders[] = {"device/vulkan/", "device/d3d12/", "device/opengl/", "device/webgpu/"};
// Besides them, public headers keep the operating system's headers from their users.
constexpr std::string_view kSystemHeaders[] = {"windows.h", "unistd.h", "sys/"};

struct Include {
  std::string path;
  bool quoted = false;
};

struct Text {
  std::vector<Include> includes;
  std::size_t lines = 0;
  std::size_t codeLines = 0;  // neither blank nor a comment
};

Text read(const fs::path& file) {
  Text text;
  std::ifstream in(file);
  for (std::string line; std::getline(in, line); ++text.lines) {
    const std::size_t hash = line.find_first_not_of(" \t");
    if (hash != std::string::npos && line.compare(hash, 2, "//") != 0) ++text.codeLines;
    if (hash == std::string::npos || line[hash] != '#') continue;
    const std::size_t word = line.find_first_not_of(" \t", hash + 1);
    if (word == std::string::npos || line.compare(word, 7, "include") != 0) continue;
    const std::size_t open = line.find_first_of("\"<", word);
    if (open == std::string::npos) continue;
    const std::size_t close = line.find_first_of("\">", open + 1);
    text.includes.push_back({line.substr(open + 1, close - open - 1), line[open] == '"'});
  }
  return text;
}

template <class Prefixes>
bool startsWithAny(std::string_view text, const Prefixes& prefixes) {
  return std::any_of(std::begin(prefixes), std::end(prefixes),
                     [text](std::string_view prefix) { return text.starts_with(prefix); });
}

// The layer that an include names; none: it is not one of Flux's headers. Unknown ones are their own layer, without a
// rank.
std::optional<std::string> layerOf(const Include& include) {
  constexpr std::string_view publicFolder = "flux/";
  if (include.path.starts_with(publicFolder)) {
    const auto found = kPublicLayers.find(include.path.substr(publicFolder.size()));
    return found == kPublicLayers.end() ? include.path : found->second;
  }
  if (!include.quoted) return std::nullopt;
  return include.path.substr(0, include.path.find('/'));
}

// A source tree's breaches of the rule, one line each.
class LayerCheck {
 public:
  explicit LayerCheck(fs::path root) : root_(std::move(root)) {
    for (const std::string_view folder : {"include", "src", "apps", "samples", "tests", "bench", "tools"}) {
      if (!fs::exists(root_ / folder)) continue;
      for (const fs::directory_entry& entry : fs::recursive_directory_iterator(root_ / folder)) {
        const std::string extension = entry.path().extension().string();
        if (extension == ".hpp" || extension == ".cpp" || extension == ".h") checkFile(entry.path());
      }
    }
    for (const auto& [folder, lines] : backEndLines_) {
      if (lines > kMaxBackEndCodeLines) {
        breaches_.push_back(folder + " has " + std::to_string(lines) + " lines of code");
      }
    }
    std::sort(breaches_.begin(), breaches_.end());
  }

  [[nodiscard]] const std::vector<std::string>& breaches() const { return breaches_; }
  [[nodiscard]] std::size_t files() const { return files_; }

 private:
  void checkFile(const fs::path& file) {
    ++files_;
    const std::string name = fs::relative(file, root_).generic_string();
    const Text text = read(file);
    if (text.lines > kMaxLines) breaches_.push_back(name + " has " + std::to_string(text.lines) + " lines");
    const std::string folder = fs::path(name).parent_path().generic_string();
    if (folder.starts_with("src/device/")) backEndLines_[folder] += text.codeLines;
    for (const Include& include : text.includes) {
      if (name.starts_with("include/flux/")) checkPublic(name, include);
      if (name.starts_with("src/")) checkSource(name, include);
      if (name.starts_with("apps/") || name.starts_with("samples/")) checkApplication(name, include);
    }
  }

  void checkPublic(const std::string& name, const Include& include) {
    const std::string header = name.substr(std::string_view("include/flux/").size());
    const auto layer = kPublicLayers.find(header);
    if (layer == kPublicLayers.end()) {
      breaches_.push_back(name + " has no layer");
      return;
    }
    const bool native = startsWithAny(include.path, kNativePrefixes) && header != "vulkan.hpp";
    if (native || startsWithAny(include.path, kSystemHeaders)) breach(name, include);
    checkRank(name, layer->second, include);
  }

  void checkSource(const std::string& name, const Include& include) {
    const std::string path = name.substr(std::string_view("src/").size());
    // A name without a folder is of the same folder: for files that can be taken out of the repository.
    const fs::path folder = root_ / fs::path(name).parent_path();
    if (include.quoted && fs::exists(folder / include.path)) return;
    // What a shader of the folder is compiled to (cmake/FluxShaders.cmake).
    const fs::path included(include.path);
    if (include.quoted && included.extension() == ".inc" && fs::exists(folder / "shaders" / included.stem())) return;
    if (startsWithAny(include.path, kNativePrefixes) && !startsWithAny(path, kNativeFolders)) breach(name, include);
    checkRank(name, path.substr(0, path.find('/')), include);
  }

  // The command and the samples use what every application can use: the public headers.
  void checkApplication(const std::string& name, const Include& include) {
    if (include.quoted && fs::exists(root_ / "src" / include.path)) breach(name, include);
  }

  void checkRank(const std::string& name, const std::string& layer, const Include& include) {
    const std::optional<std::string> included = layerOf(include);
    if (!included || *included == layer) return;
    const auto from = kRanks.find(layer);
    const auto to = kRanks.find(*included);
    if (from == kRanks.end() || to == kRanks.end() || to->second >= from->second) breach(name, include);
  }

  void breach(const std::string& name, const Include& include) {
    breaches_.push_back(name + " must not include " + include.path);
  }

  fs::path root_;
  std::vector<std::string> breaches_;
  std::size_t files_ = 0;
  std::map<std::string, std::size_t> backEndLines_;
};

std::string joined(const std::vector<std::string>& lines) {
  std::string all;
  for (const std::string& line : lines) all += line + "\n";
  return all;
}

TEST(Layers, RepositoryKeepsTheRule) {
  const LayerCheck check(FLUX_REPOSITORY);
  EXPECT_EQ(joined(check.breaches()), "");
  EXPECT_GT(check.files(), 20U);
}

// A made-up repository with one file, in which the check must find exactly what was planted.
class PlantedTree : public testing::Test {
 protected:
  PlantedTree() : root_(fs::path(testing::TempDir()) / ("flux_layers_" + testName())) { fs::remove_all(root_); }
  ~PlantedTree() override { fs::remove_all(root_); }

  void write(const std::string& name, const std::string& text) const {
    fs::create_directories((root_ / name).parent_path());
    std::ofstream(root_ / name) << text;
  }
  [[nodiscard]] std::string breaches() const { return joined(LayerCheck(root_).breaches()); }

 private:
  static std::string testName() { return testing::UnitTest::GetInstance()->current_test_info()->name(); }
  fs::path root_;
};

TEST_F(PlantedTree, DownwardIncludesPass) {
  write("src/pool/pool.cpp", "#include \"pool/pool.hpp\"\n#include \"base/bits.hpp\"\n#include <vector>\n");
  write("src/device/vulkan/device.cpp",
        "#include <vulkan/vulkan_core.h>\n#include <flux/vulkan.hpp>\n#include \"copy.comp.inc\"\n");
  write("src/device/vulkan/shaders/copy.comp", "");
  write("include/flux/vulkan.hpp", "#include <vulkan/vulkan_core.h>\n#include <flux/device.hpp>\n");
  write("apps/flux/main.cpp", "#include \"pool/view.hpp\"\n#include <flux/pool.hpp>\n#include <volk.h>\n");
  EXPECT_EQ(breaches(), "");
}

TEST_F(PlantedTree, UpwardIncludeIsFound) {
  write("src/frame/ring.cpp", "  #  include \"pool/pool.hpp\"\n");
  EXPECT_EQ(breaches(), "src/frame/ring.cpp must not include pool/pool.hpp\n");
}

TEST_F(PlantedTree, CodeOfNoShaderOfTheFolderIsFound) {
  write("src/device/vulkan/device.cpp", "#include \"copy.comp.inc\"\n");
  EXPECT_EQ(breaches(), "src/device/vulkan/device.cpp must not include copy.comp.inc\n");
}

TEST_F(PlantedTree, UpwardPublicHeaderIsFound) {
  write("src/alloc/space.hpp", "#include <flux/device.hpp>\n");
  EXPECT_EQ(breaches(), "src/alloc/space.hpp must not include flux/device.hpp\n");
}

TEST_F(PlantedTree, IncludeOfALayerOfTheSameRankIsFound) {
  write("src/alloc/space.cpp", "#include \"frame/retirement.hpp\"\n");
  EXPECT_EQ(breaches(), "src/alloc/space.cpp must not include frame/retirement.hpp\n");
}

TEST_F(PlantedTree, UpwardIncludeBetweenPublicHeadersIsFound) {
  write("include/flux/frame.hpp", "#include <flux/pool.hpp>\n");
  EXPECT_EQ(breaches(), "include/flux/frame.hpp must not include flux/pool.hpp\n");
}

TEST_F(PlantedTree, NativeHeaderOutsideItsBackEndIsFound) {
  write("include/flux/pool.hpp", "#include <vulkan/vulkan.h>\n#include <windows.h>\n");
  write("src/device/host/host.cpp", "#include <volk.h>\n");
  EXPECT_EQ(breaches(),
            "include/flux/pool.hpp must not include vulkan/vulkan.h\n"
            "include/flux/pool.hpp must not include windows.h\n"
            "src/device/host/host.cpp must not include volk.h\n");
}

TEST_F(PlantedTree, UnknownLayersAreFound) {
  write("src/misc/thing.cpp", "#include \"base/bits.hpp\"\n");
  write("include/flux/new.hpp", "#include <cstdint>\n");
  EXPECT_EQ(breaches(), "include/flux/new.hpp has no layer\nsrc/misc/thing.cpp must not include base/bits.hpp\n");
}

TEST_F(PlantedTree, ApplicationThatReachesIntoTheLibraryIsFound) {
  write("src/pool/pool_impl.hpp", "");
  write("samples/triangle.cpp", "#include \"pool/pool_impl.hpp\"\n");
  EXPECT_EQ(breaches(), "samples/triangle.cpp must not include pool/pool_impl.hpp\n");
}

TEST_F(PlantedTree, LongFileIsFound) {
  write("tests/long_test.cpp", std::string(kMaxLines + 1, '\n'));
  write("tests/short_test.cpp", std::string(kMaxLines, '\n'));
  EXPECT_EQ(breaches(), "tests/long_test.cpp has 801 lines\n");
}

TEST_F(PlantedTree, LongBackEndIsFound) {
  for (const char* const file : {"src/device/metal/a.cpp", "src/device/metal/b.hpp", "src/device/glide/a.cpp"}) {
    std::string text = "// a comment\n\n  /// another one\n";
    for (std::size_t line = 0; line < kMaxBackEndCodeLines / 2; ++line) text += "int x;\n";
    write(file, text);
  }
  EXPECT_EQ(breaches(), "");
  write("src/device/metal/c.cpp", "int x;\n");
  EXPECT_EQ(breaches(), "src/device/metal has 1501 lines of code\n");
}

}  // namespace
