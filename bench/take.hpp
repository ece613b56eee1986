#pragma once

#include <flux/result.hpp>

#include <cstdio>
#include <cstdlib>
#include <utility>

namespace flux::bench {

/// What must not fail: it says why on the standard error output and aborts if it does.
template <class T>
T take(Result<T> result) {
  if (!result) {
    std::fprintf(stderr, "%s\n", describe(result.error()).c_str());
    std::abort();
  }
  return std::move(*result);
}

}  // namespace flux::bench
