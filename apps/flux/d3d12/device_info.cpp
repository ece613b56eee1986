#include "d3d12/device_info.hpp"

#include "caps_info.hpp"
#include "d3d12/context.hpp"
#include "failure.hpp"

namespace flux::app {

nlohmann::ordered_json d3d12Info() {
#if defined(_WIN32)
  constexpr const char* kAbout = "the system's";
#else
  constexpr const char* kAbout = "vkd3d, on a Vulkan driver";
#endif
  try {
    D3D12Context context({});
    return {{"about", kAbout}, {"devices", nlohmann::ordered_json::array({deviceInfo(context.device())})}};
  } catch (const Failure& failure) {
    return {{"missing", failure.what()}, {"devices", nlohmann::ordered_json::array()}};
  }
}

}  // namespace flux::app
