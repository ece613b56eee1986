#include "thread_time.hpp"

#include <windows.h>
#include <cstdint>
#include <ratio>

namespace flux::app {
namespace {

using Ticks = std::chrono::duration<std::int64_t, std::ratio<1, 10'000'000>>;

Ticks ticksOf(const FILETIME& time) {
  return Ticks(static_cast<std::int64_t>(std::uint64_t{time.dwHighDateTime} << 32U | time.dwLowDateTime));
}

}  // namespace

std::chrono::nanoseconds threadTime() noexcept {
  FILETIME created{}, ended{}, kernel{}, user{};
  if (GetThreadTimes(GetCurrentThread(), &created, &ended, &kernel, &user) == 0) return {};
  return ticksOf(kernel) + ticksOf(user);
}

}  // namespace flux::app
