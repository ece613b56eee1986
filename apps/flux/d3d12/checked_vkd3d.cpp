#include "d3d12/checked_vkd3d.hpp"

#include "failure.hpp"

#include <dlfcn.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

namespace flux::app {
namespace {

constexpr const char* kValidationLayer = "VK_LAYER_KHRONOS_validation";

VKAPI_ATTR VkBool32 VKAPI_CALL collect(VkDebugUtilsMessageSeverityFlagBitsEXT, VkDebugUtilsMessageTypeFlagsEXT,
                                       const VkDebugUtilsMessengerCallbackDataEXT* data, void* messages) {
  const char* rule = data->pMessageIdName != nullptr ? data->pMessageIdName : "";
  static_cast<DeviceMessages*>(messages)->add(std::string(rule) + ": " + data->pMessage);
  return VK_FALSE;
}

/// vkd3d opens the loader by its name too, and keeps it open.
PFN_vkGetInstanceProcAddr openLoader() {
  void* const loader = dlopen("libvulkan.so.1", RTLD_NOW);
  void* const function = loader != nullptr ? dlsym(loader, "vkGetInstanceProcAddr") : nullptr;
  if (function == nullptr) throw Failure("Direct3D 12: no Vulkan loader found (libvulkan)");
  return reinterpret_cast<PFN_vkGetInstanceProcAddr>(function);
}

template <class Function>
Function loadFunction(PFN_vkGetInstanceProcAddr lookUp, VkInstance instance, const char* name) {
  const auto function = reinterpret_cast<Function>(lookUp(instance, name));
  if (function == nullptr) throw Failure(std::string("Direct3D 12: the Vulkan loader has no ") + name);
  return function;
}

bool hasValidationLayer(PFN_vkGetInstanceProcAddr lookUp) {
  const auto list = loadFunction<PFN_vkEnumerateInstanceLayerProperties>(lookUp, VK_NULL_HANDLE,
                                                                         "vkEnumerateInstanceLayerProperties");
  std::uint32_t count = 0;
  list(&count, nullptr);
  std::vector<VkLayerProperties> layers(count);
  list(&count, layers.data());
  return std::any_of(layers.begin(), layers.end(), [](const VkLayerProperties& layer) {
    return std::strcmp(layer.layerName, kValidationLayer) == 0;
  });
}

}  // namespace

CheckedVkd3d::CheckedVkd3d(DeviceMessages& messages) : lookUp_(openLoader()) {
  if (!hasValidationLayer(lookUp_)) {
    throw Failure(std::string("Direct3D 12: the Vulkan layer ") + kValidationLayer + " is not installed");
  }
  // vkd3d asks for no layers; the loader takes them from the environment.
  setenv("VK_INSTANCE_LAYERS", kValidationLayer, 1);
  const char* const extension = VK_EXT_DEBUG_UTILS_EXTENSION_NAME;
  vkd3d_instance_create_info info{};
  info.type = VKD3D_STRUCTURE_TYPE_INSTANCE_CREATE_INFO;
  info.pfn_signal_event = vkd3d_signal_event;
  info.wchar_size = sizeof(WCHAR);
  info.pfn_vkGetInstanceProcAddr = lookUp_;
  info.instance_extensions = &extension;
  info.instance_extension_count = 1;
  checkD3D12(vkd3d_create_instance(&info, &instance_), "vkd3d_create_instance");

  VkDebugUtilsMessengerCreateInfoEXT messenger{};
  messenger.sType = VK_STRUCTURE_TYPE_DEBUG_UTILS_MESSENGER_CREATE_INFO_EXT;
  messenger.messageSeverity =
      VK_DEBUG_UTILS_MESSAGE_SEVERITY_ERROR_BIT_EXT | VK_DEBUG_UTILS_MESSAGE_SEVERITY_WARNING_BIT_EXT;
  messenger.messageType = VK_DEBUG_UTILS_MESSAGE_TYPE_VALIDATION_BIT_EXT;
  messenger.pfnUserCallback = collect;
  messenger.pUserData = &messages;
  VkInstance instance = vkd3d_instance_get_vk_instance(instance_);
  const auto create =
      reinterpret_cast<PFN_vkCreateDebugUtilsMessengerEXT>(lookUp_(instance, "vkCreateDebugUtilsMessengerEXT"));
  if (create == nullptr || create(instance, &messenger, nullptr, &messenger_) != VK_SUCCESS) {
    vkd3d_instance_decref(instance_);
    throw Failure("Direct3D 12: vkCreateDebugUtilsMessengerEXT failed");
  }
}

CheckedVkd3d::~CheckedVkd3d() {
  VkInstance instance = vkd3d_instance_get_vk_instance(instance_);
  reinterpret_cast<PFN_vkDestroyDebugUtilsMessengerEXT>(lookUp_(instance, "vkDestroyDebugUtilsMessengerEXT"))(
      instance, messenger_, nullptr);
  vkd3d_instance_decref(instance_);
}

Com<ID3D12Device> CheckedVkd3d::makeDevice() const {
  vkd3d_device_create_info info{};
  info.type = VKD3D_STRUCTURE_TYPE_DEVICE_CREATE_INFO;
  info.minimum_feature_level = D3D_FEATURE_LEVEL_11_0;
  info.instance = instance_;
  return makeCom<ID3D12Device>("vkd3d_create_device",
                               [&](void** made) { return vkd3d_create_device(&info, IID_ID3D12Device, made); });
}

}  // namespace flux::app
