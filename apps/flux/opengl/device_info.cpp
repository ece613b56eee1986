#include "opengl/device_info.hpp"

#include "caps_info.hpp"
#include "failure.hpp"
#include "opengl/context.hpp"

#include <utility>

namespace flux::app {

nlohmann::ordered_json openGlInfo() {
  using OrderedJson = nlohmann::ordered_json;
  OrderedJson info = OrderedJson::object();
  info["devices"] = OrderedJson::array();
  try {
    OpenGlContext context({.separateCopyContext = false});
    info["about"] = "through EGL, without a surface";
    info["devices"].push_back(deviceInfo(context.device()));
  } catch (const Failure& failure) {
    info["missing"] = failure.what();
  }
  return info;
}

}  // namespace flux::app
