#include "vulkan/context.hpp"

#include "direct_writes.hpp"
#include "failure.hpp"
#include "vulkan/instance.hpp"
#include "vulkan/queue_choice.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <optional>
#include <string_view>
#include <utility>

namespace flux::app {
namespace {

/// The feature chain, both for asking and for enabling. Its links point into itself, so it stays where it is.
struct FeatureChain {
  FeatureChain() {
    all.pNext = &vulkan12;
    vulkan12.pNext = &vulkan13;
    vulkan13.pNext = &priority;
    priority.pNext = &pageable;
  }
  FeatureChain(const FeatureChain&) = delete;
  FeatureChain& operator=(const FeatureChain&) = delete;

  VkPhysicalDeviceFeatures2 all{VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_FEATURES_2};
  VkPhysicalDeviceVulkan12Features vulkan12{VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_2_FEATURES};
  VkPhysicalDeviceVulkan13Features vulkan13{VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_3_FEATURES};
  // Last, so that they can be left out.
  VkPhysicalDeviceMemoryPriorityFeaturesEXT priority{VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MEMORY_PRIORITY_FEATURES_EXT};
  VkPhysicalDevicePageableDeviceLocalMemoryFeaturesEXT pageable{
      VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PAGEABLE_DEVICE_LOCAL_MEMORY_FEATURES_EXT};
};

/// What FLUX_COPIES says.
std::optional<VulkanCopyCrossover> wantedCopies() {
  const char* text = std::getenv("FLUX_COPIES");
  const std::string_view wanted = text != nullptr ? text : "auto";
  if (wanted == "kernel") return kVulkanKernelCopies;
  if (wanted == "plain") return kVulkanPlainCopies;
  if (wanted == "auto") return std::nullopt;
  throw badUse("FLUX_COPIES: '" + std::string(wanted) + "' is none of kernel, plain, auto");
}

bool hasExtension(VkPhysicalDevice device, std::string_view name) {
  const std::vector<VkExtensionProperties> extensions = deviceExtensions(device);
  return std::any_of(extensions.begin(), extensions.end(),
                     [name](const VkExtensionProperties& extension) { return name == extension.extensionName; });
}

}  // namespace

class VulkanContext::Impl {
 public:
  explicit Impl(const VulkanContextDesc& desc)
      : instance(desc.validate ? &sink(desc) : nullptr), messages(sink(desc)), validate(desc.validate) {
    physicalDevice = pickDevice(instance.devices(), desc.deviceName);
    vkGetPhysicalDeviceProperties(physicalDevice, &properties);
    vkGetPhysicalDeviceMemoryProperties(physicalDevice, &memory);
    try {
      createDevice(desc.separateCopyQueue);
      createDrawTimeline();
      adopt();
    } catch (...) {
      destroy();
      throw;
    }
  }
  ~Impl() { destroy(); }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  [[nodiscard]] VulkanDeviceDesc adoption() {
    VulkanDeviceDesc desc;
    desc.getInstanceProcAddr = vkGetInstanceProcAddr;
    desc.instance = instance.handle();
    desc.physicalDevice = physicalDevice;
    desc.device = device;
    desc.enabledFeatures = &enabled.all;
    desc.enabledExtensions = extensions;
    desc.debugUtilsEnabled = validate;
    desc.copyQueue = copyQueue;
    desc.copyQueueFamily = queues.copyFamily;
    if (!queues.separate()) {
      desc.copyQueueLock.lock = [](void* mutex) { static_cast<std::mutex*>(mutex)->lock(); };
      desc.copyQueueLock.unlock = [](void* mutex) { static_cast<std::mutex*>(mutex)->unlock(); };
      desc.copyQueueLock.context = &drawQueueMutex;
    }
    desc.readerQueueFamilies = std::span(&queues.drawFamily, 1);
    desc.timelines = std::span(&drawTimeline, 1);
    desc.copyCrossover = wantedCopies();
    desc.directWriteBytes = wantedDirectWrites();
    return desc;
  }

 private:
  DeviceMessages& sink(const VulkanContextDesc& desc) {
    return desc.messages != nullptr ? *desc.messages : ownMessages_;
  }

  [[nodiscard]] Failure unsuitable(std::string_view reason) const {
    return Failure("Vulkan: " + std::string(properties.deviceName) + ": " + std::string(reason));
  }

  void createDevice(bool separateCopyQueue) {
    if (properties.apiVersion < VK_API_VERSION_1_3) throw unsuitable("the driver offers less than Vulkan 1.3");
    const auto choice = chooseQueues(queueFamilies(physicalDevice), separateCopyQueue);
    if (!choice) throw unsuitable("no queue family both draws and computes");
    queues = *choice;

    FeatureChain supported;
    vkGetPhysicalDeviceFeatures2(physicalDevice, &supported.all);
    const auto enable = [this](VkBool32 isSupported, VkBool32& feature, const char* name) {
      if (isSupported != VK_TRUE) throw unsuitable(std::string("the feature ") + name + " is missing");
      feature = VK_TRUE;
    };
    enable(supported.vulkan12.timelineSemaphore, enabled.vulkan12.timelineSemaphore, "timelineSemaphore");
    enable(supported.vulkan13.synchronization2, enabled.vulkan13.synchronization2, "synchronization2");
    enable(supported.vulkan13.dynamicRendering, enabled.vulkan13.dynamicRendering, "dynamicRendering");
    // Shaders for Vulkan 1.3 name their workgroup's size in the way that this feature allows.
    enable(supported.vulkan13.maintenance4, enabled.vulkan13.maintenance4, "maintenance4");
    enabled.vulkan12.bufferDeviceAddress = supported.vulkan12.bufferDeviceAddress;
    enabled.all.features.multiDrawIndirect = supported.all.features.multiDrawIndirect;
    enabled.all.features.drawIndirectFirstInstance = supported.all.features.drawIndirectFirstInstance;
    if (hasExtension(physicalDevice, VK_EXT_MEMORY_BUDGET_EXTENSION_NAME)) {
      extensions.push_back(VK_EXT_MEMORY_BUDGET_EXTENSION_NAME);
    }
    if (supported.priority.memoryPriority == VK_TRUE && supported.pageable.pageableDeviceLocalMemory == VK_TRUE) {
      extensions.push_back(VK_EXT_MEMORY_PRIORITY_EXTENSION_NAME);
      extensions.push_back(VK_EXT_PAGEABLE_DEVICE_LOCAL_MEMORY_EXTENSION_NAME);
      enabled.priority.memoryPriority = VK_TRUE;
      enabled.pageable.pageableDeviceLocalMemory = VK_TRUE;
    } else {
      enabled.vulkan13.pNext = nullptr;
    }

    constexpr std::array kPriorities{1.0F, 1.0F};
    const bool sameFamily = queues.copyFamily == queues.drawFamily;
    std::array<VkDeviceQueueCreateInfo, 2> queueInfos{};
    queueInfos[0] = {VK_STRUCTURE_TYPE_DEVICE_QUEUE_CREATE_INFO};
    queueInfos[0].queueFamilyIndex = queues.drawFamily;
    queueInfos[0].queueCount = sameFamily ? queues.copyIndex + 1 : 1;
    queueInfos[0].pQueuePriorities = kPriorities.data();
    queueInfos[1] = queueInfos[0];
    queueInfos[1].queueFamilyIndex = queues.copyFamily;

    VkDeviceCreateInfo info{VK_STRUCTURE_TYPE_DEVICE_CREATE_INFO};
    info.pNext = &enabled.all;
    info.queueCreateInfoCount = sameFamily ? 1 : 2;
    info.pQueueCreateInfos = queueInfos.data();
    info.enabledExtensionCount = static_cast<std::uint32_t>(extensions.size());
    info.ppEnabledExtensionNames = extensions.data();
    checkVulkan(vkCreateDevice(physicalDevice, &info, nullptr, &device), "vkCreateDevice");
    vkGetDeviceQueue(device, queues.drawFamily, 0, &drawQueue);
    vkGetDeviceQueue(device, queues.copyFamily, queues.copyIndex, &copyQueue);
  }

  void createDrawTimeline() {
    VkSemaphoreTypeCreateInfo type{VK_STRUCTURE_TYPE_SEMAPHORE_TYPE_CREATE_INFO};
    type.semaphoreType = VK_SEMAPHORE_TYPE_TIMELINE;
    VkSemaphoreCreateInfo info{VK_STRUCTURE_TYPE_SEMAPHORE_CREATE_INFO};
    info.pNext = &type;
    checkVulkan(vkCreateSemaphore(device, &info, nullptr, &drawTimeline), "vkCreateSemaphore");
  }

  void adopt() {
    auto adopted = VulkanDevice::create(adoption());
    if (!adopted) throw unsuitable(describe(adopted.error()));
    fluxDevice = std::move(*adopted);
  }

  void destroy() noexcept {
    if (device == VK_NULL_HANDLE) return;
    // Everything has finished by now, but lavapipe 22 still touches semaphores after it has signalled them.
    vkDeviceWaitIdle(device);
    fluxDevice.reset();
    vkDestroySemaphore(device, drawTimeline, nullptr);
    vkDestroyDevice(device, nullptr);
  }

  DeviceMessages ownMessages_;

 public:
  VulkanInstance instance;
  DeviceMessages& messages;
  bool validate;
  VkPhysicalDevice physicalDevice = VK_NULL_HANDLE;
  VkPhysicalDeviceProperties properties{};
  VkPhysicalDeviceMemoryProperties memory{};
  FeatureChain enabled;
  std::vector<const char*> extensions;
  QueueChoice queues;
  VkDevice device = VK_NULL_HANDLE;
  VkQueue drawQueue = VK_NULL_HANDLE;
  VkQueue copyQueue = VK_NULL_HANDLE;
  std::mutex drawQueueMutex;
  VkSemaphore drawTimeline = VK_NULL_HANDLE;
  std::unique_ptr<VulkanDevice> fluxDevice;
};

VulkanContext::VulkanContext(const VulkanContextDesc& desc) : impl_(std::make_unique<Impl>(desc)) {}
VulkanContext::~VulkanContext() = default;

VkInstance VulkanContext::instance() const noexcept {
  return impl_->instance.handle();
}
VkPhysicalDevice VulkanContext::physicalDevice() const noexcept {
  return impl_->physicalDevice;
}
VkDevice VulkanContext::vulkanDevice() const noexcept {
  return impl_->device;
}
const VkPhysicalDeviceProperties& VulkanContext::properties() const noexcept {
  return impl_->properties;
}
const VkPhysicalDeviceMemoryProperties& VulkanContext::memoryProperties() const noexcept {
  return impl_->memory;
}
bool VulkanContext::multiDrawIndirect() const noexcept {
  return impl_->enabled.all.features.multiDrawIndirect == VK_TRUE;
}
bool VulkanContext::indirectFirstInstance() const noexcept {
  return impl_->enabled.all.features.drawIndirectFirstInstance == VK_TRUE;
}
VkQueue VulkanContext::drawQueue() const noexcept {
  return impl_->drawQueue;
}
std::uint32_t VulkanContext::drawFamily() const noexcept {
  return impl_->queues.drawFamily;
}
std::mutex& VulkanContext::drawQueueMutex() noexcept {
  return impl_->drawQueueMutex;
}
const QueueChoice& VulkanContext::queues() const noexcept {
  return impl_->queues;
}
VkSemaphore VulkanContext::drawTimeline() const noexcept {
  return impl_->drawTimeline;
}
VulkanDevice& VulkanContext::device() noexcept {
  return *impl_->fluxDevice;
}
VulkanDeviceDesc VulkanContext::adoption() noexcept {
  return impl_->adoption();
}
DeviceMessages& VulkanContext::messages() noexcept {
  return impl_->messages;
}

}  // namespace flux::app
