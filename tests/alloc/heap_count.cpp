#include "alloc/heap_count.hpp"

#include <atomic>
#include <cstdlib>
#include <new>

#include <malloc.h>

// Replaces the global operators. The standard library's array and nothrow forms would end here too; those of a
// sanitizer's runtime do not, so all forms are replaced.

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

/// Null if there is no memory.
void* allocate(std::size_t bytes) noexcept {
  ++allocations;
  void* const memory = std::malloc(bytes != 0 ? bytes : 1);
  if (memory != nullptr) bytesInUse += sizeOf(memory);
  return memory;
}
void* allocate(std::size_t bytes, std::align_val_t alignment) noexcept {
  ++allocations;
  const auto grain = static_cast<std::size_t>(alignment);
  void* const memory = allocateAligned(bytes, grain);
  if (memory != nullptr) bytesInUse += sizeOfAligned(memory, grain);
  return memory;
}
void release(void* memory) noexcept {
  if (memory != nullptr) bytesInUse -= sizeOf(memory);
  std::free(memory);
}
void release(void* memory, std::align_val_t alignment) noexcept {
  if (memory != nullptr) bytesInUse -= sizeOfAligned(memory, static_cast<std::size_t>(alignment));
  freeAligned(memory);
}
void* orThrow(void* memory) {
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}
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
  return orThrow(allocate(bytes));
}
void* operator new[](std::size_t bytes) {
  return orThrow(allocate(bytes));
}
void* operator new(std::size_t bytes, const std::nothrow_t&) noexcept {
  return allocate(bytes);
}
void* operator new[](std::size_t bytes, const std::nothrow_t&) noexcept {
  return allocate(bytes);
}
void* operator new(std::size_t bytes, std::align_val_t alignment) {
  return orThrow(allocate(bytes, alignment));
}
void* operator new[](std::size_t bytes, std::align_val_t alignment) {
  return orThrow(allocate(bytes, alignment));
}
void* operator new(std::size_t bytes, std::align_val_t alignment, const std::nothrow_t&) noexcept {
  return allocate(bytes, alignment);
}
void* operator new[](std::size_t bytes, std::align_val_t alignment, const std::nothrow_t&) noexcept {
  return allocate(bytes, alignment);
}
void operator delete(void* memory) noexcept {
  release(memory);
}
void operator delete[](void* memory) noexcept {
  release(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
  release(memory);
}
void operator delete[](void* memory, std::size_t) noexcept {
  release(memory);
}
void operator delete(void* memory, const std::nothrow_t&) noexcept {
  release(memory);
}
void operator delete[](void* memory, const std::nothrow_t&) noexcept {
  release(memory);
}
void operator delete(void* memory, std::align_val_t alignment) noexcept {
  release(memory, alignment);
}
void operator delete[](void* memory, std::align_val_t alignment) noexcept {
  release(memory, alignment);
}
void operator delete(void* memory, std::size_t, std::align_val_t alignment) noexcept {
  release(memory, alignment);
}
void operator delete[](void* memory, std::size_t, std::align_val_t alignment) noexcept {
  release(memory, alignment);
}
void operator delete(void* memory, std::align_val_t alignment, const std::nothrow_t&) noexcept {
  release(memory, alignment);
}
void operator delete[](void* memory, std::align_val_t alignment, const std::nothrow_t&) noexcept {
  release(memory, alignment);
}
