#include "base/thread_id.hpp"

#if defined(_WIN32)
#define WIN32_LEAN_AND_MEAN
#include <windows.h>
#elif defined(__linux__)
#include <sys/syscall.h>
#include <unistd.h>
#else
#include <functional>
#include <thread>
#endif

namespace flux {
namespace {

std::uint64_t systemThreadId() noexcept {
#if defined(_WIN32)
  return GetCurrentThreadId();
#elif defined(__linux__)
  return static_cast<std::uint64_t>(syscall(SYS_gettid));
#else
  return std::hash<std::thread::id>{}(std::this_thread::get_id());
#endif
}

}  // namespace

std::uint64_t currentThreadId() noexcept {
  thread_local const std::uint64_t id = systemThreadId();
  return id;
}

}  // namespace flux
