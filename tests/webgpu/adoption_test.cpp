// What the device does with what it adopts.

#include "webgpu/test_gpu.hpp"

#include <array>
#include <vector>

namespace flux::test {
namespace {

// What the replacements below saw; reset by the fixture.
struct Seen {
  std::string label;
  WGPUBufferUsage usage = 0;
  std::uint64_t writes = 0;
};
Seen seen;

void rememberLabel(WGPUBuffer, WGPUStringView label) {
  seen.label = app::webGpuText(label);
}
WGPUBuffer rememberUsage(WGPUDevice device, const WGPUBufferDescriptor* descriptor) {
  seen.usage = descriptor->usage;
  return Interceptor::real<WGPUProcDeviceCreateBuffer>("wgpuDeviceCreateBuffer")(device, descriptor);
}
void countWrites(WGPUQueue queue, WGPUBuffer buffer, std::uint64_t offset, const void* data, std::size_t size) {
  ++seen.writes;
  Interceptor::real<WGPUProcQueueWriteBuffer>("wgpuQueueWriteBuffer")(queue, buffer, offset, data, size);
}
WGPUBuffer noBuffer(WGPUDevice, const WGPUBufferDescriptor*) {
  return nullptr;
}
WGPUStatus noLimits(WGPUDevice, WGPULimits*) {
  return WGPUStatus_Error;
}
WGPUStatus noInfo(WGPUDevice, WGPUAdapterInfo*) {
  return WGPUStatus_Error;
}
WGPUStatus nullBackend(WGPUDevice device, WGPUAdapterInfo* info) {
  const auto status = Interceptor::real<WGPUProcDeviceGetAdapterInfo>("wgpuDeviceGetAdapterInfo")(device, info);
  info->backendType = WGPUBackendType_Null;
  return status;
}
WGPUStatus threeHeaps(WGPUDevice, WGPUAdapterInfo* info) {
  static constexpr WGPUMemoryHeapInfo kHeaps[]{{WGPUHeapProperty_HostVisible, 900 * kMiB},
                                               {WGPUHeapProperty_DeviceLocal, 300 * kMiB},
                                               {WGPUHeapProperty_DeviceLocal, 100 * kMiB}};
  auto& heaps = *reinterpret_cast<WGPUAdapterPropertiesMemoryHeaps*>(info->nextInChain);
  heaps.heapCount = 3;
  heaps.heapInfo = kHeaps;
  return WGPUStatus_Success;
}
void keepHeaps(WGPUAdapterPropertiesMemoryHeaps) {}
WGPUBool anyFeature(WGPUDevice, WGPUFeatureName) {
  return 1;
}
WGPUBool noFeature(WGPUDevice, WGPUFeatureName) {
  return 0;
}
WGPUWaitStatus neverDone(WGPUInstance, std::size_t, WGPUFutureWaitInfo*, std::uint64_t) {
  return WGPUWaitStatus_TimedOut;
}
WGPUFuture failedWork(WGPUQueue queue, WGPUQueueWorkDoneCallbackInfo info) {
  static WGPUQueueWorkDoneCallbackInfo wanted;
  wanted = info;
  info.callback = [](WGPUQueueWorkDoneStatus, void*, void*) {
    wanted.callback(WGPUQueueWorkDoneStatus_Error, wanted.userdata1, wanted.userdata2);
  };
  return Interceptor::real<WGPUProcQueueOnSubmittedWorkDone>("wgpuQueueOnSubmittedWorkDone")(queue, info);
}
WGPUFuture extraPop(WGPUDevice device, WGPUPopErrorScopeCallbackInfo info) {
  // As if somebody else had taken Flux's scopes off the stack.
  const auto pop = Interceptor::real<WGPUProcDevicePopErrorScope>("wgpuDevicePopErrorScope");
  static int calls = 0;
  if (calls++ == 0) {
    for (int i = 0; i < 3; ++i) {
      pop(device, {nullptr, WGPUCallbackMode_AllowSpontaneous,
                   [](WGPUPopErrorScopeStatus, WGPUErrorType, WGPUStringView, void*, void*) {}, nullptr, nullptr});
    }
  }
  return pop(device, info);
}

class AdoptionTest : public WebGpuTest {
 protected:
  AdoptionTest() : desc_(context().adoption()) {
    seen = {};
    desc_.getFunction = &Interceptor::find;
  }

  std::unique_ptr<WebGpuDevice> adopt() {
    auto made = WebGpuDevice::create(desc_);
    EXPECT_TRUE(made) << describe(made.error());
    return made ? std::move(*made) : nullptr;
  }

  void expectRefused(ErrorCode code, std::string_view name) {
    const auto made = WebGpuDevice::create(desc_);
    ASSERT_FALSE(made) << name;
    EXPECT_EQ(made.error().code, code) << name;
    EXPECT_NE(made.error().resourceName().find(name), std::string_view::npos) << made.error().resourceName();
  }

  Interceptor interceptor_;
  WebGpuDeviceDesc desc_;
};

TEST_F(AdoptionTest, EveryMissingFieldIsNamed) {
  const WebGpuDeviceDesc whole = desc_;
  const auto without = [&](auto WebGpuDeviceDesc::*field, std::string_view name) {
    desc_ = whole;
    desc_.*field = {};
    expectRefused(ErrorCode::InvalidArgument, name);
  };
  without(&WebGpuDeviceDesc::getFunction, "getFunction");
  without(&WebGpuDeviceDesc::instance, "instance");
  without(&WebGpuDeviceDesc::device, "device");
  without(&WebGpuDeviceDesc::queue, "queue");
}

TEST_F(AdoptionTest, AMissingFunctionIsNamed) {
  interceptor_.replace("wgpuQueueWriteBuffer", WGPUProcQueueWriteBuffer{nullptr});
  expectRefused(ErrorCode::Unsupported, "wgpuQueueWriteBuffer");
}

TEST_F(AdoptionTest, TheNullBackEndIsRefused) {
  interceptor_.replace("wgpuDeviceGetAdapterInfo", &nullBackend);
  expectRefused(ErrorCode::Unsupported, "Null");
}

TEST_F(AdoptionTest, QuestionsThatAreNotAnsweredAreNamed) {
  interceptor_.replace("wgpuDeviceGetLimits", &noLimits);
  expectRefused(ErrorCode::DriverError, "wgpuDeviceGetLimits");
  interceptor_.replace("wgpuDeviceGetLimits", Interceptor::real<WGPUProcDeviceGetLimits>("wgpuDeviceGetLimits"));
  interceptor_.replace("wgpuDeviceGetAdapterInfo", &noInfo);
  expectRefused(ErrorCode::DriverError, "wgpuDeviceGetAdapterInfo");
}

TEST_F(AdoptionTest, AnImplementationThatAnswersScopesLaterIsRefused) {
  interceptor_.replace("wgpuInstanceWaitAny", &neverDone);
  expectRefused(ErrorCode::Unsupported, "error scopes");
}

TEST_F(AdoptionTest, ScopesThatSomebodyElsePoppedAreNoticed) {
  interceptor_.replace("wgpuDevicePopErrorScope", &extraPop);
  expectRefused(ErrorCode::DriverError, "wgpuDevicePopErrorScope");
}

TEST_F(AdoptionTest, TheBudgetIsAShareOfTheDevicesHeap) {
  interceptor_.replace("wgpuDeviceHasFeature", &anyFeature);
  interceptor_.replace("wgpuDeviceGetAdapterInfo", &threeHeaps);
  interceptor_.replace("wgpuAdapterPropertiesMemoryHeapsFreeMembers", &keepHeaps);
  const MemoryBudget budget = adopt()->budget();
  EXPECT_EQ(budget.budgetBytes, 240 * kMiB);
  EXPECT_EQ(budget.usedBytes, 0U);
  EXPECT_FALSE(budget.fromSystem);
}

TEST_F(AdoptionTest, WithoutHeapsTheBudgetIsEstimatedFromTheLargestBuffer) {
  interceptor_.replace("wgpuDeviceHasFeature", &noFeature);
  EXPECT_EQ(adopt()->budget().budgetBytes, 4 * std::min(device().caps().maxChunkBytes, kGiB));
}

TEST_F(AdoptionTest, ChunksHaveEveryUsageAndGetNames) {
  interceptor_.replace("wgpuBufferSetLabel", &rememberLabel);
  interceptor_.replace("wgpuDeviceCreateBuffer", &rememberUsage);
  const auto device = adopt();
  ASSERT_TRUE(device->createChunk(ChunkIndex{3}, 4096));
  EXPECT_EQ(seen.usage, WGPUBufferUsage_CopySrc | WGPUBufferUsage_CopyDst | WGPUBufferUsage_Index |
                            WGPUBufferUsage_Vertex | WGPUBufferUsage_Uniform | WGPUBufferUsage_Storage |
                            WGPUBufferUsage_Indirect);
  device->setName(ChunkIndex{3}, "terrain");
  EXPECT_EQ(seen.label, "terrain");
}

TEST_F(AdoptionTest, PiecesThatContinueEachOtherAreOneWrite) {
  interceptor_.replace("wgpuQueueWriteBuffer", &countWrites);
  const auto device = adopt();
  ASSERT_TRUE(device->createChunk(ChunkIndex{0}, 4096));
  openPage(*device, StagingIndex{0}, patternBytes(4096, 1));
  std::vector<CopyPiece> batch;
  for (ByteOffset place = 4096; place != 0; place -= 256)
    batch.push_back(fromPage(StagingIndex{0}, place - 256, ChunkIndex{0}, place - 256, 256));
  ASSERT_TRUE(device->submit(batch));
  EXPECT_EQ(seen.writes, 1U);
  ASSERT_TRUE(device->submit(std::array{fromPage(StagingIndex{0}, 0, ChunkIndex{0}, 0, 256),
                                        fromPage(StagingIndex{0}, 256, ChunkIndex{0}, 512, 256)}));
  EXPECT_EQ(seen.writes, 3U);
}

TEST_F(AdoptionTest, ABufferThatNeverComesIsNoMemory) {
  interceptor_.replace("wgpuDeviceCreateBuffer", &noBuffer);
  const auto device = adopt();
  const auto made = device->createChunk(ChunkIndex{0}, 4096);
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code, ErrorCode::OutOfDeviceMemory);
  EXPECT_EQ(device->budget().usedBytes, 0U);
}

TEST_F(AdoptionTest, WorkThatDidNotEndWellDoesNotCount) {
  interceptor_.replace("wgpuQueueOnSubmittedWorkDone", &failedWork);
  const auto device = adopt();
  const auto value = device->submit({});
  ASSERT_TRUE(value);
  const auto waited = device->wait(kCopyQueue, *value, std::chrono::seconds{60});
  ASSERT_FALSE(waited);
  EXPECT_EQ(waited.error().code, ErrorCode::DriverError);
  EXPECT_EQ(waited.error().nativeCode, WGPUQueueWorkDoneStatus_Error);
  EXPECT_EQ(waited.error().resourceName(), "wgpuQueueOnSubmittedWorkDone");
  EXPECT_LT(device->completed(kCopyQueue), *value);
}

}  // namespace
}  // namespace flux::test
