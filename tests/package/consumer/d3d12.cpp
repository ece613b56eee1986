// Needs the library, but neither headers nor a library of Direct3D or Vulkan.

#include <flux/d3d12.hpp>

int main() {
  const auto device = flux::D3D12Device::create({});
  return !device && device.error().code == flux::ErrorCode::InvalidArgument ? 0 : 1;
}
