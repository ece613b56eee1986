#pragma once

/// Counted handles, for things that few hold and many threads may drop: textures, programs, pipelines, shared blocks.

#include <flux/types.hpp>

#include <source_location>
#include <string_view>
#include <utility>

namespace flux {

/// Destroys one object of the application. Called once, on the geometry thread, inside `Pool::step`, `collect`, or the
/// pool's destructor; must not call the pool. `deviceLost`: the device that it belongs to is gone; an API whose names
/// died with their context must not delete them in another one.
using DestroyFunction = void (*)(void* context, NativeHandle object, bool deviceLost);

/// An object to share. Views are only read during the call.
struct ObjectDesc {
  NativeHandle object = 0;
  DestroyFunction destroy = nullptr;
  void* context = nullptr;  ///< Valid until the object has been destroyed.
  std::string_view name;    ///< For dumps; cut to 47 bytes.
};

struct SharedThing;

namespace detail {
void retain(SharedThing* thing) noexcept;
void drop(SharedThing* thing) noexcept;
}  // namespace detail

/// A counted handle to a block (`Shared<BlockHandle>`) or to an object of the application (`Shared<NativeHandle>`),
/// made by `Pool::share`. When the last copy goes, on whatever thread, the thing goes to the geometry thread: a block
/// loses an owner, an object is destroyed once no frame that was open then, and no queue, can still use it.
///
/// **Thread contract.** Like `std::shared_ptr`: copies may be used on different threads at once, one copy may not.
/// Dropping never blocks, never fails, and is safe after the pool's end: the pool has then destroyed the thing itself.
template <class T>
class Shared {
 public:
  Shared() = default;
  /// Takes over one count of `thing`; for `Pool`.
  Shared(const T& value, SharedThing* thing) noexcept : value_(value), thing_(thing) {}
  Shared(const Shared& other) noexcept : value_(other.value_), thing_(other.thing_) {
    if (thing_ != nullptr) detail::retain(thing_);
  }
  Shared(Shared&& other) noexcept
      : value_(std::exchange(other.value_, T{})), thing_(std::exchange(other.thing_, nullptr)) {}
  Shared& operator=(Shared other) noexcept {
    std::swap(value_, other.value_);
    std::swap(thing_, other.thing_);
    return *this;
  }
  ~Shared() { reset(); }

  [[nodiscard]] explicit operator bool() const noexcept { return thing_ != nullptr; }
  [[nodiscard]] const T& operator*() const noexcept { return value_; }

  /// Drops this copy; afterwards it is empty. May be repeated.
  void reset() noexcept {
    value_ = T{};
    if (thing_ != nullptr) detail::drop(std::exchange(thing_, nullptr));
  }

 private:
  T value_{};
  SharedThing* thing_ = nullptr;
};

}  // namespace flux
