#pragma once

#include <utility>

namespace flux::d3d12 {

/// Owns one reference to a COM object. (WRL's pointer comes with the Windows SDK alone.)
template <class T>
class ComPtr {
 public:
  ComPtr() = default;
  ComPtr(const ComPtr&) = delete;
  ComPtr& operator=(const ComPtr&) = delete;
  ComPtr(ComPtr&& other) noexcept : object_(std::exchange(other.object_, nullptr)) {}
  ComPtr& operator=(ComPtr&& other) noexcept {
    if (this != &other) {
      reset();
      object_ = std::exchange(other.object_, nullptr);
    }
    return *this;
  }
  ~ComPtr() { reset(); }

  /// A further reference to somebody else's object, or to none.
  [[nodiscard]] static ComPtr share(T* object) noexcept {
    if (object != nullptr) object->AddRef();
    ComPtr shared;
    shared.object_ = object;
    return shared;
  }

  void reset() noexcept {
    if (T* const object = std::exchange(object_, nullptr)) object->Release();
  }

  /// Where a call puts the object that it makes. REQUIRES: empty.
  [[nodiscard]] void** out() noexcept { return reinterpret_cast<void**>(&object_); }

  [[nodiscard]] T* get() const noexcept { return object_; }
  T* operator->() const noexcept { return object_; }
  explicit operator bool() const noexcept { return object_ != nullptr; }

 private:
  T* object_ = nullptr;
};

}  // namespace flux::d3d12
