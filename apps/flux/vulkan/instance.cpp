#include "vulkan/instance.hpp"

#include "failure.hpp"

#include <algorithm>
#include <array>
#include <cstring>

#define VOLK_IMPLEMENTATION
#include <volk.h>

namespace flux::app {
namespace {

constexpr const char* kValidationLayer = "VK_LAYER_KHRONOS_validation";

VKAPI_ATTR VkBool32 VKAPI_CALL collect(VkDebugUtilsMessageSeverityFlagBitsEXT, VkDebugUtilsMessageTypeFlagsEXT,
                                       const VkDebugUtilsMessengerCallbackDataEXT* data, void* messages) {
  // Newer layers do not repeat the rule's name in the message.
  const char* rule = data->pMessageIdName != nullptr ? data->pMessageIdName : "";
  static_cast<DeviceMessages*>(messages)->add(std::string(rule) + ": " + data->pMessage);
  return VK_FALSE;
}

VkDebugUtilsMessengerCreateInfoEXT messengerInfo(DeviceMessages* messages) {
  VkDebugUtilsMessengerCreateInfoEXT info{VK_STRUCTURE_TYPE_DEBUG_UTILS_MESSENGER_CREATE_INFO_EXT};
  info.messageSeverity =
      VK_DEBUG_UTILS_MESSAGE_SEVERITY_ERROR_BIT_EXT | VK_DEBUG_UTILS_MESSAGE_SEVERITY_WARNING_BIT_EXT;
  info.messageType = VK_DEBUG_UTILS_MESSAGE_TYPE_VALIDATION_BIT_EXT;
  info.pfnUserCallback = collect;
  info.pUserData = messages;
  return info;
}

bool hasValidationLayer() {
  std::uint32_t count = 0;
  vkEnumerateInstanceLayerProperties(&count, nullptr);
  std::vector<VkLayerProperties> layers(count);
  vkEnumerateInstanceLayerProperties(&count, layers.data());
  return std::any_of(layers.begin(), layers.end(), [](const VkLayerProperties& layer) {
    return std::strcmp(layer.layerName, kValidationLayer) == 0;
  });
}

int rank(VkPhysicalDeviceType type) noexcept {
  switch (type) {
    case VK_PHYSICAL_DEVICE_TYPE_DISCRETE_GPU:
      return 4;
    case VK_PHYSICAL_DEVICE_TYPE_INTEGRATED_GPU:
      return 3;
    case VK_PHYSICAL_DEVICE_TYPE_VIRTUAL_GPU:
      return 2;
    case VK_PHYSICAL_DEVICE_TYPE_CPU:
      return 1;
    default:
      return 0;
  }
}

VkPhysicalDeviceProperties propertiesOf(VkPhysicalDevice device) {
  VkPhysicalDeviceProperties properties{};
  vkGetPhysicalDeviceProperties(device, &properties);
  return properties;
}

}  // namespace

VulkanInstance::VulkanInstance(DeviceMessages* validation) {
  if (volkInitialize() != VK_SUCCESS) throw Failure("Vulkan: no loader found (libvulkan)");

  VkApplicationInfo application{VK_STRUCTURE_TYPE_APPLICATION_INFO};
  application.pApplicationName = "flux";
  application.apiVersion = VK_API_VERSION_1_3;
  VkInstanceCreateInfo info{VK_STRUCTURE_TYPE_INSTANCE_CREATE_INFO};
  info.pApplicationInfo = &application;

  constexpr std::array kExtensions{VK_EXT_DEBUG_UTILS_EXTENSION_NAME, VK_EXT_VALIDATION_FEATURES_EXTENSION_NAME};
  constexpr VkValidationFeatureEnableEXT kSynchronization = VK_VALIDATION_FEATURE_ENABLE_SYNCHRONIZATION_VALIDATION_EXT;
  VkValidationFeaturesEXT features{VK_STRUCTURE_TYPE_VALIDATION_FEATURES_EXT};
  features.enabledValidationFeatureCount = 1;
  features.pEnabledValidationFeatures = &kSynchronization;
  // In the chain as well, so that messages about creating and destroying the instance arrive.
  VkDebugUtilsMessengerCreateInfoEXT messenger = messengerInfo(validation);
  messenger.pNext = &features;
  if (validation != nullptr) {
    if (!hasValidationLayer())
      throw Failure(std::string("Vulkan: the layer ") + kValidationLayer + " is not installed");
    info.pNext = &messenger;
    info.enabledLayerCount = 1;
    info.ppEnabledLayerNames = &kValidationLayer;
    info.enabledExtensionCount = static_cast<std::uint32_t>(kExtensions.size());
    info.ppEnabledExtensionNames = kExtensions.data();
  }
  const VkResult created = vkCreateInstance(&info, nullptr, &instance_);
  if (created == VK_ERROR_INCOMPATIBLE_DRIVER) throw Failure("Vulkan: no driver found");
  checkVulkan(created, "vkCreateInstance");
  volkLoadInstance(instance_);

  if (validation != nullptr) {
    const VkDebugUtilsMessengerCreateInfoEXT own = messengerInfo(validation);
    const VkResult result = vkCreateDebugUtilsMessengerEXT(instance_, &own, nullptr, &messenger_);
    if (result != VK_SUCCESS) {
      vkDestroyInstance(instance_, nullptr);
      checkVulkan(result, "vkCreateDebugUtilsMessengerEXT");
    }
  }
}

VulkanInstance::~VulkanInstance() {
  if (messenger_ != VK_NULL_HANDLE) vkDestroyDebugUtilsMessengerEXT(instance_, messenger_, nullptr);
  vkDestroyInstance(instance_, nullptr);
}

std::vector<VkPhysicalDevice> VulkanInstance::devices() const {
  std::uint32_t count = 0;
  checkVulkan(vkEnumeratePhysicalDevices(instance_, &count, nullptr), "vkEnumeratePhysicalDevices");
  std::vector<VkPhysicalDevice> found(count);
  checkVulkan(vkEnumeratePhysicalDevices(instance_, &count, found.data()), "vkEnumeratePhysicalDevices");
  if (found.empty()) throw Failure("Vulkan: no device found");
  return found;
}

VkPhysicalDevice pickDevice(const std::vector<VkPhysicalDevice>& devices, std::string_view wanted) {
  VkPhysicalDevice best = VK_NULL_HANDLE;
  int bestRank = -1;
  for (std::size_t i = 0; i < devices.size(); ++i) {
    const VkPhysicalDeviceProperties properties = propertiesOf(devices[i]);
    const bool matches = wanted.empty() || wanted == std::to_string(i) ||
                         std::string_view(properties.deviceName).find(wanted) != std::string_view::npos;
    if (matches && rank(properties.deviceType) > bestRank) {
      best = devices[i];
      bestRank = rank(properties.deviceType);
    }
  }
  if (best == VK_NULL_HANDLE) throw Failure("Vulkan: no device is called \"" + std::string(wanted) + '"');
  return best;
}

std::string_view deviceTypeName(VkPhysicalDeviceType type) noexcept {
  switch (type) {
    case VK_PHYSICAL_DEVICE_TYPE_DISCRETE_GPU:
      return "discrete GPU";
    case VK_PHYSICAL_DEVICE_TYPE_INTEGRATED_GPU:
      return "integrated GPU";
    case VK_PHYSICAL_DEVICE_TYPE_VIRTUAL_GPU:
      return "virtual GPU";
    case VK_PHYSICAL_DEVICE_TYPE_CPU:
      return "CPU";
    default:
      return "other";
  }
}

std::vector<VkQueueFamilyProperties> queueFamilies(VkPhysicalDevice device) {
  std::uint32_t count = 0;
  vkGetPhysicalDeviceQueueFamilyProperties(device, &count, nullptr);
  std::vector<VkQueueFamilyProperties> families(count);
  vkGetPhysicalDeviceQueueFamilyProperties(device, &count, families.data());
  return families;
}

std::vector<VkExtensionProperties> deviceExtensions(VkPhysicalDevice device) {
  constexpr const char* kCall = "vkEnumerateDeviceExtensionProperties";
  std::uint32_t count = 0;
  checkVulkan(vkEnumerateDeviceExtensionProperties(device, nullptr, &count, nullptr), kCall);
  std::vector<VkExtensionProperties> extensions(count);
  checkVulkan(vkEnumerateDeviceExtensionProperties(device, nullptr, &count, extensions.data()), kCall);
  return extensions;
}

void checkVulkan(VkResult result, std::string_view call) {
  if (result != VK_SUCCESS) {
    throw Failure("Vulkan: " + std::string(call) + " failed with VkResult " + std::to_string(result));
  }
}

}  // namespace flux::app
