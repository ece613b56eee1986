#pragma once

/// A process whose output is read and that may be killed: for work that can take its process down.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace flux::app {

enum class ReadStatus { Complete, Ended, TimedOut, Cancelled };

/// A child process with its standard output on a pipe, its standard error and input on nothing.
///
/// **Thread contract.** One thread uses an object; objects are independent. The destructor kills a child that
/// still runs.
class ChildProcess {
 public:
  /// Starts `executable` with `arguments`. Throws Failure when it cannot be started.
  ChildProcess(const std::filesystem::path& executable, const std::vector<std::string>& arguments);
  ~ChildProcess();
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  /// Fills `destination` from the child's output. Asks `cancelled` several times a second.
  [[nodiscard]] ReadStatus read(std::span<std::byte> destination, std::chrono::steady_clock::time_point deadline,
                                const std::function<bool()>& cancelled);

 private:
  struct Native;
  std::unique_ptr<Native> native_;
};

/// The file of the running program.
[[nodiscard]] std::filesystem::path runningExecutable();

/// Turns this process' standard output into a pipe for one purpose: returns a stream on it, while what any library
/// prints from now on goes to standard error.
[[nodiscard]] std::FILE* takeStandardOutput();

/// Makes allocations of this process fail beyond `bytes`, so that a file that asks for too much takes down nothing
/// else.
void limitProcessMemory(std::uint64_t bytes);

}  // namespace flux::app
