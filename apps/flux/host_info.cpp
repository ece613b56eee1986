#include "host_info.hpp"

#include "caps_info.hpp"

#include <flux/host.hpp>

namespace flux::app {

nlohmann::ordered_json hostInfo() {
  const auto device = HostDevice::create();
  const DeviceCaps& caps = device->caps();
  nlohmann::ordered_json info{{"name", caps.deviceName}, {"driver", caps.driverName}};
  info["flux"] = {{"usable", true}};
  info["flux"].update(capsInfo(*device));
  return {{"about", "always there"}, {"devices", nlohmann::ordered_json::array({info})}};
}

}  // namespace flux::app
