#pragma once

/// Found instead of src/base/reserved_memory.hpp: the same array, but every access to an element is a step of the
/// explorer, so that lookups meet the replay of change lists record by record. Its memory is kept for the next run.

#include "explorer/shared_memory.hpp"

#include <cstddef>
#include <type_traits>

namespace flux {

template <class T>
class ReservedArray {
  static_assert(std::is_trivially_copyable_v<T>);

 public:
  explicit ReservedArray(std::size_t capacity) : memory_(capacity * sizeof(T)), capacity_(capacity) {}

  [[nodiscard]] bool commit(std::size_t count) noexcept {
    return count <= capacity_ && memory_.commit(count * sizeof(T));
  }
  void protect(bool) noexcept {}
  [[nodiscard]] T* data() const noexcept { return reinterpret_cast<T*>(memory_.data()); }
  /// Whether the caller reads or writes cannot be seen here; writing is the safe guess.
  [[nodiscard]] T& operator[](std::size_t index) const noexcept {
    explorer::step(memory_.object(), explorer::Access::Write, "element");
    return data()[index];
  }
  [[nodiscard]] std::size_t capacity() const noexcept { return capacity_; }

 private:
  explorer::SharedMemory memory_;
  std::size_t capacity_;
};

}  // namespace flux
