#include "vulkan/interceptor.hpp"

#include <array>
#include <cstddef>
#include <map>
#include <memory>
#include <string_view>

namespace flux::test {
namespace {

// Every function of the device that can fail.
#define FLUX_FALLIBLE(X)        \
  X(vkAllocateCommandBuffers)   \
  X(vkAllocateMemory)           \
  X(vkBeginCommandBuffer)       \
  X(vkBindBufferMemory)         \
  X(vkCreateBuffer)             \
  X(vkCreateCommandPool)        \
  X(vkCreateComputePipelines)   \
  X(vkCreatePipelineLayout)     \
  X(vkCreateQueryPool)          \
  X(vkCreateSemaphore)          \
  X(vkCreateShaderModule)       \
  X(vkEndCommandBuffer)         \
  X(vkGetQueryPoolResults)      \
  X(vkGetSemaphoreCounterValue) \
  X(vkMapMemory)                \
  X(vkQueueSubmit)              \
  X(vkWaitSemaphores)

struct State {
  PFN_vkGetInstanceProcAddr next = nullptr;
  std::map<std::string, PFN_vkVoidFunction, std::less<>> replaced;
  std::map<std::string, PFN_vkVoidFunction, std::less<>> real;
  std::map<std::string, std::uint64_t, std::less<>> callsByName;
  std::uint64_t calls = 0;
  std::uint64_t failAt = 0;
  VkResult failure = VK_SUCCESS;
  std::string failedCall;
};
std::unique_ptr<State> state;

enum class Fallible : std::size_t {
#define FLUX_NAME(name) name,
  FLUX_FALLIBLE(FLUX_NAME)
#undef FLUX_NAME
};
constexpr std::array kFallibleNames{
#define FLUX_NAME(name) #name,
    FLUX_FALLIBLE(FLUX_NAME)
#undef FLUX_NAME
};

template <Fallible Which, class Pfn>
struct Counted;
template <Fallible Which, class... Arguments>
struct Counted<Which, VkResult(VKAPI_PTR*)(Arguments...)> {
  using Pfn = VkResult(VKAPI_PTR*)(Arguments...);
  static inline Pfn next = nullptr;

  static VKAPI_ATTR VkResult VKAPI_CALL call(Arguments... arguments) {
    const char* name = kFallibleNames[static_cast<std::size_t>(Which)];
    ++state->callsByName[name];
    if (++state->calls == state->failAt) {
      state->failedCall = name;
      return state->failure;
    }
    return next(arguments...);
  }

  static PFN_vkVoidFunction wrap(PFN_vkVoidFunction function) {
    next = reinterpret_cast<Pfn>(function);
    return reinterpret_cast<PFN_vkVoidFunction>(&call);
  }
};

/// What the device gets under a name; `found` is what would have come without us.
PFN_vkVoidFunction intercepted(std::string_view name, PFN_vkVoidFunction found) {
  state->real.insert_or_assign(std::string(name), found);
  if (const auto it = state->replaced.find(name); it != state->replaced.end()) {
    if (it->second == nullptr) return nullptr;
    found = it->second;
  }
#define FLUX_WRAP(function) \
  if (name == #function) return Counted<Fallible::function, PFN_##function>::wrap(found);
  FLUX_FALLIBLE(FLUX_WRAP)
#undef FLUX_WRAP
  return found;
}

VKAPI_ATTR PFN_vkVoidFunction VKAPI_CALL deviceProcAddr(VkDevice device, const char* name) {
  const auto next = reinterpret_cast<PFN_vkGetDeviceProcAddr>(state->real.at("vkGetDeviceProcAddr"));
  return intercepted(name, next(device, name));
}

VKAPI_ATTR PFN_vkVoidFunction VKAPI_CALL instanceProcAddr(VkInstance instance, const char* name) {
  const PFN_vkVoidFunction found = intercepted(name, state->next(instance, name));
  return std::string_view(name) == "vkGetDeviceProcAddr" ? reinterpret_cast<PFN_vkVoidFunction>(&deviceProcAddr)
                                                         : found;
}

}  // namespace

Interceptor::Interceptor(PFN_vkGetInstanceProcAddr next) {
  state = std::make_unique<State>();
  state->next = next;
}
Interceptor::~Interceptor() {
  state.reset();
}

PFN_vkGetInstanceProcAddr Interceptor::getInstanceProcAddr() noexcept {
  return &instanceProcAddr;
}

void Interceptor::failCall(std::uint64_t k, VkResult result) {
  state->failAt = state->calls + k;
  state->failure = result;
  state->failedCall.clear();
}
void Interceptor::failNothing() noexcept {
  state->failAt = 0;
}
const std::string& Interceptor::failedCall() const noexcept {
  return state->failedCall;
}
std::uint64_t Interceptor::calls() const noexcept {
  return state->calls;
}
std::uint64_t Interceptor::calls(const std::string& name) const {
  const auto it = state->callsByName.find(name);
  return it != state->callsByName.end() ? it->second : 0;
}

void Interceptor::replaceAny(const char* name, PFN_vkVoidFunction function) {
  state->replaced.insert_or_assign(name, function);
}
PFN_vkVoidFunction Interceptor::realAny(const char* name) {
  return state->real.at(name);
}

}  // namespace flux::test
