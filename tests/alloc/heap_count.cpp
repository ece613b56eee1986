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
void* operator new(std::size_t bytes, std::align_val_t alignment) {
  ++allocations;
  const auto grain = static_cast<std::size_t>(alignment);
  if (void* const memory = std::aligned_alloc(grain, (bytes + grain) / grain * grain)) return memory;
  throw std::bad_alloc();
}
void operator delete(void* memory) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::align_val_t) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept {
  std::free(memory);
}
