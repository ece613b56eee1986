#pragma once

#include <cstddef>

namespace flux::test {

/// How often operator new was called so far, by the whole program. Only programs that link heap_count.cpp have it.
[[nodiscard]] std::size_t heapAllocations();

/// What it has given and operator delete has not taken back, in bytes.
[[nodiscard]] std::size_t heapBytes();

}  // namespace flux::test
