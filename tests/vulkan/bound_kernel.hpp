#pragma once

/// The copy kernel with bound buffers in place of addresses, because a validation layer does not see what a shader does
/// through addresses.

#include "vulkan/context.hpp"
#include "vulkan/interceptor.hpp"

namespace flux::test {

/// While it exists, devices made through the interceptor get made-up addresses (the number of the buffer, and the
/// offset in it), and the kernel a descriptor of each buffer. Everything else, the barriers above all, is the device's
/// own.
///
/// At most kBuffers buffers with addresses, lists included. Process-wide, as `Interceptor`. **Thread contract.** One
/// thread.
class BoundKernel {
 public:
  static constexpr std::uint32_t kBuffers = 4;

  BoundKernel(app::VulkanContext& context, Interceptor& interceptor);
  ~BoundKernel();
  BoundKernel(const BoundKernel&) = delete;
  BoundKernel& operator=(const BoundKernel&) = delete;

  /// Dispatches so far.
  [[nodiscard]] static std::uint32_t dispatches() noexcept;

 private:
  VkDevice device_;
};

}  // namespace flux::test
