#include "webgpu/device_info.hpp"

#include "caps_info.hpp"
#include "failure.hpp"
#include "webgpu/context.hpp"

#include <string>
#include <utility>

namespace flux::app {

nlohmann::ordered_json webGpuInfo() {
  using Json = nlohmann::ordered_json;
  Json info = Json::object();
  info["devices"] = Json::array();
  try {
    WebGpuContext context(nullptr);
    const DeviceCaps& caps = context.device().caps();
    info["about"] = webGpuLibrary().filename().string() + ", on " + webGpuBackendName(context.backendType());
    Json device{{"name", caps.deviceName}, {"driver", caps.driverName}};
    device["flux"] = {{"usable", true}};
    device["flux"].update(capsInfo(context.device()));
    info["devices"].push_back(std::move(device));
  } catch (const Failure& failure) {
    info["missing"] = failure.what();
  }
  return info;
}

}  // namespace flux::app
