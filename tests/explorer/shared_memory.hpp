#pragma once

#include "explorer/explorer.hpp"

#include <cstddef>

namespace flux::explorer {

/// Zeroed memory that is one object for the explorer. Given back, it is kept for the next run.
class SharedMemory {
 public:
  explicit SharedMemory(std::size_t bytes);
  ~SharedMemory();
  SharedMemory(const SharedMemory&) = delete;
  SharedMemory& operator=(const SharedMemory&) = delete;

  [[nodiscard]] bool commit(std::size_t bytes) noexcept {
    if (bytes > bytes_) return false;
    if (bytes > committed_) committed_ = bytes;
    return true;
  }
  [[nodiscard]] std::byte* data() const noexcept { return data_; }
  [[nodiscard]] const Object& object() const noexcept { return object_; }

  /// Adds a read of the memory that begins at `data`, if it is one of these.
  static void addRead(Touch& touch, const void* data);

 private:
  Object object_{"memory"};
  std::byte* data_;
  std::size_t bytes_;
  std::size_t committed_ = 0;
};

}  // namespace flux::explorer
