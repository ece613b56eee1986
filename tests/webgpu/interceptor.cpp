#include "webgpu/interceptor.hpp"

#include <map>
#include <memory>
#include <string_view>

namespace flux::test {
namespace {

struct State {
  std::map<std::string, WebGpuFunction, std::less<>> replaced;
  std::uint64_t calls = 0;
  std::uint64_t failAt = 0;
  WGPUDevice device = nullptr;
  WGPUErrorType type = WGPUErrorType_NoError;
  std::string failedCall;
};
std::unique_ptr<State> state;

// Every call whose failure WebGPU reports to an error scope.
#define FLUX_FALLIBLE(X)              \
  X(CommandEncoderCopyBufferToBuffer) \
  X(CommandEncoderFinish)             \
  X(DeviceCreateBuffer)               \
  X(DeviceCreateCommandEncoder)       \
  X(QueueSubmit)                      \
  X(QueueWriteBuffer)

WebGpuFunction realFunction(const char* name) {
  return app::WebGpuApi::find(const_cast<app::WebGpuApi*>(&app::webGpu()), name);
}

/// Whether this call is the one to fail; then the device has reported its error.
bool fails(const char* name) {
  if (++state->calls != state->failAt) return false;
  state->failedCall = name;
  const auto inject = reinterpret_cast<WGPUProcDeviceInjectError>(realFunction("wgpuDeviceInjectError"));
  inject(state->device, state->type, app::webGpuText("as if it had failed"));
  return true;
}

template <class Tag, class Proc>
struct Counted;
template <class Tag, class Return, class... Arguments>
struct Counted<Tag, Return (*)(Arguments...)> {
  static Return call(Arguments... arguments) {
    const bool failed = fails(Tag::kName);
    // Objects still come, as they do from WebGPU; what would have had an effect does not happen.
    if constexpr (std::is_void_v<Return>) {
      if (failed) return;
    }
    return reinterpret_cast<Return (*)(Arguments...)>(realFunction(Tag::kName))(arguments...);
  }
};

#define FLUX_TAG(name)                                 \
  struct Tag##name {                                   \
    static constexpr const char* kName = "wgpu" #name; \
  };
FLUX_FALLIBLE(FLUX_TAG)
#undef FLUX_TAG

}  // namespace

Interceptor::Interceptor() {
  state = std::make_unique<State>();
}
Interceptor::~Interceptor() {
  state.reset();
}

WebGpuFunction Interceptor::find(void*, const char* name) {
  if (const auto it = state->replaced.find(std::string_view(name)); it != state->replaced.end()) return it->second;
#define FLUX_WRAP(function)                       \
  if (std::string_view(name) == "wgpu" #function) \
    return reinterpret_cast<WebGpuFunction>(&Counted<Tag##function, WGPUProc##function>::call);
  FLUX_FALLIBLE(FLUX_WRAP)
#undef FLUX_WRAP
  return realFunction(name);
}

void Interceptor::failCall(std::uint64_t k, WGPUDevice device, WGPUErrorType type) {
  state->failAt = state->calls + k;
  state->device = device;
  state->type = type;
  state->failedCall.clear();
}
void Interceptor::failNothing() noexcept {
  state->failAt = 0;
}
const std::string& Interceptor::failedCall() const noexcept {
  return state->failedCall;
}

void Interceptor::replaceAny(const char* name, WebGpuFunction function) {
  state->replaced.insert_or_assign(name, function);
}
WebGpuFunction Interceptor::realAny(const char* name) {
  return realFunction(name);
}

}  // namespace flux::test
