#pragma once

/// Bytes from a fuzzer, read as choices and numbers.

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <span>

namespace flux::test {

/// After the last byte everything is 0.
class FuzzInput {
 public:
  explicit FuzzInput(std::span<const std::uint8_t> bytes) : rest_(bytes) {}

  [[nodiscard]] bool empty() const { return rest_.empty(); }

  std::uint8_t byte() {
    if (rest_.empty()) return 0;
    const std::uint8_t first = rest_.front();
    rest_ = rest_.subspan(1);
    return first;
  }

  /// 0 to bound - 1; for bounds up to 65,536.
  std::uint32_t below(std::size_t bound) {
    const std::uint32_t high = bound > 256 ? byte() * 256U : 0;
    return bound == 0 ? 0 : (high + byte()) % static_cast<std::uint32_t>(bound);
  }

  /// Of any magnitude: small ones in one byte, up to 2^32 - 1 in two.
  std::uint32_t number() {
    const std::uint32_t first = byte();
    if (first < 128) return first;
    const std::uint32_t bits = first % 32;  // below the leading one
    return (1U << bits) + static_cast<std::uint32_t>((std::uint64_t{byte()} << bits) >> 8U);
  }

 private:
  std::span<const std::uint8_t> rest_;
};

/// Ends the program: that is how a fuzzer, and a run of the corpus, learns of a fault.
[[noreturn]] inline void fuzzFailed(const char* what, const char* file, int line) {
  std::fprintf(stderr, "%s:%d: %s\n", file, line, what);
  std::abort();
}

}  // namespace flux::test

#define FUZZ_CHECK(condition) ((condition) ? void(0) : ::flux::test::fuzzFailed(#condition, __FILE__, __LINE__))

/// What a fuzz target defines, under the name that libFuzzer calls.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);
