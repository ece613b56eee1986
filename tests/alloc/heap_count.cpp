#include "alloc/heap_count.hpp"

#include <atomic>
#include <cstdlib>
#include <new>
#if defined(_WIN32)
#include <malloc.h>
#endif

// Replaces the global operators; the array and nothrow forms end here too.

namespace {
std::atomic<std::size_t> allocations{0};

// Windows has no aligned memory that `free` takes back.
void* allocateAligned(std::size_t bytes, std::size_t grain) {
#if defined(_WIN32)
  return _aligned_malloc(bytes, grain);
#else
  return std::aligned_alloc(grain, (bytes + grain) / grain * grain);
#endif
}
void freeAligned(void* memory) noexcept {
#if defined(_WIN32)
  _aligned_free(memory);
#else
  std::free(memory);
#endif
}
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
  if (void* const memory = allocateAligned(bytes, static_cast<std::size_t>(alignment))) return memory;
  throw std::bad_alloc();
}
void operator delete(void* memory) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::align_val_t) noexcept {
  freeAligned(memory);
}
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept {
  freeAligned(memory);
}
