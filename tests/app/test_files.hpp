#pragma once

/// Files for tests, in a folder of the test's own.

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <system_error>

namespace flux::app {

/// A folder of its own that exists as long as the object.
class TestFolder {
 public:
  TestFolder() {
    // Two builds may run their tests at once.
    path_ = std::filesystem::path(testing::TempDir()) / ("flux_test_" + std::to_string(std::random_device{}()));
    std::filesystem::create_directories(path_);
  }
  ~TestFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TestFolder(const TestFolder&) = delete;
  TestFolder& operator=(const TestFolder&) = delete;

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  std::filesystem::path write(const std::string& name, const std::string& text) const {
    std::filesystem::create_directories((path_ / name).parent_path());
    std::ofstream(path_ / name) << text;
    return path_ / name;
  }

 private:
  std::filesystem::path path_;
};

inline std::string readText(const std::filesystem::path& file) {
  std::ifstream in(file);
  return {std::istreambuf_iterator<char>(in), {}};
}

/// A tetrahedron, larger than 1 and away from the origin.
inline const std::string kTetrahedron =
    "v 10 5 0\nv 14 5 0\nv 10 5 4\nv 11 7 1\n"
    "f 1 3 2\nf 1 2 4\nf 2 3 4\nf 3 1 4\n";

/// Two squares, one beside the other.
inline const std::string kSquares =
    "v 0 0 0\nv 1 0 0\nv 1 1 0\nv 0 1 0\nv 2 0 0\nv 2 1 0\n"
    "f 1 2 3 4\nf 2 5 6 3\n";

inline const std::string kBroken = "v 0 0 0\nf 1 2 99\nthis is no model\n";

}  // namespace flux::app
