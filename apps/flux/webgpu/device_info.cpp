#include "webgpu/device_info.hpp"

#include "caps_info.hpp"
#include "failure.hpp"
#include "webgpu/context.hpp"

#include <string>
#include <utility>

namespace flux::app {

nlohmann::ordered_json webGpuInfo() {
  using OrderedJson = nlohmann::ordered_json;
  OrderedJson info = OrderedJson::object();
  info["devices"] = OrderedJson::array();
  try {
    WebGpuContext context(nullptr);
    info["about"] = webGpuLibrary().filename().string() + ", on " + webGpuBackendName(context.backendType());
    info["devices"].push_back(deviceInfo(context.device()));
  } catch (const Failure& failure) {
    info["missing"] = failure.what();
  }
  return info;
}

}  // namespace flux::app
