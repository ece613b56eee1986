#include "thread_time.hpp"

#include <ctime>

namespace flux::app {

std::chrono::nanoseconds threadTime() noexcept {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

}  // namespace flux::app
