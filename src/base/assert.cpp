#include <flux/assert.hpp>

#include <atomic>
#include <cstdio>
#include <cstdlib>

namespace flux {
namespace {

void printAndAbort(const char* invariant, const char* file, int line) {
  std::fprintf(stderr, "flux: contract broken: %s (%s:%d)\n", invariant, file, line);
  std::abort();
}

std::atomic<AssertHandler> gHandler{&printAndAbort};

}  // namespace

AssertHandler setAssertHandler(AssertHandler handler) noexcept {
  return gHandler.exchange(handler != nullptr ? handler : &printAndAbort);
}

void detail::assertFailed(const char* invariant, const char* file, int line) {
  gHandler.load()(invariant, file, line);
}

}  // namespace flux
