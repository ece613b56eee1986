#pragma once

/// Broken contracts: things that no caller can handle, because the program itself is wrong.

namespace flux {

/// Called with the invariant that was broken. Must not return to continue as if nothing had
/// happened, unless a test wants to see the call (the library then goes on as best it can).
using AssertHandler = void (*)(const char* invariant, const char* file, int line);

/// Replaces the handler (default: one line on stderr, then abort) and returns the one before.
/// Any thread; not while another thread may be asserting.
AssertHandler setAssertHandler(AssertHandler handler) noexcept;

namespace detail {
void assertFailed(const char* invariant, const char* file, int line);
}

}  // namespace flux

/// Checks a contract in every build; the second argument names the invariant in words.
#define FLUX_ASSERT(condition, invariant) \
  ((condition) ? void(0) : ::flux::detail::assertFailed((invariant), __FILE__, __LINE__))
