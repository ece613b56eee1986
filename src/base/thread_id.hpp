#pragma once

#include <cstdint>

namespace flux {

/// The calling thread as debuggers and system tools number it. Any thread; a system call once a thread, then a read.
[[nodiscard]] std::uint64_t currentThreadId() noexcept;

}  // namespace flux
