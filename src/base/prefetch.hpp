#pragma once

#include <cstddef>
#include <cstdint>

#if !defined(__GNUC__) && defined(_M_X64)
#include <intrin.h>
#endif

namespace flux {

/// Asks the processor to fetch what lies so many bytes behind `from`, which is read soon. Only a hint: nothing happens
/// where there is nothing, so that a loop need not know its end.
inline void prefetchBehind(const void* from, std::size_t bytes) noexcept {
  const auto* const address = reinterpret_cast<const char*>(reinterpret_cast<std::uintptr_t>(from) + bytes);
#if defined(__GNUC__)
  __builtin_prefetch(address);
#elif defined(_M_X64)
  _mm_prefetch(address, _MM_HINT_T0);
#else
  (void)address;
#endif
}

/// The same for what is written soon: no other processor keeps it then. (The builtin asks for no more than a read
/// where the compiler may not suppose `prefetchw`; every x86-64 processor takes it, the oldest as nothing.)
inline void prefetchToWriteBehind(void* from, std::size_t bytes) noexcept {
#if defined(__GNUC__) && defined(__x86_64__)
  asm volatile("prefetchw (%0)" : : "r"(reinterpret_cast<std::uintptr_t>(from) + bytes));
#elif defined(__GNUC__)
  __builtin_prefetch(reinterpret_cast<char*>(reinterpret_cast<std::uintptr_t>(from) + bytes), 1);
#elif defined(_M_X64)
  _m_prefetchw(reinterpret_cast<char*>(reinterpret_cast<std::uintptr_t>(from) + bytes));
#else
  (void)from;
  (void)bytes;
#endif
}

}  // namespace flux
