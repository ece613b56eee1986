#include "failure.hpp"
#include "models/child_process.hpp"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#if defined(__APPLE__)
#include <mach-o/dyld.h>
#endif

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <mutex>

extern char** environ;

namespace flux::app {
namespace {

constexpr std::chrono::milliseconds kCancelInterval{100};

/// Between making a pipe and marking it close-on-exec no other child may start: it would hold the pipe open.
std::mutex& spawnMutex() {
  static std::mutex mutex;
  return mutex;
}

class SpawnActions {
 public:
  SpawnActions() { posix_spawn_file_actions_init(&actions_); }
  ~SpawnActions() { posix_spawn_file_actions_destroy(&actions_); }
  SpawnActions(const SpawnActions&) = delete;
  SpawnActions& operator=(const SpawnActions&) = delete;
  posix_spawn_file_actions_t* get() { return &actions_; }

 private:
  posix_spawn_file_actions_t actions_{};
};

}  // namespace

struct ChildProcess::Native {
  pid_t pid = -1;
  int output = -1;
};

ChildProcess::ChildProcess(const std::filesystem::path& executable, const std::vector<std::string>& arguments)
    : native_(std::make_unique<Native>()) {
  const std::string program = executable.string();
  std::vector<char*> argv{const_cast<char*>(program.c_str())};
  for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);

  const std::lock_guard lock(spawnMutex());
  std::array<int, 2> ends{};
  if (pipe(ends.data()) != 0) throw Failure("cannot make a pipe: " + std::string(std::strerror(errno)));
  for (const int end : ends) fcntl(end, F_SETFD, FD_CLOEXEC);
  SpawnActions actions;
  posix_spawn_file_actions_addopen(actions.get(), STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(actions.get(), ends[1], STDOUT_FILENO);
  posix_spawn_file_actions_addopen(actions.get(), STDERR_FILENO, "/dev/null", O_WRONLY, 0);
  const int error = posix_spawn(&native_->pid, program.c_str(), actions.get(), nullptr, argv.data(), environ);
  close(ends[1]);
  native_->output = ends[0];
  if (error != 0) {
    close(ends[0]);
    throw Failure("cannot start '" + program + "': " + std::strerror(error));
  }
}

ChildProcess::~ChildProcess() {
  close(native_->output);
  kill(native_->pid, SIGKILL);
  while (waitpid(native_->pid, nullptr, 0) < 0 && errno == EINTR) {
  }
}

ReadStatus ChildProcess::read(std::span<std::byte> destination, std::chrono::steady_clock::time_point deadline,
                              const std::function<bool()>& cancelled) {
  while (!destination.empty()) {
    if (cancelled()) return ReadStatus::Cancelled;
    const auto now = std::chrono::steady_clock::now();
    if (now >= deadline) return ReadStatus::TimedOut;
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - now) + kCancelInterval / 100;
    pollfd waiting{native_->output, POLLIN, 0};
    const int ready = poll(&waiting, 1, static_cast<int>(std::min(left, kCancelInterval).count()));
    if (ready == 0 || (ready < 0 && errno == EINTR)) continue;
    const ssize_t count = ::read(native_->output, destination.data(), destination.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return ReadStatus::Ended;
    destination = destination.subspan(static_cast<std::size_t>(count));
  }
  return ReadStatus::Complete;
}

std::filesystem::path runningExecutable() {
#if defined(__APPLE__)
  std::array<char, 4096> buffer{};
  auto size = static_cast<std::uint32_t>(buffer.size());
  if (_NSGetExecutablePath(buffer.data(), &size) != 0) throw Failure("cannot find the running program's own file");
  return std::filesystem::canonical(buffer.data());
#else
  return std::filesystem::read_symlink("/proc/self/exe");
#endif
}

std::FILE* takeStandardOutput() {
  std::fflush(stdout);
  const int pipeEnd = dup(STDOUT_FILENO);
  dup2(STDERR_FILENO, STDOUT_FILENO);
  return fdopen(pipeEnd, "wb");
}

void limitProcessMemory(std::uint64_t bytes) {
#if defined(FLUX_SANITIZED)
  (void)bytes;  // sanitizers reserve terabytes of address space
#else
  const rlimit limit{static_cast<rlim_t>(bytes), static_cast<rlim_t>(bytes)};
  setrlimit(RLIMIT_AS, &limit);
#endif
}

}  // namespace flux::app
