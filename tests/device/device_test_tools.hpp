#pragma once

/// Short ways to say what the tests of devices say often.

#include <gtest/gtest.h>
#include <flux/assert.hpp>
#include <flux/device.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace flux::test {

/// Collects broken contracts instead of ending the program, for as long as it lives. One at a time.
class AssertLog {
 public:
  AssertLog() : previous_(setAssertHandler(&collect)) { messages().clear(); }
  ~AssertLog() { setAssertHandler(previous_); }
  AssertLog(const AssertLog&) = delete;
  AssertLog& operator=(const AssertLog&) = delete;

  /// What was reported since the last call.
  [[nodiscard]] std::vector<std::string> take() { return std::exchange(messages(), {}); }

 private:
  static std::vector<std::string>& messages() {
    static std::vector<std::string> collected;
    return collected;
  }
  static void collect(const char* invariant, const char*, int) { messages().emplace_back(invariant); }

  AssertHandler previous_;
};

inline CopyPiece fromPage(StagingIndex page, ByteOffset from, ChunkIndex chunk, ByteOffset to, ByteCount bytes) {
  return {page, chunk, from, to, bytes};
}

inline CopyPiece fromChunk(ChunkIndex source, ByteOffset from, ChunkIndex chunk, ByteOffset to, ByteCount bytes) {
  return {source, chunk, from, to, bytes};
}

inline CopyPiece toPage(ChunkIndex chunk, ByteOffset from, StagingIndex page, ByteOffset to, ByteCount bytes) {
  return {chunk, page, from, to, bytes};
}

/// Bytes that differ from place to place and by seed; the same on every platform.
[[nodiscard]] inline std::vector<std::byte> patternBytes(std::size_t count, std::uint64_t seed) {
  std::vector<std::byte> bytes(count);
  std::uint64_t state = seed * 0x9E3779B97F4A7C15U + 1;
  for (std::byte& byte : bytes) {
    state = state * 6364136223846793005U + 1442695040888963407U;  // Knuth's linear congruential generator (MMIX)
    byte = static_cast<std::byte>(state >> 56U);
  }
  return bytes;
}

inline void fill(std::span<std::byte> bytes, unsigned char value) {
  std::ranges::fill(bytes, std::byte{value});
}

/// True when every byte is `value`, and there is one.
inline bool filledWith(std::span<const std::byte> bytes, unsigned char value) {
  return !bytes.empty() && std::ranges::all_of(bytes, [=](std::byte b) { return b == std::byte{value}; });
}

/// Compares with `code`; a success is told apart from every error.
template <class T>
testing::AssertionResult failsWith(const Result<T>& result, ErrorCode code) {
  if (result) return testing::AssertionFailure() << "succeeded";
  if (result.error().code != code) return testing::AssertionFailure() << describe(result.error());
  return testing::AssertionSuccess();
}

template <class T>
testing::AssertionResult succeeds(const Result<T>& result) {
  if (result) return testing::AssertionSuccess();
  return testing::AssertionFailure() << describe(result.error());
}

}  // namespace flux::test
