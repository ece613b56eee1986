#include "host_info.hpp"

#include "caps_info.hpp"

#include <flux/host.hpp>

namespace flux::app {

nlohmann::ordered_json hostInfo() {
  const auto device = HostDevice::create();
  return {{"about", "always there"}, {"devices", nlohmann::ordered_json::array({deviceInfo(*device)})}};
}

}  // namespace flux::app
