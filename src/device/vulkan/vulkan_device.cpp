#include "device/vulkan/batch_recorder.hpp"
#include "device/vulkan/buffer_memory.hpp"
#include "device/vulkan/buffer_slots.hpp"
#include "device/vulkan/command_buffers.hpp"
#include "device/vulkan/copy_crossover.hpp"
#include "device/vulkan/device_caps.hpp"
#include "device/vulkan/enabled_features.hpp"
#include "device/vulkan/errors.hpp"
#include "device/vulkan/functions.hpp"
#include "device/vulkan/memory_choice.hpp"
#include "device/vulkan/queue_timelines.hpp"
#include "device/vulkan/queue_timer.hpp"

#include <flux/vulkan.hpp>

#include <algorithm>
#include <array>
#include <mutex>
#include <utility>
#include <vector>

namespace flux::vulkan {
namespace {

constexpr VkBufferUsageFlags kChunkUsage =
    VK_BUFFER_USAGE_TRANSFER_SRC_BIT | VK_BUFFER_USAGE_TRANSFER_DST_BIT | VK_BUFFER_USAGE_UNIFORM_TEXEL_BUFFER_BIT |
    VK_BUFFER_USAGE_STORAGE_TEXEL_BUFFER_BIT | VK_BUFFER_USAGE_UNIFORM_BUFFER_BIT | VK_BUFFER_USAGE_STORAGE_BUFFER_BIT |
    VK_BUFFER_USAGE_INDEX_BUFFER_BIT | VK_BUFFER_USAGE_VERTEX_BUFFER_BIT | VK_BUFFER_USAGE_INDIRECT_BUFFER_BIT;

constexpr auto kForever = std::chrono::nanoseconds::max();

/// Without VK_EXT_memory_budget: a share of the heap that leaves something to the system and to other programs.
constexpr ByteCount estimatedBudget(ByteCount heapBytes) noexcept {
  return heapBytes / 5 * 4;
}

NativeHandle nativeHandle(VkBuffer buffer) noexcept {
#if VK_USE_64_BIT_PTR_DEFINES
  return reinterpret_cast<NativeHandle>(buffer);
#else
  return static_cast<NativeHandle>(buffer);
#endif
}

/// The application's queue lock as a lockable type.
class QueueLock {
 public:
  explicit QueueLock(const VulkanQueueLock& callbacks) noexcept : callbacks_(callbacks) {}
  void lock() const {
    if (callbacks_.lock != nullptr) callbacks_.lock(callbacks_.context);
  }
  void unlock() const {
    if (callbacks_.unlock != nullptr) callbacks_.unlock(callbacks_.context);
  }

 private:
  VulkanQueueLock callbacks_;
};

/// The Vulkan back end. How a batch becomes commands: `BatchRecorder`.
///
/// **Invariants.** `submitted_` is the value of the last batch that reached the queue or an application's list.
class AdoptedDevice final : public VulkanDevice {
 public:
  AdoptedDevice(const VulkanDeviceDesc& desc, const Functions& functions, const DeviceProperties& properties)
      : functions_(functions),
        physicalDevice_(desc.physicalDevice),
        device_(desc.device),
        copyQueue_(desc.copyQueue),
        copyQueueLock_(desc.copyQueueLock),
        properties_(properties),
        budgetFromSystem_(hasExtension(desc.enabledExtensions, VK_EXT_MEMORY_BUDGET_EXTENSION_NAME)),
        buffers_(functions_, desc.device, properties.core.limits.maxMemoryAllocationCount),
        commandBuffers_(functions_, desc.device),
        timelines_(functions_, desc.device),
        recorder_(functions_, desc.device, buffers_, slots_) {}
  ~AdoptedDevice() override;

  /// The part of the construction that can fail.
  Result<void> init(const VulkanDeviceDesc& desc);

  const DeviceCaps& caps() const noexcept override { return caps_; }
  Result<ChunkInfo> createChunk(ChunkIndex index, ByteCount bytes) override;
  void destroyChunk(ChunkIndex index) noexcept override;
  std::span<std::byte> mapped(ChunkIndex index, ByteOffset offset, ByteCount bytes) noexcept override {
    return {slots_.at(index).mapped + offset, static_cast<std::size_t>(bytes)};
  }
  Result<std::span<std::byte>> openStaging(StagingIndex index, ByteCount bytes, StagingUse use) override;
  Result<void> sealStaging(StagingIndex, ByteCount) override { return {}; }  // The memory is coherent.
  void closeStaging(StagingIndex index) noexcept override;
  Result<TimelineValue> submit(std::span<const CopyPiece> batch, std::span<const QueueValue> waits) override {
    return applicationList_ != VK_NULL_HANDLE ? record(batch) : submit(batch, waits, nullptr);
  }
  Result<void> poll() override { return timelines_.poll(); }
  TimelineValue completed(QueueId queue) const noexcept override { return timelines_.completed(queue); }
  Result<void> wait(QueueId queue, TimelineValue value, std::chrono::nanoseconds timeout) override {
    return timelines_.wait(queue, value, timeout);
  }
  MemoryBudget budget() override;
  void setName(ChunkIndex index, std::string_view name) noexcept override;
  /// To the highest; without a wish it is 0.5 (Vulkan 1.3, VkMemoryPriorityAllocateInfoEXT).
  void raisePriority(ChunkIndex index) noexcept override {
    const auto set = functions_.vkSetDeviceMemoryPriorityEXT;
    if (set != nullptr) set(device_, slots_.at(index).memory, 1);
  }
  VkSemaphore copyTimeline() const noexcept override { return timelines_.copySemaphore(); }
  TimelineValue recordInto(VkCommandBuffer commands) noexcept override;
  VulkanCopyCrossover copyCrossover() const noexcept override { return recorder_.crossover(); }

 private:
  [[nodiscard]] Result<void> createKernel(const VulkanDeviceDesc& desc);
  [[nodiscard]] Result<VulkanCopyCrossover> measureCrossover(std::uint32_t timestampBits);
  [[nodiscard]] Result<TimelineValue> submit(std::span<const CopyPiece> batch, std::span<const QueueValue> waits,
                                             const QueueTimer* timer);
  [[nodiscard]] Result<TimelineValue> record(std::span<const CopyPiece> batch);
  [[nodiscard]] VkResult enqueue(VkCommandBuffer commands, std::span<const QueueValue> waits, TimelineValue value);

  const Functions functions_;
  const VkPhysicalDevice physicalDevice_;
  const VkDevice device_;
  const VkQueue copyQueue_;
  const QueueLock copyQueueLock_;
  const DeviceProperties properties_;
  const bool budgetFromSystem_;
  DeviceCaps caps_;
  BufferKind chunkKind_;
  BufferKind stagingKind_;
  BufferKind readbackKind_;
  BufferMemory buffers_;
  CommandBuffers commandBuffers_;
  QueueTimelines timelines_;
  BufferSlots slots_;
  BatchRecorder recorder_;
  // What a submission waits for.
  std::vector<VkSemaphore> waitSemaphores_;
  std::vector<TimelineValue> waitValues_;
  std::vector<VkPipelineStageFlags> waitStages_;
  ByteCount chunkBytes_ = 0;
  TimelineValue submitted_ = 0;
  VkCommandBuffer applicationList_ = VK_NULL_HANDLE;
  TimelineValue recorded_ = 0;  // the last value in `applicationList_`
};

AdoptedDevice::~AdoptedDevice() {
  // On a lost device the wait fails at once, and everything may be destroyed.
  if (submitted_ != 0) (void)timelines_.wait(kCopyQueue, submitted_, kForever);
  for (const std::span<const Buffer> slots : slots_.all()) {
    for (const Buffer& buffer : slots) buffers_.destroy(buffer);
  }
}

Result<void> AdoptedDevice::init(const VulkanDeviceDesc& desc) {
  chunkKind_.usage = kChunkUsage;
  chunkKind_.deviceAddress = functions_.vkGetBufferDeviceAddress != nullptr;
  if (chunkKind_.deviceAddress) chunkKind_.usage |= VK_BUFFER_USAGE_SHADER_DEVICE_ADDRESS_BIT;
  std::vector<std::uint32_t>& families = chunkKind_.families;
  families.assign(desc.readerQueueFamilies.begin(), desc.readerQueueFamilies.end());
  families.push_back(desc.copyQueueFamily);
  std::sort(families.begin(), families.end());
  families.erase(std::unique(families.begin(), families.end()), families.end());
  stagingKind_.usage = VK_BUFFER_USAGE_TRANSFER_SRC_BIT;
  stagingKind_.deviceAddress = chunkKind_.deviceAddress;
  if (stagingKind_.deviceAddress) stagingKind_.usage |= VK_BUFFER_USAGE_SHADER_DEVICE_ADDRESS_BIT;

  readbackKind_ = stagingKind_;
  readbackKind_.usage ^= VK_BUFFER_USAGE_TRANSFER_SRC_BIT | VK_BUFFER_USAGE_TRANSFER_DST_BIT;

  const auto chooseType = [this](BufferKind& kind, auto choose, bool option) -> Result<void> {
    const auto allowed = buffers_.allowedTypes(kind);
    if (!allowed) return Unexpected(allowed.error());
    const auto choice = choose(properties_.memory, *allowed, option);
    if (!choice) return Unexpected(choice.error());
    kind.memoryType = choice->type;
    return {};
  };
  const bool mapped = desc.directWriteBytes != ByteCount{0};
  if (auto chosen = chooseType(chunkKind_, chooseChunkMemory, mapped); !chosen) return chosen;
  const ByteCount direct = chooseDirectWriteBytes(properties_.memory, chunkKind_.memoryType, desc.directWriteBytes);
  if (auto chosen = chooseType(stagingKind_, chooseStagingMemory, direct == kAllBytes); !chosen) return chosen;
  if (auto chosen = chooseType(readbackKind_, chooseStagingMemory, true); !chosen) return chosen;
  chunkKind_.mapped = direct != 0;
  stagingKind_.mapped = true;
  readbackKind_.mapped = true;
  recorder_.setHostWritesChunks(direct != 0);
  if (auto created = commandBuffers_.create(desc.copyQueueFamily); !created) return created;
  if (auto created = timelines_.create(desc.timelines); !created) return created;
  caps_ = makeCaps(properties_, chunkKind_.memoryType, timelines_.count(), chunkKind_.deviceAddress);
  caps_.directWriteBytes = direct;
  return createKernel(desc);
}

VkQueueFamilyProperties queueFamily(const Functions& functions, VkPhysicalDevice device, std::uint32_t family) {
  std::uint32_t count = 0;
  functions.vkGetPhysicalDeviceQueueFamilyProperties(device, &count, nullptr);
  std::vector<VkQueueFamilyProperties> families(count);
  functions.vkGetPhysicalDeviceQueueFamilyProperties(device, &count, families.data());
  return family < count ? families[family] : VkQueueFamilyProperties{};
}

Result<void> AdoptedDevice::createKernel(const VulkanDeviceDesc& desc) {
  // Drivers that run on the CPU copy plainly with memcpy.
  const bool isCpu = properties_.core.deviceType == VK_PHYSICAL_DEVICE_TYPE_CPU;
  const VkQueueFamilyProperties family = queueFamily(functions_, physicalDevice_, desc.copyQueueFamily);
  const bool wanted = desc.copyCrossover ? *desc.copyCrossover != kVulkanPlainCopies : !isCpu;
  if (!wanted || !stagingKind_.deviceAddress || (family.queueFlags & VK_QUEUE_COMPUTE_BIT) == 0) return {};
  if (auto created = recorder_.createKernel(properties_.memory); !created) {
    if (created.error().code == ErrorCode::Unsupported) return {};
    return created;
  }
  if (desc.copyCrossover) {
    recorder_.setCrossover(*desc.copyCrossover);
    return {};
  }
  const auto measured = measureCrossover(family.timestampValidBits);
  if (!measured) return Unexpected(measured.error());
  recorder_.setCrossover(*measured);
  return {};
}

Result<VulkanCopyCrossover> AdoptedDevice::measureCrossover(std::uint32_t timestampBits) {
  if (timestampBits == 0) return kVulkanKernelCopies;
  constexpr ChunkIndex kChunk{0};
  constexpr StagingIndex kPage{0};
  QueueTimer timer(functions_, device_, timestampBits);
  if (auto created = timer.create(); !created) return Unexpected(created.error());
  if (const auto made = createChunk(kChunk, 2 * kMeasuredBytes); !made) return Unexpected(made.error());
  const auto opened = openStaging(kPage, kMeasuredBytes, StagingUse::Upload);
  if (!opened) return Unexpected(opened.error());
  const auto crossover = vulkan::measureCrossover(
      kPage, kChunk, [&](std::span<const CopyPiece> batch, const VulkanCopyCrossover& used) -> Result<std::uint64_t> {
        recorder_.setCrossover(used);
        const auto value = submit(batch, {}, &timer);
        if (!value) return Unexpected(value.error());
        if (auto waited = wait(kCopyQueue, *value, kForever); !waited) return Unexpected(waited.error());
        return timer.ticks();
      });
  // On an error the timer may still be in use. The destructor sees to the rest.
  if (!crossover) {
    if (submitted_ != 0) (void)wait(kCopyQueue, submitted_, kForever);
    return crossover;
  }
  closeStaging(kPage);
  destroyChunk(kChunk);
  return crossover;
}

Result<ChunkInfo> AdoptedDevice::createChunk(ChunkIndex index, ByteCount bytes) {
  // Vulkan leaves it undefined what a driver does with more.
  if (bytes > caps_.maxChunkBytes) {
    return Unexpected(makeError(ErrorCode::OutOfDeviceMemory, "maxMemoryAllocationSize", {}, {bytes, chunkBytes_}));
  }
  auto made = buffers_.create(chunkKind_, bytes);
  if (!made) return Unexpected(made.error());
  slots_.put(index, *made);
  chunkBytes_ += made->allocatedBytes;
  return ChunkInfo{nativeHandle(made->buffer), made->address, bytes};
}

void AdoptedDevice::destroyChunk(ChunkIndex index) noexcept {
  const Buffer chunk = slots_.take(index);
  chunkBytes_ -= chunk.allocatedBytes;
  buffers_.destroy(chunk);
}

Result<std::span<std::byte>> AdoptedDevice::openStaging(StagingIndex index, ByteCount bytes, StagingUse use) {
  auto made = buffers_.create(use == StagingUse::Upload ? stagingKind_ : readbackKind_, bytes);
  if (!made) return Unexpected(made.error());
  slots_.put(index, *made);
  return std::span(made->mapped, static_cast<std::size_t>(bytes));
}

void AdoptedDevice::closeStaging(StagingIndex index) noexcept {
  buffers_.destroy(slots_.take(index));
}

VkResult AdoptedDevice::enqueue(VkCommandBuffer commands, std::span<const QueueValue> waits, TimelineValue value) {
  const VkSemaphore semaphore = timelines_.copySemaphore();
  waitSemaphores_.clear();
  waitValues_.clear();
  for (const QueueValue& wait : waits) {
    waitSemaphores_.push_back(timelines_.semaphore(wait.queue));
    waitValues_.push_back(wait.value);
  }
  waitStages_.assign(waits.size(), VK_PIPELINE_STAGE_ALL_COMMANDS_BIT);
  VkTimelineSemaphoreSubmitInfo timeline{VK_STRUCTURE_TYPE_TIMELINE_SEMAPHORE_SUBMIT_INFO};
  timeline.waitSemaphoreValueCount = static_cast<std::uint32_t>(waits.size());
  timeline.pWaitSemaphoreValues = waitValues_.data();
  timeline.signalSemaphoreValueCount = 1;
  timeline.pSignalSemaphoreValues = &value;
  VkSubmitInfo info{VK_STRUCTURE_TYPE_SUBMIT_INFO};
  info.pNext = &timeline;
  info.waitSemaphoreCount = static_cast<std::uint32_t>(waits.size());
  info.pWaitSemaphores = waitSemaphores_.data();
  info.pWaitDstStageMask = waitStages_.data();
  info.commandBufferCount = 1;
  info.pCommandBuffers = &commands;
  info.signalSemaphoreCount = 1;
  info.pSignalSemaphores = &semaphore;
  const std::scoped_lock lock(copyQueueLock_);
  return functions_.vkQueueSubmit(copyQueue_, 1, &info, VK_NULL_HANDLE);
}

Result<TimelineValue> AdoptedDevice::submit(std::span<const CopyPiece> batch, std::span<const QueueValue> waits,
                                            const QueueTimer* timer) {
  const TimelineValue completed = timelines_.completed(kCopyQueue);
  if (auto prepared = recorder_.prepare(batch, completed); !prepared) return Unexpected(prepared.error());
  const auto commands = commandBuffers_.begin(completed);
  if (!commands) return Unexpected(commands.error());
  if (timer != nullptr) timer->begin(*commands);
  recorder_.record(*commands, CommandList::Own);
  if (timer != nullptr) timer->end(*commands);
  const TimelineValue value = submitted_ + 1;
  const char* call = "vkEndCommandBuffer";
  VkResult result = functions_.vkEndCommandBuffer(*commands);
  if (result == VK_SUCCESS) {
    call = "vkQueueSubmit";
    result = enqueue(*commands, waits, value);
  }
  if (result != VK_SUCCESS) {
    commandBuffers_.abandon(*commands);
    return failed(result, call);
  }
  commandBuffers_.submitted(*commands, value);
  recorder_.submitted(value);
  submitted_ = value;
  return value;
}

Result<TimelineValue> AdoptedDevice::record(std::span<const CopyPiece> batch) {
  auto prepared = recorder_.prepare(batch, timelines_.completed(kCopyQueue));
  if (!prepared) return Unexpected(prepared.error());
  recorder_.record(applicationList_, CommandList::Application);
  recorded_ = ++submitted_;
  recorder_.submitted(recorded_);
  return recorded_;
}

TimelineValue AdoptedDevice::recordInto(VkCommandBuffer commands) noexcept {
  applicationList_ = commands;
  return std::exchange(recorded_, 0);
}

MemoryBudget AdoptedDevice::budget() {
  const std::uint32_t heap = properties_.memory.memoryTypes[chunkKind_.memoryType].heapIndex;
  if (!budgetFromSystem_) return {estimatedBudget(properties_.memory.memoryHeaps[heap].size), chunkBytes_, false};
  VkPhysicalDeviceMemoryBudgetPropertiesEXT budget{VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MEMORY_BUDGET_PROPERTIES_EXT};
  VkPhysicalDeviceMemoryProperties2 properties{VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MEMORY_PROPERTIES_2};
  properties.pNext = &budget;
  functions_.vkGetPhysicalDeviceMemoryProperties2(physicalDevice_, &properties);
  return {budget.heapBudget[heap], budget.heapUsage[heap], true};
}

void AdoptedDevice::setName(ChunkIndex index, std::string_view name) noexcept {
  if (functions_.vkSetDebugUtilsObjectNameEXT == nullptr) return;
  std::array<char, 64> text{};  // ends with a zero, which a view need not
  std::copy_n(name.begin(), std::min(name.size(), text.size() - 1), text.begin());
  VkDebugUtilsObjectNameInfoEXT info{VK_STRUCTURE_TYPE_DEBUG_UTILS_OBJECT_NAME_INFO_EXT};
  info.objectType = VK_OBJECT_TYPE_BUFFER;
  info.objectHandle = nativeHandle(slots_.at(index).buffer);
  info.pObjectName = text.data();
  // A name that could not be set is no reason to fail anything.
  (void)functions_.vkSetDebugUtilsObjectNameEXT(device_, &info);
}

Unexpected invalid(std::string_view field) {
  return Unexpected(makeError(ErrorCode::InvalidArgument, field, {}));
}
Unexpected unsupported(std::string_view what) {
  return Unexpected(makeError(ErrorCode::Unsupported, what, {}));
}

Result<void> checkDesc(const VulkanDeviceDesc& desc) {
  if (desc.getInstanceProcAddr == nullptr) return invalid("getInstanceProcAddr");
  if (desc.instance == VK_NULL_HANDLE) return invalid("instance");
  if (desc.physicalDevice == VK_NULL_HANDLE) return invalid("physicalDevice");
  if (desc.device == VK_NULL_HANDLE) return invalid("device");
  if (desc.enabledFeatures == nullptr) return invalid("enabledFeatures");
  if (desc.copyQueue == VK_NULL_HANDLE) return invalid("copyQueue");
  if (desc.timelines.size() >= kMaxQueues) return invalid("timelines");
  if (std::ranges::find(desc.timelines, VkSemaphore{}) != desc.timelines.end()) return invalid("timelines");
  if ((desc.copyQueueLock.lock == nullptr) != (desc.copyQueueLock.unlock == nullptr)) return invalid("copyQueueLock");
  return {};
}

Result<std::unique_ptr<VulkanDevice>> adopt(const VulkanDeviceDesc& desc) {
  if (auto checked = checkDesc(desc); !checked) return Unexpected(checked.error());
  const EnabledFeatures features = readEnabledFeatures(*desc.enabledFeatures);
  if (!features.timelineSemaphore) return unsupported("timelineSemaphore (not enabled)");
  auto functions = loadFunctions(desc.getInstanceProcAddr, desc.instance, desc.device);
  if (!functions) return Unexpected(functions.error());
  // Drivers may hand out entry points of what was not enabled.
  if (!features.bufferDeviceAddress) functions->vkGetBufferDeviceAddress = nullptr;
  if (!desc.debugUtilsEnabled) functions->vkSetDebugUtilsObjectNameEXT = nullptr;
  const bool pages = hasExtension(desc.enabledExtensions, VK_EXT_PAGEABLE_DEVICE_LOCAL_MEMORY_EXTENSION_NAME);
  if (!pages) functions->vkSetDeviceMemoryPriorityEXT = nullptr;

  const DeviceProperties properties = queryProperties(*functions, desc.physicalDevice);
  if (properties.core.apiVersion < VK_API_VERSION_1_2) return unsupported("Vulkan 1.2");

  auto device = std::make_unique<AdoptedDevice>(desc, *functions, properties);
  if (auto made = device->init(desc); !made) return Unexpected(made.error());
  return device;
}

}  // namespace
}  // namespace flux::vulkan

namespace flux {

Result<std::unique_ptr<VulkanDevice>> VulkanDevice::create(const VulkanDeviceDesc& desc) {
  return vulkan::adopt(desc);
}

}  // namespace flux
