#include "device/vulkan/queue_timer.hpp"

#include "device/vulkan/errors.hpp"

#include <array>

namespace flux::vulkan {

Result<void> QueueTimer::create() {
  VkQueryPoolCreateInfo info{VK_STRUCTURE_TYPE_QUERY_POOL_CREATE_INFO};
  info.queryType = VK_QUERY_TYPE_TIMESTAMP;
  info.queryCount = 2;
  if (const VkResult result = functions_.vkCreateQueryPool(device_, &info, nullptr, &pool_); result != VK_SUCCESS) {
    pool_ = VK_NULL_HANDLE;
    return failed(result, "vkCreateQueryPool");
  }
  return {};
}

void QueueTimer::begin(VkCommandBuffer commands) const {
  functions_.vkCmdResetQueryPool(commands, pool_, 0, 2);
  functions_.vkCmdWriteTimestamp(commands, VK_PIPELINE_STAGE_TOP_OF_PIPE_BIT, pool_, 0);
}

void QueueTimer::end(VkCommandBuffer commands) const {
  functions_.vkCmdWriteTimestamp(commands, VK_PIPELINE_STAGE_BOTTOM_OF_PIPE_BIT, pool_, 1);
}

Result<std::uint64_t> QueueTimer::ticks() const {
  std::array<std::uint64_t, 2> times{};
  if (const VkResult result = functions_.vkGetQueryPoolResults(device_, pool_, 0, 2, sizeof(times), times.data(),
                                                               sizeof(times[0]), VK_QUERY_RESULT_64_BIT);
      result != VK_SUCCESS) {
    return failed(result, "vkGetQueryPoolResults");
  }
  // The counter wraps around at its valid bits.
  return (times[1] - times[0]) << (64U - validBits_) >> (64U - validBits_);
}

}  // namespace flux::vulkan
