#include "alloc/heap_count.hpp"

#include <atomic>
#include <cstdlib>
#include <new>

// Replaces the global operators; the array and nothrow forms end here too.

namespace {
std::atomic<std::size_t> allocations{0};
}  // namespace

namespace flux::test {
std::size_t heapAllocations() {
  return allocations.load();
}
}  // namespace flux::test

void* operator new(std::size_t bytes) {
  ++allocations;
  if (void* const memory = std::malloc(bytes != 0 ? bytes : 1)) return memory;
  throw std::bad_alloc();
}
void operator delete(void* memory) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
  std::free(memory);
}
