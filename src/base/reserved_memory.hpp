#pragma once

#include <cstddef>
#include <span>
#include <type_traits>

namespace flux {

/// Address space that is reserved at once and backed with memory as it is needed, so that a table can grow
/// without ever moving under its readers.
///
/// **Thread contract.** One writer commits; readers may read what was committed before they were told about it.
/// **Units.** Bytes. Committed memory is zero until written.
class ReservedMemory {
 public:
  /// Reserves `bytes` of address space, rounded up to whole pages; terminates when the address space is exhausted.
  explicit ReservedMemory(std::size_t bytes);
  ~ReservedMemory();
  ReservedMemory(const ReservedMemory&) = delete;
  ReservedMemory& operator=(const ReservedMemory&) = delete;

  /// Backs [0, bytes) with memory; never shrinks. False: the system has none left. Amortised O(1).
  [[nodiscard]] bool commit(std::size_t bytes) noexcept;

  /// Write-protects what is committed, or lifts that: a net for debug builds. A system call.
  void protect(bool readOnly) noexcept;

  [[nodiscard]] std::byte* data() const noexcept { return base_; }

 private:
  std::byte* base_ = nullptr;
  std::size_t reserved_ = 0;
  std::size_t committed_ = 0;
};

/// A growing array of zero-initialised values on reserved memory: elements never move.
template <class T>
class ReservedArray {
  static_assert(std::is_trivially_copyable_v<T>);

 public:
  explicit ReservedArray(std::size_t capacity) : memory_(capacity * sizeof(T)), capacity_(capacity) {}

  /// Makes [0, count) usable. False: `count` is over the capacity, or no memory is left.
  [[nodiscard]] bool commit(std::size_t count) noexcept {
    return count <= capacity_ && memory_.commit(count * sizeof(T));
  }
  void protect(bool readOnly) noexcept { memory_.protect(readOnly); }
  [[nodiscard]] T* data() const noexcept { return reinterpret_cast<T*>(memory_.data()); }
  [[nodiscard]] T& operator[](std::size_t index) const noexcept { return data()[index]; }
  [[nodiscard]] std::size_t capacity() const noexcept { return capacity_; }

 private:
  ReservedMemory memory_;
  std::size_t capacity_;
};

}  // namespace flux
