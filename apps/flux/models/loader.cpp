#include "models/loader.hpp"

#include "failure.hpp"
#include "models/child_process.hpp"
#include "models/import.hpp"
#include "models/mesh_stream.hpp"

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <exception>
#include <mutex>
#include <optional>
#include <system_error>
#include <thread>

namespace flux::app {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kChildren = 2;
constexpr std::size_t kBatchFiles = 8;
constexpr ByteCount kChildMemoryBytes = 3 * kGiB;

void findInFolder(const fs::path& folder, std::vector<fs::path>& files) {
  std::error_code error;
  std::vector<fs::path> found;
  for (auto it = fs::recursive_directory_iterator(folder, fs::directory_options::skip_permission_denied, error);
       !error && it != fs::recursive_directory_iterator(); it.increment(error)) {
    std::error_code ignored;
    if (it->is_regular_file(ignored) && importsExtension(it->path().extension().string())) found.push_back(it->path());
  }
  if (error) throw Failure("cannot read folder '" + folder.string() + "': " + error.message());
  std::sort(found.begin(), found.end());
  files.insert(files.end(), found.begin(), found.end());
}

/// Hands out batches of files and keeps the results by file number.
class Loading {
 public:
  Loading(const std::vector<fs::path>& files, const ModelLoading& how)
      : files_(files), how_(how), results_(files.size()) {}

  /// Loads batches until none is left. Several threads at once.
  void work() {
    while (!how_.cancelled()) {
      const std::size_t begin = next_.fetch_add(kBatchFiles);
      if (begin >= files_.size()) return;
      loadBatch(begin, std::min(begin + kBatchFiles, files_.size()));
    }
  }

  [[nodiscard]] LoadedModels take() {
    LoadedModels models;
    for (std::size_t i = 0; i < files_.size(); ++i) {
      if (!results_[i]) continue;
      if (Mesh* mesh = std::get_if<Mesh>(&*results_[i])) {
        models.meshes.push_back(std::move(*mesh));
      } else {
        models.skipped.push_back({files_[i], std::get<ImportError>(*results_[i]).reason});
      }
    }
    return models;
  }

 private:
  void loadBatch(std::size_t begin, std::size_t end) {
    while (begin < end) {
      std::vector<std::string> arguments{"load-models"};
      for (std::size_t i = begin; i < end; ++i) arguments.push_back(files_[i].string());
      ChildProcess child(how_.executable, arguments);
      while (begin < end) {
        ReadStatus status = ReadStatus::Complete;
        const auto deadline = std::chrono::steady_clock::now() + how_.fileTimeout;
        std::optional<LoadResult> result = decodeLoadResult([&](std::span<std::byte> destination) {
          status = child.read(destination, deadline, how_.cancelled);
          return status == ReadStatus::Complete;
        });
        if (status == ReadStatus::Cancelled || how_.cancelled()) return;
        const bool childIsUsable = result.has_value();
        if (!childIsUsable) {
          result = ImportError{status == ReadStatus::TimedOut ? "loading it takes too long" : "its loader crashed"};
        }
        results_[begin++] = std::move(result);
        how_.progress(done_.fetch_add(1) + 1, files_.size());
        if (!childIsUsable) break;
      }
    }
  }

  const std::vector<fs::path>& files_;
  const ModelLoading& how_;
  std::vector<std::optional<LoadResult>> results_;
  std::atomic<std::size_t> next_{0};
  std::atomic<std::size_t> done_{0};
};

}  // namespace

std::vector<fs::path> findModelFiles(const std::vector<fs::path>& models) {
  std::vector<fs::path> files;
  for (const fs::path& model : models) {
    std::error_code error;
    const fs::file_status status = fs::status(model, error);
    if (!fs::exists(status)) throw Failure("cannot read model '" + model.string() + "': no such file or folder");
    if (fs::is_directory(status)) {
      findInFolder(model, files);
    } else {
      files.push_back(model);
    }
  }
  return files;
}

LoadedModels loadModels(const std::vector<fs::path>& files, const ModelLoading& loading) {
  Loading work(files, loading);
  std::exception_ptr failure;
  std::mutex failureMutex;
  {
    std::vector<std::jthread> threads;
    threads.reserve(kChildren);
    for (std::size_t i = 0; i < kChildren; ++i) {
      threads.emplace_back([&] {
        try {
          work.work();
        } catch (...) {
          const std::lock_guard lock(failureMutex);
          failure = std::current_exception();
        }
      });
    }
  }
  if (failure) std::rethrow_exception(failure);
  return work.take();
}

int runLoadModels(const std::vector<std::string>& files, std::FILE* output) {
  limitProcessMemory(kChildMemoryBytes);
  for (const std::string& file : files) {
    const std::vector<std::byte> message = encodeLoadResult(importModel(file));
    if (std::fwrite(message.data(), 1, message.size(), output) != message.size()) return 1;
    if (std::fflush(output) != 0) return 1;
  }
  return 0;
}

}  // namespace flux::app
