#include "base/reserved_memory.hpp"

#include "base/rounding.hpp"

#include <flux/assert.hpp>

#include <algorithm>
#include <cstdint>

#if defined(_WIN32)
#define WIN32_LEAN_AND_MEAN
#include <windows.h>
#else
#include <sys/mman.h>
#endif

namespace flux {
namespace {

/// Committed at once: large enough that commits are rare, small enough that a tiny pool stays tiny.
constexpr std::size_t kCommitBytes = 256 * 1024;

/// What is larger than this is committed in such steps, and in huge pages where the system has them: tables are read at
/// random, so with small pages a lookup misses the processor's address cache more often than its data cache.
constexpr std::size_t kHugeBytes = 2 * 1024 * 1024;

constexpr std::size_t commitTarget(std::size_t bytes) {
  return roundUp(bytes, bytes > kHugeBytes ? kHugeBytes : kCommitBytes);
}

}  // namespace

#if defined(_WIN32)

ReservedMemory::ReservedMemory(std::size_t bytes) : reserved_(roundUp(std::max<std::size_t>(bytes, 1), kCommitBytes)) {
  base_ = static_cast<std::byte*>(VirtualAlloc(nullptr, reserved_, MEM_RESERVE, PAGE_READWRITE));
  FLUX_ASSERT(base_ != nullptr, "address space can be reserved");
}

ReservedMemory::~ReservedMemory() {
  if (base_ != nullptr) VirtualFree(base_, 0, MEM_RELEASE);
}

bool ReservedMemory::commit(std::size_t bytes) noexcept {
  if (bytes <= committed_) return true;
  if (bytes > reserved_) return false;
  const std::size_t target = std::min(commitTarget(bytes), reserved_);
  if (VirtualAlloc(base_ + committed_, target - committed_, MEM_COMMIT, PAGE_READWRITE) == nullptr) return false;
  committed_ = target;
  return true;
}

void ReservedMemory::protect(bool readOnly) noexcept {
  DWORD before = 0;
  const BOOL done = VirtualProtect(base_, committed_, readOnly ? PAGE_READONLY : PAGE_READWRITE, &before);
  FLUX_ASSERT(committed_ == 0 || done != 0, "committed memory can be protected");
}

#else

ReservedMemory::ReservedMemory(std::size_t bytes) : reserved_(roundUp(std::max<std::size_t>(bytes, 1), kCommitBytes)) {
  // With room to begin where huge pages begin; the ends that are not used go back at once.
  const std::size_t spare = reserved_ > kHugeBytes ? kHugeBytes : 0;
  void* base = mmap(nullptr, reserved_ + spare, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  FLUX_ASSERT(base != MAP_FAILED, "address space can be reserved");
  base_ = static_cast<std::byte*>(base);
  if (spare == 0) return;
  const std::size_t before =
      roundUp(reinterpret_cast<std::uintptr_t>(base), kHugeBytes) - reinterpret_cast<std::uintptr_t>(base);
  if (before != 0) munmap(base_, before);
  base_ += before;
  if (before != spare) munmap(base_ + reserved_, spare - before);
}

ReservedMemory::~ReservedMemory() {
  munmap(base_, reserved_);
}

bool ReservedMemory::commit(std::size_t bytes) noexcept {
  if (bytes <= committed_) return true;
  if (bytes > reserved_) return false;
  const std::size_t target = std::min(commitTarget(bytes), reserved_);
  if (mprotect(base_ + committed_, target - committed_, PROT_READ | PROT_WRITE) != 0) return false;
#if defined(MADV_HUGEPAGE)
  if (target > kHugeBytes) (void)madvise(base_, target, MADV_HUGEPAGE);  // a wish; without it, it is only slower
#endif
  committed_ = target;
  return true;
}

void ReservedMemory::protect(bool readOnly) noexcept {
  const int done = mprotect(base_, committed_, readOnly ? PROT_READ : PROT_READ | PROT_WRITE);
  FLUX_ASSERT(done == 0, "committed memory can be protected");
}

#endif

}  // namespace flux
