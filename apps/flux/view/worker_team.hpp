#pragma once

/// The render threads.

#include <flux/render_scheduler.hpp>

#include <condition_variable>
#include <cstdint>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace flux::app {

/// Runs tasks on the calling thread and on threads of its own. Each takes the next task when it has ended one.
///
/// **Thread contract.** One thread owns a team and calls `run`.
class WorkerTeam final : public TaskRunner {
 public:
  /// `workers`: threads that run tasks, the calling one included; at least 1.
  explicit WorkerTeam(std::uint32_t workers);
  ~WorkerTeam() override;
  WorkerTeam(const WorkerTeam&) = delete;
  WorkerTeam& operator=(const WorkerTeam&) = delete;

  [[nodiscard]] std::uint32_t size() const noexcept { return static_cast<std::uint32_t>(threads_.size()) + 1; }

  /// Rethrows what a task threw, when all have ended: the last exception, if there are several.
  void run(std::uint32_t count, const std::function<void(std::uint32_t)>& task) override;

 private:
  void loop();
  void takeTasks(std::unique_lock<std::mutex>& lock);

  std::mutex mutex_;
  std::condition_variable start_;
  std::condition_variable done_;
  const std::function<void(std::uint32_t)>* task_ = nullptr;
  std::uint32_t next_ = 0;  ///< The next task to take.
  std::uint32_t count_ = 0;
  std::uint32_t unfinished_ = 0;
  bool stop_ = false;
  std::exception_ptr failure_;
  std::vector<std::thread> threads_;
};

}  // namespace flux::app
