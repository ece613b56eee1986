#include "device/opengl/functions.hpp"

namespace flux::opengl {

Result<Functions> loadFunctions(OpenGlFunction (*getFunction)(const char* name)) {
  Functions functions;
#define FLUX_LOAD(name, type)                                        \
  functions.name = reinterpret_cast<type>(getFunction(#name));       \
  if (functions.name == nullptr) {                                   \
    return Unexpected(makeError(ErrorCode::Unsupported, #name, {})); \
  }
  FLUX_OPENGL_FUNCTIONS(FLUX_LOAD)
#undef FLUX_LOAD
  return functions;
}

}  // namespace flux::opengl
