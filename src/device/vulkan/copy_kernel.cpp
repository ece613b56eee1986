#include "device/vulkan/copy_kernel.hpp"

#include "device/vulkan/errors.hpp"

namespace flux::vulkan {
namespace {

constexpr std::uint32_t kCode[] = {
#include "copy_segments.comp.inc"
};

// As the shader has them.
constexpr std::uint32_t kWorkgroupLanes = 128;
constexpr std::uint32_t kSegmentLanes = 32;
struct Push {
  std::uint32_t listLow = 0;
  std::uint32_t listHigh = 0;
  std::uint32_t count = 0;
};

// Every device allows so many workgroups in a dispatch (Vulkan 1.3, table "Required Limits").
static_assert(SegmentLists::kPageSegments / (kWorkgroupLanes / kSegmentLanes) <= 65535);

}  // namespace

CopyKernel::~CopyKernel() {
  // Vulkan's destroy functions accept null.
  functions_.vkDestroyPipeline(device_, pipeline_, nullptr);
  functions_.vkDestroyPipelineLayout(device_, layout_, nullptr);
}

Result<void> CopyKernel::create() {
  const VkPushConstantRange push{VK_SHADER_STAGE_COMPUTE_BIT, 0, sizeof(Push)};
  VkPipelineLayoutCreateInfo layout{VK_STRUCTURE_TYPE_PIPELINE_LAYOUT_CREATE_INFO};
  layout.pushConstantRangeCount = 1;
  layout.pPushConstantRanges = &push;
  if (const VkResult result = functions_.vkCreatePipelineLayout(device_, &layout, nullptr, &layout_);
      result != VK_SUCCESS) {
    layout_ = VK_NULL_HANDLE;
    return failed(result, "vkCreatePipelineLayout");
  }

  VkShaderModuleCreateInfo code{VK_STRUCTURE_TYPE_SHADER_MODULE_CREATE_INFO};
  code.codeSize = sizeof(kCode);
  code.pCode = kCode;
  VkShaderModule shader = VK_NULL_HANDLE;
  if (const VkResult result = functions_.vkCreateShaderModule(device_, &code, nullptr, &shader); result != VK_SUCCESS) {
    return failed(result, "vkCreateShaderModule");
  }
  VkComputePipelineCreateInfo info{VK_STRUCTURE_TYPE_COMPUTE_PIPELINE_CREATE_INFO};
  info.stage = {VK_STRUCTURE_TYPE_PIPELINE_SHADER_STAGE_CREATE_INFO};
  info.stage.stage = VK_SHADER_STAGE_COMPUTE_BIT;
  info.stage.module = shader;
  info.stage.pName = "main";
  info.layout = layout_;
  const VkResult result = functions_.vkCreateComputePipelines(device_, VK_NULL_HANDLE, 1, &info, nullptr, &pipeline_);
  functions_.vkDestroyShaderModule(device_, shader, nullptr);
  if (result != VK_SUCCESS) {
    pipeline_ = VK_NULL_HANDLE;
    return failed(result, "vkCreateComputePipelines");
  }
  return {};
}

void CopyKernel::record(VkCommandBuffer commands, std::span<const SegmentRun> runs) const {
  if (runs.empty()) return;
  functions_.vkCmdBindPipeline(commands, VK_PIPELINE_BIND_POINT_COMPUTE, pipeline_);
  constexpr std::uint32_t kSegmentsInGroup = kWorkgroupLanes / kSegmentLanes;
  for (const SegmentRun& run : runs) {
    const std::uint64_t list = run.address / 4;
    const Push push{static_cast<std::uint32_t>(list), static_cast<std::uint32_t>(list >> 32U), run.count};
    functions_.vkCmdPushConstants(commands, layout_, VK_SHADER_STAGE_COMPUTE_BIT, 0, sizeof(push), &push);
    functions_.vkCmdDispatch(commands, (run.count + kSegmentsInGroup - 1) / kSegmentsInGroup, 1, 1);
  }
}

}  // namespace flux::vulkan
