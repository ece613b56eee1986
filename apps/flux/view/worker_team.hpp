#pragma once

/// The render threads.

#include <condition_variable>
#include <cstdint>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace flux::app {

/// Runs one job on all workers at once: worker 0 is the calling thread, the others are threads of the team.
///
/// **Thread contract.** One thread owns a team and calls `run`.
class WorkerTeam {
 public:
  explicit WorkerTeam(std::uint32_t workers);
  ~WorkerTeam();
  WorkerTeam(const WorkerTeam&) = delete;
  WorkerTeam& operator=(const WorkerTeam&) = delete;

  [[nodiscard]] std::uint32_t size() const noexcept { return static_cast<std::uint32_t>(threads_.size()) + 1; }

  /// Calls `job(worker)` for each worker and returns when all are done. Rethrows what a worker threw.
  void run(const std::function<void(std::uint32_t worker)>& job);

 private:
  void loop(std::uint32_t worker);
  void work(std::uint32_t worker);

  std::mutex mutex_;
  std::condition_variable start_;
  std::condition_variable done_;
  const std::function<void(std::uint32_t)>* job_ = nullptr;
  std::uint64_t round_ = 0;
  std::uint32_t busy_ = 0;
  bool stop_ = false;
  std::exception_ptr failure_;
  std::vector<std::thread> threads_;
};

}  // namespace flux::app
