#pragma once

/// Files that a run leaves behind: whole or not at all, in places that were tried out before the long work.

#include <filesystem>
#include <functional>
#include <string>

namespace flux::app {

/// Writes a file under a temporary name next to it and renames it when `write` is done; a `write` that makes no file
/// leaves none. Throws Failure that names the file.
void writeWhole(const std::filesystem::path& file, const std::function<void(const std::filesystem::path&)>& write);

/// The same, for text.
void writeWhole(const std::filesystem::path& file, const std::string& text);

/// Throws Failure unless files can be made in the folder.
void requireWritable(const std::filesystem::path& folder);

/// The folder for a run's files; made, if need be, and removed again by the destructor if it was made and stayed empty.
class OutputFolder {
 public:
  /// Throws Failure when the folder cannot be made or written to.
  explicit OutputFolder(const std::filesystem::path& folder);
  ~OutputFolder();
  OutputFolder(const OutputFolder&) = delete;
  OutputFolder& operator=(const OutputFolder&) = delete;

  [[nodiscard]] std::filesystem::path file(const char* name) const { return folder_ / name; }

 private:
  std::filesystem::path folder_;
  bool made_ = false;
};

}  // namespace flux::app
