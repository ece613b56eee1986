#pragma once

/// From the models that a user names to meshes, whatever the files hold.

#include "models/mesh.hpp"

#include <filesystem>
#include <functional>
#include <iosfwd>
#include <string>
#include <vector>

namespace flux::app {

/// A file that gave no mesh.
struct SkippedModel {
  std::filesystem::path file;
  std::string reason;
};

struct LoadedModels {
  std::vector<Mesh> meshes;           ///< In the order of the files.
  std::vector<SkippedModel> skipped;  ///< Likewise.
};

/// Where Debian's package assimp-testmodels has its models.
inline constexpr const char* kDefaultModelFolder = "/usr/share/assimp/models";

/// The files behind the given files and folders: folders are searched for files with a known
/// extension, in the order of their names. Throws Failure for a path that does not exist.
[[nodiscard]] std::vector<std::filesystem::path> findModelFiles(const std::vector<std::filesystem::path>& models);

/// How files are loaded: by child processes, two at once, each with a batch of files, because assimp may abort or
/// hang. A child that dies is replaced and the file that it was at is skipped.
struct ModelLoading {
  std::filesystem::path executable;  ///< The `flux` command; it is started as `flux load-models FILE...`.
  std::chrono::milliseconds fileTimeout{20'000};
  std::function<bool()> cancelled = [] { return false; };
  std::function<void(std::size_t done, std::size_t all)> progress = [](std::size_t, std::size_t) {};  ///< Any thread.
};
[[nodiscard]] LoadedModels loadModels(const std::vector<std::filesystem::path>& files, const ModelLoading& loading);

/// What the child does: writes one message for each file to `output`. Returns the exit code.
int runLoadModels(const std::vector<std::string>& files, std::FILE* output);

}  // namespace flux::app
