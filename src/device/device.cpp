#include <flux/device.hpp>

namespace flux {

std::string_view toString(Backend backend) noexcept {
  switch (backend) {
    case Backend::Host:
      return "host";
    case Backend::Vulkan:
      return "vulkan";
    case Backend::D3D12:
      return "d3d12";
    case Backend::OpenGL:
      return "opengl";
    case Backend::WebGPU:
      return "webgpu";
  }
  return "unknown";
}

}  // namespace flux
