#pragma once

/// Stands between the device under test and Vulkan: counts calls, fails chosen ones, replaces others.

#include <flux/vulkan.hpp>

#include <cstdint>
#include <string>

namespace flux::test {

/// Process-wide, because Vulkan's function pointers carry no context: one at a time.
///
/// **Thread contract.** One thread.
class Interceptor {
 public:
  /// `next`: the real vkGetInstanceProcAddr.
  explicit Interceptor(PFN_vkGetInstanceProcAddr next);
  ~Interceptor();
  Interceptor(const Interceptor&) = delete;
  Interceptor& operator=(const Interceptor&) = delete;

  /// For `VulkanDeviceDesc::getInstanceProcAddr`.
  [[nodiscard]] static PFN_vkGetInstanceProcAddr getInstanceProcAddr() noexcept;

  /// The k-th call from now on (1: the next) of a function that returns a VkResult fails with `result` and does not
  /// reach Vulkan.
  void failCall(std::uint64_t k, VkResult result);
  void failNothing() noexcept;
  /// Name of the call that `failCall` made fail; empty until then.
  [[nodiscard]] const std::string& failedCall() const noexcept;
  /// Calls so far that could have failed, of all functions or of one.
  [[nodiscard]] std::uint64_t calls() const noexcept;
  [[nodiscard]] std::uint64_t calls(const std::string& name) const;

  /// The next device gets `function` instead of the one of this name; null: as if Vulkan had none.
  template <class Pfn>
  void replace(const char* name, Pfn function) {
    replaceAny(name, reinterpret_cast<PFN_vkVoidFunction>(function));
  }
  /// What Vulkan itself has under a name, for replacements that pass calls on.
  template <class Pfn>
  [[nodiscard]] static Pfn real(const char* name) {
    return reinterpret_cast<Pfn>(realAny(name));
  }

 private:
  static void replaceAny(const char* name, PFN_vkVoidFunction function);
  static PFN_vkVoidFunction realAny(const char* name);
};

}  // namespace flux::test
