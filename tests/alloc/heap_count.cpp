#include "alloc/heap_count.hpp"

#include <atomic>
#include <cstdlib>
#include <new>

#include <malloc.h>

// Replaces the global operators; the array and nothrow forms end here too.

namespace {
std::atomic<std::size_t> allocations{0};
std::atomic<std::size_t> bytesInUse{0};

// Windows has no aligned memory that `free` takes back.
#if defined(_WIN32)
std::size_t sizeOf(void* memory) {
  return _msize(memory);
}
std::size_t sizeOfAligned(void* memory, std::size_t grain) {
  return _aligned_msize(memory, grain, 0);
}
void* allocateAligned(std::size_t bytes, std::size_t grain) {
  return _aligned_malloc(bytes, grain);
}
void freeAligned(void* memory) noexcept {
  _aligned_free(memory);
}
#else
std::size_t sizeOf(void* memory) {
  return malloc_usable_size(memory);
}
std::size_t sizeOfAligned(void* memory, std::size_t /*grain*/) {
  return malloc_usable_size(memory);
}
void* allocateAligned(std::size_t bytes, std::size_t grain) {
  return std::aligned_alloc(grain, (bytes + grain) / grain * grain);
}
void freeAligned(void* memory) noexcept {
  std::free(memory);
}
#endif
}  // namespace

namespace flux::test {
std::size_t heapAllocations() {
  return allocations.load();
}
std::size_t heapBytes() {
  return bytesInUse.load();
}
}  // namespace flux::test

void* operator new(std::size_t bytes) {
  ++allocations;
  void* const memory = std::malloc(bytes != 0 ? bytes : 1);
  if (memory == nullptr) throw std::bad_alloc();
  bytesInUse += sizeOf(memory);
  return memory;
}
void* operator new(std::size_t bytes, std::align_val_t alignment) {
  ++allocations;
  const auto grain = static_cast<std::size_t>(alignment);
  void* const memory = allocateAligned(bytes, grain);
  if (memory == nullptr) throw std::bad_alloc();
  bytesInUse += sizeOfAligned(memory, grain);
  return memory;
}
void operator delete(void* memory) noexcept {
  if (memory != nullptr) bytesInUse -= sizeOf(memory);
  std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
  operator delete(memory);
}
void operator delete(void* memory, std::align_val_t alignment) noexcept {
  if (memory != nullptr) bytesInUse -= sizeOfAligned(memory, static_cast<std::size_t>(alignment));
  freeAligned(memory);
}
void operator delete(void* memory, std::size_t, std::align_val_t alignment) noexcept {
  operator delete(memory, alignment);
}
