#include "webgpu/context.hpp"

#include "failure.hpp"

#include <array>
#include <thread>
#include <utility>
#include <vector>

namespace flux::app {
namespace {

/// What a request hands over.
template <class Handle, class Status>
struct Answer {
  Handle handle = nullptr;
  std::string message;

  static void take(Status, Handle handle, WGPUStringView message, void* answer, void*) {
    static_cast<Answer*>(answer)->handle = handle;
    static_cast<Answer*>(answer)->message = webGpuText(message);
  }
};
using AdapterAnswer = Answer<WGPUAdapter, WGPURequestAdapterStatus>;
using DeviceAnswer = Answer<WGPUDevice, WGPURequestDeviceStatus>;

bool isFutureDone(WGPUInstance instance, WGPUFuture future) {
  WGPUFutureWaitInfo wait{future, 0};
  webGpu().InstanceProcessEvents(instance);
  return webGpu().InstanceWaitAny(instance, 1, &wait, 0) == WGPUWaitStatus_Success && wait.completed != 0;
}

void waitForFuture(WGPUInstance instance, WGPUFuture future) {
  while (!isFutureDone(instance, future)) std::this_thread::sleep_for(std::chrono::microseconds{50});
}

UniqueAdapter requestAdapter(WGPUInstance instance) {
  WGPURequestAdapterOptions options{};
  options.featureLevel = WGPUFeatureLevel_Core;
  options.powerPreference = WGPUPowerPreference_HighPerformance;
  AdapterAnswer answer;
  waitForFuture(instance, webGpu().InstanceRequestAdapter(
                              instance, &options,
                              {nullptr, WGPUCallbackMode_WaitAnyOnly, &AdapterAnswer::take, &answer, nullptr}));
  if (answer.handle == nullptr) throw Failure("WebGPU: no driver found: " + answer.message);
  return UniqueAdapter(answer.handle);
}

void deviceLost(const WGPUDevice*, WGPUDeviceLostReason reason, WGPUStringView message, void* messages, void*) {
  if (reason == WGPUDeviceLostReason_Unknown) static_cast<DeviceMessages*>(messages)->add(webGpuText(message));
}

void uncapturedError(const WGPUDevice*, WGPUErrorType, WGPUStringView message, void* messages, void*) {
  static_cast<DeviceMessages*>(messages)->add(webGpuText(message));
}

UniqueDevice requestDevice(WGPUInstance instance, WGPUAdapter adapter, DeviceMessages& messages) {
  // All that the adapter has: chunks are as large as they can be, and so are the bindings by which shaders see them.
  WGPULimits limits{};
  if (webGpu().AdapterGetLimits(adapter, &limits) != WGPUStatus_Success) throw Failure("WebGPU: no limits");
  limits.nextInChain = nullptr;
  std::vector<WGPUFeatureName> features;
  for (const WGPUFeatureName wanted :
       {WGPUFeatureName_ImplicitDeviceSynchronization, WGPUFeatureName_AdapterPropertiesMemoryHeaps}) {
    if (webGpu().AdapterHasFeature(adapter, wanted) != 0) features.push_back(wanted);
  }
  WGPUDeviceDescriptor descriptor{};
  descriptor.requiredFeatureCount = features.size();
  descriptor.requiredFeatures = features.data();
  descriptor.requiredLimits = &limits;
  descriptor.deviceLostCallbackInfo = {nullptr, WGPUCallbackMode_AllowSpontaneous, &deviceLost, &messages, nullptr};
  descriptor.uncapturedErrorCallbackInfo = {nullptr, &uncapturedError, &messages, nullptr};
  DeviceAnswer answer;
  waitForFuture(instance, webGpu().AdapterRequestDevice(
                              adapter, &descriptor,
                              {nullptr, WGPUCallbackMode_WaitAnyOnly, &DeviceAnswer::take, &answer, nullptr}));
  if (answer.handle == nullptr) throw Failure("WebGPU: no device: " + answer.message);
  return UniqueDevice(answer.handle);
}

void addMessage(void* messages, std::string_view text) {
  static_cast<DeviceMessages*>(messages)->add(text);
}

}  // namespace

WebGpuContext::WebGpuContext(DeviceMessages* messages)
    : messages_(messages != nullptr ? *messages : own_), instance_(webGpu().CreateInstance(nullptr)) {
  if (!instance_) throw Failure("WebGPU: no instance");
  adapter_ = requestAdapter(instance());
  device_ = requestDevice(instance(), adapter_.get(), messages_);
  queue_.reset(webGpu().DeviceGetQueue(webGpuDevice()));
  WGPUAdapterInfo info{};
  if (webGpu().DeviceGetAdapterInfo(webGpuDevice(), &info) != WGPUStatus_Success) throw Failure("WebGPU: no adapter");
  backendType_ = info.backendType;
  processor_ = info.adapterType == WGPUAdapterType_CPU;
  webGpu().AdapterInfoFreeMembers(info);
  // Dawn takes its Null back end where no driver is good enough for it, and that does nothing at all.
  if (backendType_ == WGPUBackendType_Null) throw Failure("WebGPU: no driver found that it can use");
  auto made = WebGpuDevice::create(adoption());
  if (!made) throw Failure("WebGPU: " + describe(made.error()));
  fluxDevice_ = std::move(*made);
}

WebGpuContext::~WebGpuContext() = default;

WebGpuDeviceDesc WebGpuContext::adoption() const {
  WebGpuDeviceDesc desc;
  desc.getFunction = &WebGpuApi::find;
  desc.getFunctionContext = const_cast<WebGpuApi*>(&webGpu());
  desc.instance = instance();
  desc.device = webGpuDevice();
  desc.queue = queue();
  desc.report = &addMessage;
  desc.reportContext = &messages_;
  return desc;
}

UniqueBuffer WebGpuContext::makeBuffer(WGPUBufferUsage usage, ByteCount bytes) const {
  WGPUBufferDescriptor descriptor{};
  descriptor.usage = usage;
  descriptor.size = bytes;
  UniqueBuffer buffer(webGpu().DeviceCreateBuffer(webGpuDevice(), &descriptor));
  if (!buffer) throw Failure("WebGPU: no buffer of " + std::to_string(bytes) + " bytes");
  return buffer;
}

WGPUFuture WebGpuContext::submittedWork() const {
  const auto ignore = [](auto...) {};
  return webGpu().QueueOnSubmittedWorkDone(queue(), {nullptr, WGPUCallbackMode_WaitAnyOnly, ignore, nullptr, nullptr});
}

bool WebGpuContext::isDone(WGPUFuture future) const {
  return isFutureDone(instance(), future);
}

void WebGpuContext::waitFor(WGPUFuture future) const {
  waitForFuture(instance(), future);
}

const char* webGpuBackendName(WGPUBackendType type) noexcept {
  switch (static_cast<int>(type)) {  // The header's enumeration may lack what an implementation has.
    case 3:
      return "Direct3D 11";
    case 4:
      return "Direct3D 12";
    case 5:
      return "Metal";
    case WGPUBackendType_Vulkan:
      return "Vulkan";
    case 7:
      return "OpenGL";
    case 8:
      return "OpenGL ES";
    default:
      return "unknown";
  }
}

}  // namespace flux::app
