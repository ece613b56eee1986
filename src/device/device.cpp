#include <flux/device.hpp>

namespace flux {

std::string_view toString(Backend backend) noexcept {
  switch (backend) {
    case Backend::Host:
      return "host";
    case Backend::Vulkan:
      return "vulkan";
  }
  return "unknown";
}

}  // namespace flux
