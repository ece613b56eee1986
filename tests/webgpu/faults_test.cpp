// Every WebGPU call that can fail does, one after the other: the device keeps its state, and the same call succeeds
// afterwards (G8).

#include "webgpu/test_gpu.hpp"

#include <algorithm>
#include <array>
#include <functional>

namespace flux::test {
namespace {

constexpr ByteCount kBytes = 4096;
constexpr StagingIndex kBack{1};

/// What a program does with a device, as steps that can be repeated when they fail.
class Program {
 public:
  Program(const app::WebGpuContext& context, WebGpuDevice& device) : context_(context), device_(device) {
    steps_ = {
        [this] { return createChunk(0); },
        [this] { return createChunk(1); },
        [this] { return openPage(); },
        [this] { return submit(fromPage(StagingIndex{0}, 0, ChunkIndex{0}, 0, kBytes)); },
        [this] { return submit(fromChunk(ChunkIndex{0}, 0, ChunkIndex{1}, 0, kBytes)); },
        [this] {
          return submit(fromChunk(ChunkIndex{0}, 0, ChunkIndex{0}, kBytes, kBytes));
        },  // By way of the bounce buffer.
        [this] { return openReadback(); },
        [this] { return submit(toPage(ChunkIndex{1}, 0, kBack, 0, kBytes)); },
        [this] { return device_.wait(kCopyQueue, submitted_, std::chrono::seconds{60}); },
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
    EXPECT_EQ(submitted_, 4U);
    EXPECT_TRUE(std::ranges::equal(back_, pattern_));
    EXPECT_EQ(readBuffer(context_, chunks_[0], 0, kBytes), pattern_);
    EXPECT_EQ(readBuffer(context_, chunks_[0], kBytes, kBytes), pattern_);
    EXPECT_EQ(readBuffer(context_, chunks_[1], 0, kBytes), pattern_);
  }

 private:
  Result<void> createChunk(std::uint32_t index) {
    const auto made = device_.createChunk(ChunkIndex{index}, 2 * kBytes);
    if (!made) return Unexpected(made.error());
    chunks_[index] = webGpuBuffer(made->buffer);
    return {};
  }
  Result<void> openPage() {
    const auto page = device_.openStaging(StagingIndex{0}, kBytes);
    if (!page) return Unexpected(page.error());
    std::copy(pattern_.begin(), pattern_.end(), page->begin());
    return device_.sealStaging(StagingIndex{0}, kBytes);
  }
  Result<void> openReadback() {
    const auto page = device_.openStaging(kBack, kBytes, StagingUse::Readback);
    if (!page) return Unexpected(page.error());
    back_ = *page;
    return {};
  }
  Result<void> submit(const CopyPiece& piece) {
    const auto value = device_.submit(std::span(&piece, 1));
    if (!value) return Unexpected(value.error());
    EXPECT_EQ(*value, submitted_ + 1);
    submitted_ = *value;
    return {};
  }

  const app::WebGpuContext& context_;
  WebGpuDevice& device_;
  std::vector<std::function<Result<void>()>> steps_;
  std::array<WGPUBuffer, 2> chunks_{};
  std::span<std::byte> back_;
  std::vector<std::byte> pattern_ = patternBytes(kBytes, 1);
  TimelineValue submitted_ = 0;
};

struct Fault {
  WGPUErrorType type;
  ErrorCode code;
};

class FaultsTest : public WebGpuTest, public testing::WithParamInterface<Fault> {};

TEST_P(FaultsTest, EveryCallMayFailOnce) {
  WebGpuDeviceDesc desc = context().adoption();
  desc.getFunction = &Interceptor::find;
  std::uint64_t k = 1;
  for (;; ++k) {
    Interceptor interceptor;
    const auto device = WebGpuDevice::create(desc);
    ASSERT_TRUE(device);
    Program program(context(), **device);
    interceptor.failCall(k, context().webGpuDevice(), GetParam().type);
    const std::vector<Error> errors = program.run();
    interceptor.failNothing();
    program.expectContents();
    if (HasFailure() || interceptor.failedCall().empty()) break;
    ASSERT_EQ(errors.size(), 1U) << interceptor.failedCall();
    EXPECT_EQ(errors[0].code, GetParam().code) << interceptor.failedCall();
    EXPECT_EQ(errors[0].nativeCode, GetParam().type);
    EXPECT_GE(messages_.count(), 1U) << "the words of the error are told";
    messages_.clear();
  }
  EXPECT_GT(k, 10U);
}

INSTANTIATE_TEST_SUITE_P(With, FaultsTest,
                         testing::Values(Fault{WGPUErrorType_OutOfMemory, ErrorCode::OutOfDeviceMemory},
                                         Fault{WGPUErrorType_Validation, ErrorCode::DriverError}));

}  // namespace
}  // namespace flux::test
