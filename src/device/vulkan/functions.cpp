#include "device/vulkan/functions.hpp"

namespace flux::vulkan {
namespace {

Unexpected missing(const char* name) {
  return Unexpected(makeError(ErrorCode::Unsupported, name, {}));
}

}  // namespace

Result<Functions> loadFunctions(PFN_vkGetInstanceProcAddr getInstanceProcAddr, VkInstance instance, VkDevice device) {
  Functions functions;
#define FLUX_LOAD(name)                                                                \
  functions.name = reinterpret_cast<PFN_##name>(getInstanceProcAddr(instance, #name)); \
  if (functions.name == nullptr) return missing(#name);
  FLUX_VULKAN_INSTANCE_FUNCTIONS(FLUX_LOAD)
#undef FLUX_LOAD

  // Device functions come from the device, which spares each call the loader's dispatch.
#define FLUX_LOAD_OPTIONAL(name) \
  functions.name = reinterpret_cast<PFN_##name>(functions.vkGetDeviceProcAddr(device, #name));
#define FLUX_LOAD(name)    \
  FLUX_LOAD_OPTIONAL(name) \
  if (functions.name == nullptr) return missing(#name);
  FLUX_VULKAN_DEVICE_FUNCTIONS(FLUX_LOAD)
  FLUX_VULKAN_OPTIONAL_FUNCTIONS(FLUX_LOAD_OPTIONAL)
#undef FLUX_LOAD
#undef FLUX_LOAD_OPTIONAL
  return functions;
}

}  // namespace flux::vulkan
