#pragma once

#include <atomic>
#include <condition_variable>
#include <mutex>

namespace flux::sync {

/// What threads meet at in the frame layer and above. Nothing but the standard's own types, under names of ours: the
/// explorer (tests/explorer) compiles the same sources against types of these names that hand control to its scheduler.
///
/// Use `std::lock_guard` and `std::unique_lock` on `Mutex`.
using Mutex = std::mutex;
using ConditionVariable = std::condition_variable;
template <class T>
using Atomic = std::atomic<T>;

}  // namespace flux::sync
