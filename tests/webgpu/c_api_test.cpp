// The declarations of the C interface that Flux is built with are those of the implementation that runs: layouts as the
// C ABI of a 64-bit machine has them, values as the implementation itself names them, limits that mean something.

#include "webgpu/test_gpu.hpp"

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstring>
#include <iterator>
#include <utility>

namespace flux::test {
namespace {

// Members that the implementation reads or writes last, and those behind padding: one that is missing, added or of
// another size moves them.
static_assert(sizeof(void*) != 8 ||
              (sizeof(WGPUBufferDescriptor) == 48 && offsetof(WGPUBufferDescriptor, size) == 32 &&
               sizeof(WGPUPopErrorScopeCallbackInfo) == 40 && sizeof(WGPUUncapturedErrorCallbackInfo) == 32 &&
               sizeof(WGPUFutureWaitInfo) == 16 && sizeof(WGPUAdapterPropertiesMemoryHeaps) == 32));
static_assert(sizeof(void*) != 8 ||
              (sizeof(WGPUAdapterInfo) == 96 && offsetof(WGPUAdapterInfo, backendType) == 72 &&
               offsetof(WGPUAdapterInfo, vendorID) == 80 && offsetof(WGPULimits, maxUniformBufferBindingSize) == 64 &&
               offsetof(WGPULimits, maxBufferSize) == 96 &&
               offsetof(WGPULimits, maxComputeWorkgroupsPerDimension) == 144 && sizeof(WGPULimits) == 152));
static_assert(sizeof(void*) != 8 || (sizeof(WGPUDeviceDescriptor) == 144 && sizeof(WGPUBindGroupLayoutEntry) == 120 &&
                                     sizeof(WGPUBindGroupEntry) == 56 && sizeof(WGPUComputePipelineDescriptor) == 80));
static_assert(sizeof(void*) != 8 ||
              (sizeof(WGPUTextureDescriptor) == 80 && sizeof(WGPUTexelCopyTextureInfo) == 32 &&
               sizeof(WGPUVertexBufferLayout) == 40 && sizeof(WGPUDepthStencilState) == 72 &&
               sizeof(WGPURenderPipelineDescriptor) == 168 && sizeof(WGPURenderPassColorAttachment) == 72 &&
               sizeof(WGPURenderPassDepthStencilAttachment) == 48 && sizeof(WGPURenderPassDescriptor) == 64));

class CApiTest : public WebGpuTest {
 protected:
  /// What the implementation says about the last mistake.
  std::string takeMessage() {
    const auto texts = messages_.first();
    messages_.clear();
    return texts.empty() ? std::string() : texts.front();
  }
};

TEST_F(CApiTest, LimitsAreThoseOfARealDevice) {
  WGPULimits limits{};
  const auto getLimits = Interceptor::real<WGPUProcDeviceGetLimits>("wgpuDeviceGetLimits");
  ASSERT_EQ(getLimits(context().webGpuDevice(), &limits), WGPUStatus_Success);
  // What WebGPU (section 3.6.2) promises everywhere, and for alignments also that they are powers of two up to 256.
  EXPECT_GE(limits.maxTextureDimension2D, 8192U);
  EXPECT_GE(limits.maxUniformBufferBindingSize, 64 * kKiB);
  EXPECT_GE(limits.maxStorageBufferBindingSize, 128 * kMiB);
  EXPECT_TRUE(std::has_single_bit(limits.minUniformBufferOffsetAlignment));
  EXPECT_TRUE(std::has_single_bit(limits.minStorageBufferOffsetAlignment));
  EXPECT_LE(limits.minUniformBufferOffsetAlignment, 256U);
  EXPECT_LE(limits.minStorageBufferOffsetAlignment, 256U);
  EXPECT_GE(limits.minStorageBufferOffsetAlignment, 32U);
  EXPECT_GE(limits.maxVertexBuffers, 8U);
  EXPECT_LE(limits.maxVertexBuffers, 64U);
  EXPECT_GE(limits.maxBufferSize, 256 * kMiB);
  EXPECT_GE(limits.maxComputeWorkgroupSizeX, 256U);
  EXPECT_GE(limits.maxComputeWorkgroupsPerDimension, 65535U);
}

/// A record between bytes that nobody may write.
template <class Record>
struct Poisoned {
  Poisoned() { std::memset(static_cast<void*>(this), kPoison, sizeof *this); }
  [[nodiscard]] bool filledToItsEnd() const {
    const auto* const bytes = reinterpret_cast<const unsigned char*>(this);
    return bytes[sizeof(Record) - 4] != kPoison &&
           std::all_of(std::begin(behind), std::end(behind), [](unsigned char b) { return b == kPoison; });
  }
  static constexpr unsigned char kPoison = 0xAA;
  Record record;
  unsigned char behind[64];
};

TEST_F(CApiTest, RecordsAreAsLongAsTheImplementationFillsThem) {
  Poisoned<WGPULimits> limits;
  limits.record.nextInChain = nullptr;
  const auto getLimits = Interceptor::real<WGPUProcDeviceGetLimits>("wgpuDeviceGetLimits");
  ASSERT_EQ(getLimits(context().webGpuDevice(), &limits.record), WGPUStatus_Success);
  EXPECT_TRUE(limits.filledToItsEnd());

  Poisoned<WGPUAdapterInfo> info;
  info.record.nextInChain = nullptr;
  ASSERT_EQ(app::webGpu().DeviceGetAdapterInfo(context().webGpuDevice(), &info.record), WGPUStatus_Success);
  EXPECT_TRUE(info.filledToItsEnd());
  app::webGpu().AdapterInfoFreeMembers(info.record);
}

TEST_F(CApiTest, ErrorsReachTheScopeOfTheirFilter) {
  struct Caught {
    WGPUPopErrorScopeStatus status{};
    WGPUErrorType type{};
  };
  const auto inject = Interceptor::real<WGPUProcDeviceInjectError>("wgpuDeviceInjectError");
  const auto push = Interceptor::real<WGPUProcDevicePushErrorScope>("wgpuDevicePushErrorScope");
  const auto pop = Interceptor::real<WGPUProcDevicePopErrorScope>("wgpuDevicePopErrorScope");
  const WGPUDevice device = context().webGpuDevice();
  for (const auto& [filter, type] : {std::pair{WGPUErrorFilter_Validation, WGPUErrorType_Validation},
                                     std::pair{WGPUErrorFilter_OutOfMemory, WGPUErrorType_OutOfMemory}}) {
    push(device, filter);
    inject(device, type, app::webGpuText("planted"));
    Caught caught;
    const auto remember = [](WGPUPopErrorScopeStatus status, WGPUErrorType caughtType, WGPUStringView, void* into,
                             void*) {
      *static_cast<Caught*>(into) = {status, caughtType};
    };
    context().waitFor(pop(device, {nullptr, WGPUCallbackMode_WaitAnyOnly, remember, &caught, nullptr}));
    EXPECT_EQ(caught.status, WGPUPopErrorScopeStatus_Success);
    EXPECT_EQ(caught.type, type);
  }
}

TEST_F(CApiTest, BufferUsagesHaveTheirNames) {
  // A buffer that is mapped for reading may only be a destination of copies: the refusal names the others.
  for (const auto& [usage, name] :
       {std::pair{WGPUBufferUsage_CopySrc, "CopySrc"}, std::pair{WGPUBufferUsage_Index, "Index"},
        std::pair{WGPUBufferUsage_Vertex, "Vertex"}, std::pair{WGPUBufferUsage_Uniform, "Uniform"},
        std::pair{WGPUBufferUsage_Storage, "Storage"}, std::pair{WGPUBufferUsage_Indirect, "Indirect"}}) {
    const app::UniqueBuffer refused = context().makeBuffer(WGPUBufferUsage_MapRead | usage, 256);
    const std::string message = takeMessage();
    EXPECT_NE(message.find("MapRead"), std::string::npos) << message;
    EXPECT_NE(message.find(name), std::string::npos) << message;
  }
  const app::UniqueBuffer allowed = context().makeBuffer(WGPUBufferUsage_MapRead | WGPUBufferUsage_CopyDst, 256);
}

TEST_F(CApiTest, TextureFormatsHaveTheirNames) {
  // Colours cannot be seen as depths: the refusal names both.
  constexpr WGPUTextureFormat kView = WGPUTextureFormat_Depth32Float;
  WGPUTextureDescriptor descriptor{};
  descriptor.usage = WGPUTextureUsage_RenderAttachment | WGPUTextureUsage_CopySrc;
  descriptor.dimension = WGPUTextureDimension_2D;
  descriptor.size = {16, 16, 1};
  descriptor.format = WGPUTextureFormat_RGBA8UnormSrgb;
  descriptor.mipLevelCount = 1;
  descriptor.sampleCount = 1;
  descriptor.viewFormatCount = 1;
  descriptor.viewFormats = &kView;
  const app::UniqueTexture refused(app::webGpu().DeviceCreateTexture(context().webGpuDevice(), &descriptor));
  const std::string message = takeMessage();
  EXPECT_NE(message.find("Depth32Float"), std::string::npos) << message;
  EXPECT_NE(message.find("RGBA8UnormSrgb"), std::string::npos) << message;
}

}  // namespace
}  // namespace flux::test
