#include "view/worker_team.hpp"

#include <utility>

namespace flux::app {

WorkerTeam::WorkerTeam(std::uint32_t workers) {
  for (std::uint32_t worker = 1; worker < workers; ++worker) {
    threads_.emplace_back([this] { loop(); });
  }
}

WorkerTeam::~WorkerTeam() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  start_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

void WorkerTeam::run(std::uint32_t count, const std::function<void(std::uint32_t)>& task) {
  std::unique_lock lock(mutex_);
  task_ = &task;
  next_ = 0;
  count_ = count;
  unfinished_ = count;
  if (count > 1) start_.notify_all();
  takeTasks(lock);
  done_.wait(lock, [this] { return unfinished_ == 0; });
  if (failure_) std::rethrow_exception(std::exchange(failure_, nullptr));
}

void WorkerTeam::takeTasks(std::unique_lock<std::mutex>& lock) {
  while (next_ < count_) {
    const std::function<void(std::uint32_t)>& task = *task_;
    const std::uint32_t number = next_++;
    lock.unlock();
    std::exception_ptr failure;
    try {
      task(number);
    } catch (...) {
      failure = std::current_exception();
    }
    lock.lock();
    if (failure) failure_ = failure;
    if (--unfinished_ == 0) done_.notify_one();
  }
}

void WorkerTeam::loop() {
  std::unique_lock lock(mutex_);
  while (true) {
    start_.wait(lock, [this] { return stop_ || next_ < count_; });
    if (stop_) return;
    takeTasks(lock);
  }
}

}  // namespace flux::app
