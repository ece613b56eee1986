#include "device/webgpu/functions.hpp"

namespace flux::webgpu {

Result<Functions> loadFunctions(const WebGpuDeviceDesc& desc) {
  Functions functions;
#define FLUX_LOAD_OPTIONAL(name) \
  functions.name = reinterpret_cast<WGPUProc##name>(desc.getFunction(desc.getFunctionContext, "wgpu" #name));
#define FLUX_LOAD(name)    \
  FLUX_LOAD_OPTIONAL(name) \
  if (functions.name == nullptr) return Unexpected(makeError(ErrorCode::Unsupported, "wgpu" #name, {}));
  FLUX_WEBGPU_FUNCTIONS(FLUX_LOAD)
  FLUX_WEBGPU_OPTIONAL_FUNCTIONS(FLUX_LOAD_OPTIONAL)
#undef FLUX_LOAD
#undef FLUX_LOAD_OPTIONAL
  return functions;
}

}  // namespace flux::webgpu
