// Every Vulkan call that can fail does, one after the other: the device keeps its state, leaks nothing, and the same
// call succeeds afterwards (G8). The validation layer's object tracking sees what would be left behind.

#include "vulkan/test_gpu.hpp"

#include <algorithm>
#include <array>
#include <functional>
#include <optional>
#include <vector>

namespace flux::test {
namespace {

constexpr ByteCount kBytes = 4096;
constexpr StagingIndex kBack{1};

/// What a program does with a device, as steps that can be repeated when they fail.
class Program {
 public:
  /// Without a crossover the device measures.
  Program(app::VulkanContext& context, const std::optional<VulkanCopyCrossover>& crossover)
      : context_(context), crossover_(crossover) {
    steps_ = {
        [this] { return create(); },
        [this] { return createChunk(0); },
        [this] { return createChunk(1); },
        [this] { return openPage(); },
        [this] { return device_->sealStaging(StagingIndex{0}, kBytes); },
        [this] { return submit({.destination = ChunkIndex{0}, .bytes = kBytes}); },
        [this] { return submit({.source = ChunkIndex{0}, .destination = ChunkIndex{1}, .bytes = kBytes}); },
        [this] { return device_->poll(); },
        [this] { return device_->wait(kCopyQueue, submitted_, std::chrono::seconds{30}); },
        [this] { return submit({.destination = ChunkIndex{0}, .destinationOffset = kBytes, .bytes = kBytes}); },
        [this] { return openReadback(); },
        [this] { return submit({.source = ChunkIndex{1}, .destination = kBack, .bytes = kBytes}); },
        [this] { return device_->wait(kCopyQueue, submitted_, std::chrono::seconds{30}); },
    };
  }

  /// Runs all steps; one that fails is run once more. Returns the errors.
  std::vector<Error> run() {
    std::vector<Error> errors;
    for (const auto& step : steps_) {
      auto result = step();
      if (!result) {
        errors.push_back(result.error());
        result = step();
      }
      EXPECT_TRUE(result) << describe(result.error());
      if (!result) break;
    }
    return errors;
  }

  void expectContents() {
    EXPECT_TRUE(std::ranges::equal(back_, pattern_));
    ChunkReader reader(context_);
    for (const VkBuffer chunk : chunks_) {
      EXPECT_EQ(reader.read(chunk, 0, kBytes, device_->copyTimeline(), submitted_), pattern_);
    }
  }

 private:
  Result<void> create() {
    VulkanDeviceDesc desc = context_.adoption();
    desc.getInstanceProcAddr = Interceptor::getInstanceProcAddr();
    desc.copyCrossover = crossover_;
    auto made = VulkanDevice::create(desc);
    if (!made) return Unexpected(made.error());
    device_ = TestDevice(made->release(), {&context_});
    return {};
  }
  Result<void> createChunk(std::uint32_t index) {
    const auto made = device_->createChunk(ChunkIndex{index}, 2 * kBytes);
    if (!made) return Unexpected(made.error());
    chunks_[index] = vulkanBuffer(made->buffer);
    return {};
  }
  Result<void> openPage() {
    const auto page = device_->openStaging(StagingIndex{0}, kBytes);
    if (!page) return Unexpected(page.error());
    std::copy(pattern_.begin(), pattern_.end(), page->begin());
    return {};
  }
  Result<void> openReadback() {
    const auto page = device_->openStaging(kBack, kBytes, StagingUse::Readback);
    if (!page) return Unexpected(page.error());
    back_ = *page;
    return {};
  }
  Result<void> submit(const CopyPiece& piece) {
    const auto value = device_->submit(std::span(&piece, 1));
    if (!value) return Unexpected(value.error());
    EXPECT_TRUE(submitted_ == 0 || *value == submitted_ + 1);
    submitted_ = *value;
    return {};
  }

  app::VulkanContext& context_;
  std::optional<VulkanCopyCrossover> crossover_;
  TestDevice device_;
  std::vector<std::function<Result<void>()>> steps_;
  std::array<VkBuffer, 2> chunks_{};
  std::span<std::byte> back_;
  std::vector<std::byte> pattern_ = patternBytes(kBytes, 1);
  TimelineValue submitted_ = 0;
};

VKAPI_ATTR void VKAPI_CALL discrete(VkPhysicalDevice device, VkPhysicalDeviceProperties2* properties) {
  Interceptor::real<PFN_vkGetPhysicalDeviceProperties2>("vkGetPhysicalDeviceProperties2")(device, properties);
  properties->properties.deviceType = VK_PHYSICAL_DEVICE_TYPE_DISCRETE_GPU;
}

struct Fault {
  VkResult result;
  ErrorCode code;
  std::optional<VulkanCopyCrossover> crossover = kVulkanPlainCopies;
  std::uint64_t stride = 1;  ///< Of the calls that fail.
};

class FaultsTest : public VulkanTest, public testing::WithParamInterface<Fault> {};

TEST_P(FaultsTest, EveryCallMayFailOnce) {
  std::uint64_t k = 1;
  for (;; k += GetParam().stride) {
    Interceptor interceptor(context().adoption().getInstanceProcAddr);
    interceptor.replace("vkGetPhysicalDeviceProperties2", &discrete);  // which is measured, where nothing is given
    Program program(context(), GetParam().crossover);
    interceptor.failCall(k, GetParam().result);
    const std::vector<Error> errors = program.run();
    interceptor.failNothing();
    program.expectContents();
    EXPECT_EQ(messages_.count(), 0U) << "call " << k << ", " << interceptor.failedCall();
    if (HasFailure() || interceptor.failedCall().empty()) break;
    ASSERT_EQ(errors.size(), 1U) << interceptor.failedCall();
    EXPECT_EQ(errors[0].code, GetParam().code);
    EXPECT_EQ(errors[0].nativeCode, GetParam().result);
    EXPECT_EQ(errors[0].resourceName(), interceptor.failedCall());
  }
  EXPECT_GT(k, 20U);
}

INSTANTIATE_TEST_SUITE_P(
    With, FaultsTest,
    testing::Values(Fault{VK_ERROR_OUT_OF_DEVICE_MEMORY, ErrorCode::OutOfDeviceMemory},
                    Fault{VK_ERROR_OUT_OF_HOST_MEMORY, ErrorCode::OutOfDeviceMemory},
                    Fault{VK_ERROR_TOO_MANY_OBJECTS, ErrorCode::TooManyChunks},
                    Fault{VK_ERROR_DEVICE_LOST, ErrorCode::DeviceLost}, Fault{VK_ERROR_UNKNOWN, ErrorCode::DriverError},
                    Fault{VK_ERROR_OUT_OF_DEVICE_MEMORY, ErrorCode::OutOfDeviceMemory, kVulkanKernelCopies},
                    // Measuring makes hundreds of calls, all alike.
                    Fault{VK_ERROR_UNKNOWN, ErrorCode::DriverError, std::nullopt, 17}));

}  // namespace
}  // namespace flux::test
