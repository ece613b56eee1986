#pragma once

/// Faults at calls of Direct3D: replaces methods of one COM object.

#include "d3d12/api.hpp"

#include <cstddef>
#include <cstring>
#include <vector>

namespace flux::test {

/// Indices into the objects' method tables, as the binary interface fixes them.
namespace slot {
inline constexpr std::size_t kCreateCommandAllocator = 9;
inline constexpr std::size_t kCreateCommandList = 12;
inline constexpr std::size_t kCheckFeatureSupport = 13;
inline constexpr std::size_t kCreateCommittedResource = 27;
inline constexpr std::size_t kCreateFence = 36;
inline constexpr std::size_t kGetDeviceRemovedReason = 37;
inline constexpr std::size_t kQueryInterface = 0;  // IUnknown
inline constexpr std::size_t kAddRef = 1;
inline constexpr std::size_t kRelease = 2;
inline constexpr std::size_t kSetResidencyPriority = 46;  // ID3D12Device1
inline constexpr std::size_t kSignal = 14;                // ID3D12CommandQueue
inline constexpr std::size_t kGetCompletedValue = 8;      // ID3D12Fence
inline constexpr std::size_t kSetName = 6;                // ID3D12Object
}  // namespace slot

/// Gives an object a method table of its own until it ends; other objects of its class keep theirs.
class MethodPatch {
 public:
  explicit MethodPatch(ID3D12Device* device) : MethodPatch(device, 44) {}
  explicit MethodPatch(ID3D12CommandQueue* queue) : MethodPatch(queue, 19) {}
  explicit MethodPatch(ID3D12Fence* fence) : MethodPatch(fence, 11) {}
  explicit MethodPatch(ID3D12Resource* resource) : MethodPatch(resource, 15) {}
  ~MethodPatch() { std::memcpy(static_cast<void*>(object_), &original_, sizeof(original_)); }
  MethodPatch(const MethodPatch&) = delete;
  MethodPatch& operator=(const MethodPatch&) = delete;

  template <class Function>
  void replace(std::size_t index, Function* function) {
    methods_[index] = reinterpret_cast<void*>(function);
  }
  template <class Function>
  [[nodiscard]] Function* original(std::size_t index) const {
    return reinterpret_cast<Function*>(original_[index]);
  }
  void restore(std::size_t index) { methods_[index] = original_[index]; }

 private:
  MethodPatch(IUnknown* object, std::size_t methods) : object_(object) {
    std::memcpy(&original_, static_cast<void*>(object), sizeof(original_));
    methods_.assign(original_, original_ + methods);
    void** const table = methods_.data();
    std::memcpy(static_cast<void*>(object), &table, sizeof(table));
  }

  IUnknown* object_;
  void** original_ = nullptr;
  std::vector<void*> methods_;
};

}  // namespace flux::test
