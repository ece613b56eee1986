#include "interrupt.hpp"

#include <atomic>
#include <csignal>

namespace flux::app {
namespace {

std::atomic<bool> noted{false};
static_assert(std::atomic<bool>::is_always_lock_free, "a signal handler may write it");

extern "C" void noteInterrupt(int signal) {
  noted.store(true, std::memory_order_relaxed);
  std::signal(signal, SIG_DFL);
}

}  // namespace

InterruptGuard::InterruptGuard() {
  noted.store(false, std::memory_order_relaxed);
  std::signal(SIGINT, noteInterrupt);
  std::signal(SIGTERM, noteInterrupt);
}

InterruptGuard::~InterruptGuard() {
  std::signal(SIGINT, SIG_DFL);
  std::signal(SIGTERM, SIG_DFL);
}

void InterruptGuard::interrupt() noexcept {
  noted.store(true, std::memory_order_relaxed);
}

bool InterruptGuard::interrupted() noexcept {
  return noted.load(std::memory_order_relaxed);
}

}  // namespace flux::app
