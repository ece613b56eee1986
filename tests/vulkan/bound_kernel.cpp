#include "vulkan/bound_kernel.hpp"

#include "vulkan/instance.hpp"

#include <flux/assert.hpp>

#include <array>
#include <optional>
#include <vector>

namespace flux::test {
namespace {

using app::checkVulkan;

constexpr std::uint32_t kCode[] = {
#include "bound_copy_segments.comp.inc"
};
constexpr std::uint32_t kMaxDispatches = 64;

struct State {
  VkDevice device = VK_NULL_HANDLE;
  VkDescriptorSetLayout setLayout = VK_NULL_HANDLE;
  VkDescriptorPool pool = VK_NULL_HANDLE;
  VkPipelineLayout layout = VK_NULL_HANDLE;
  std::vector<VkBuffer> buffers;
  std::uint32_t dispatches = 0;
};
std::optional<State> state;

VKAPI_ATTR VkResult VKAPI_CALL boundModule(VkDevice device, const VkShaderModuleCreateInfo* info,
                                           const VkAllocationCallbacks* allocator, VkShaderModule* shader) {
  VkShaderModuleCreateInfo bound = *info;
  bound.codeSize = sizeof(kCode);
  bound.pCode = kCode;
  return Interceptor::real<PFN_vkCreateShaderModule>("vkCreateShaderModule")(device, &bound, allocator, shader);
}

VKAPI_ATTR VkResult VKAPI_CALL boundLayout(VkDevice device, const VkPipelineLayoutCreateInfo* info,
                                           const VkAllocationCallbacks* allocator, VkPipelineLayout* layout) {
  VkPipelineLayoutCreateInfo bound = *info;
  bound.setLayoutCount = 1;
  bound.pSetLayouts = &state->setLayout;
  const VkResult result =
      Interceptor::real<PFN_vkCreatePipelineLayout>("vkCreatePipelineLayout")(device, &bound, allocator, layout);
  state->layout = *layout;
  return result;
}

VKAPI_ATTR VkResult VKAPI_CALL storageBuffer(VkDevice device, const VkBufferCreateInfo* info,
                                             const VkAllocationCallbacks* allocator, VkBuffer* buffer) {
  VkBufferCreateInfo storage = *info;
  storage.usage |= VK_BUFFER_USAGE_STORAGE_BUFFER_BIT;
  return Interceptor::real<PFN_vkCreateBuffer>("vkCreateBuffer")(device, &storage, allocator, buffer);
}

VKAPI_ATTR VkDeviceAddress VKAPI_CALL madeUpAddress(VkDevice, const VkBufferDeviceAddressInfo* info) {
  FLUX_ASSERT(state->buffers.size() < BoundKernel::kBuffers, "a bound kernel has a descriptor for each buffer");
  state->buffers.push_back(info->buffer);
  return VkDeviceAddress{state->buffers.size() - 1} << 34U;  // words have 32 bits below the number
}

VKAPI_ATTR void VKAPI_CALL boundDispatch(VkCommandBuffer commands, std::uint32_t x, std::uint32_t y, std::uint32_t z) {
  VkDescriptorSetAllocateInfo allocate{VK_STRUCTURE_TYPE_DESCRIPTOR_SET_ALLOCATE_INFO};
  allocate.descriptorPool = state->pool;
  allocate.descriptorSetCount = 1;
  allocate.pSetLayouts = &state->setLayout;
  VkDescriptorSet set = VK_NULL_HANDLE;
  checkVulkan(vkAllocateDescriptorSets(state->device, &allocate, &set), "vkAllocateDescriptorSets");
  std::array<VkDescriptorBufferInfo, BoundKernel::kBuffers> infos{};
  for (std::size_t i = 0; i < infos.size(); ++i) {
    // Descriptors that no segment names are there too, for the sake of the layer: the list once more.
    infos[i] = {i < state->buffers.size() ? state->buffers[i] : state->buffers.front(), 0, VK_WHOLE_SIZE};
  }
  std::array<VkWriteDescriptorSet, BoundKernel::kBuffers> writes{};
  for (std::uint32_t i = 0; i < writes.size(); ++i) {
    writes[i] = {VK_STRUCTURE_TYPE_WRITE_DESCRIPTOR_SET};
    writes[i].dstSet = set;
    writes[i].dstBinding = i;
    writes[i].descriptorCount = 1;
    writes[i].descriptorType = VK_DESCRIPTOR_TYPE_STORAGE_BUFFER;
    writes[i].pBufferInfo = &infos[i];
  }
  vkUpdateDescriptorSets(state->device, BoundKernel::kBuffers, writes.data(), 0, nullptr);
  vkCmdBindDescriptorSets(commands, VK_PIPELINE_BIND_POINT_COMPUTE, state->layout, 0, 1, &set, 0, nullptr);
  ++state->dispatches;
  Interceptor::real<PFN_vkCmdDispatch>("vkCmdDispatch")(commands, x, y, z);
}

}  // namespace

BoundKernel::BoundKernel(app::VulkanContext& context, Interceptor& interceptor) : device_(context.vulkanDevice()) {
  state.emplace();
  state->device = device_;
  std::array<VkDescriptorSetLayoutBinding, kBuffers> bindings{};
  for (std::uint32_t i = 0; i < kBuffers; ++i) {
    bindings[i] = {i, VK_DESCRIPTOR_TYPE_STORAGE_BUFFER, 1, VK_SHADER_STAGE_COMPUTE_BIT, nullptr};
  }
  VkDescriptorSetLayoutCreateInfo layout{VK_STRUCTURE_TYPE_DESCRIPTOR_SET_LAYOUT_CREATE_INFO};
  layout.bindingCount = kBuffers;
  layout.pBindings = bindings.data();
  checkVulkan(vkCreateDescriptorSetLayout(device_, &layout, nullptr, &state->setLayout), "vkCreateDescriptorSetLayout");
  const VkDescriptorPoolSize size{VK_DESCRIPTOR_TYPE_STORAGE_BUFFER, kBuffers * kMaxDispatches};
  VkDescriptorPoolCreateInfo pool{VK_STRUCTURE_TYPE_DESCRIPTOR_POOL_CREATE_INFO};
  pool.maxSets = kMaxDispatches;
  pool.poolSizeCount = 1;
  pool.pPoolSizes = &size;
  checkVulkan(vkCreateDescriptorPool(device_, &pool, nullptr, &state->pool), "vkCreateDescriptorPool");
  interceptor.replace("vkCreateShaderModule", &boundModule);
  interceptor.replace("vkCreatePipelineLayout", &boundLayout);
  interceptor.replace("vkCreateBuffer", &storageBuffer);
  interceptor.replace("vkGetBufferDeviceAddress", &madeUpAddress);
  interceptor.replace("vkCmdDispatch", &boundDispatch);
}

BoundKernel::~BoundKernel() {
  vkDestroyDescriptorPool(device_, state->pool, nullptr);
  vkDestroyDescriptorSetLayout(device_, state->setLayout, nullptr);
  state.reset();
}

std::uint32_t BoundKernel::dispatches() noexcept {
  return state->dispatches;
}

}  // namespace flux::test
