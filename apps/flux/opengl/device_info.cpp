#include "opengl/device_info.hpp"

#include "caps_info.hpp"
#include "failure.hpp"
#include "opengl/context.hpp"

#include <utility>

namespace flux::app {

nlohmann::ordered_json openGlInfo() {
  using Json = nlohmann::ordered_json;
  Json info = Json::object();
  info["devices"] = Json::array();
  try {
    OpenGlContext context({.separateCopyContext = false});
    const DeviceCaps& caps = context.device().caps();
    info["about"] = "through EGL, without a surface";
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
