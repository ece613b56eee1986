// Every OpenGL call that can fail does, one after the other: the device keeps its state, and the same call succeeds
// afterwards (G8).

#include "opengl/test_gpu.hpp"

#include <array>
#include <functional>

namespace flux::test {
namespace {

constexpr ByteCount kBytes = 4096;

/// What a program does with a device, as steps that can be repeated when they fail.
class Program {
 public:
  explicit Program(OpenGlDevice& device) : device_(device) {
    steps_ = {
        [this] { return createChunk(0); },
        [this] { return createChunk(1); },
        [this] { return openPage(); },
        [this] { return submit(fromPage(kPage, 0, ChunkIndex{0}, 0, kBytes)); },
        [this] { return submit(fromChunk(ChunkIndex{0}, 0, ChunkIndex{1}, 0, kBytes)); },
        [this] { return submit(fromChunk(ChunkIndex{0}, 0, ChunkIndex{0}, kBytes, kBytes)); },
        [this] { return device_.wait(kCopyQueue, submitted_, std::chrono::seconds{60}); },
        [this] { return mark(); },
        [this] { return device_.wait(OpenGlDevice::kApplicationQueue, 1, std::chrono::seconds{60}); },
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
      EXPECT_TRUE(succeeds(result));
      if (!result) break;
    }
    return errors;
  }

  /// Runs all steps, whatever becomes of them. Returns the errors.
  std::vector<Error> runToTheEnd() {
    std::vector<Error> errors;
    for (const auto& step : steps_) {
      // A step that needs what an earlier one could not make is none that a program would do.
      if (!errors.empty() && chunks_[1] == 0) break;
      if (const auto result = step(); !result) errors.push_back(result.error());
    }
    return errors;
  }

  void expectContents() {
    EXPECT_EQ(submitted_, 3U);
    EXPECT_TRUE(readBuffer(chunks_[0], 0, kBytes) == pattern_);
    EXPECT_TRUE(readBuffer(chunks_[0], kBytes, kBytes) == pattern_);
    EXPECT_TRUE(readBuffer(chunks_[1], 0, kBytes) == pattern_);
  }

 private:
  static constexpr StagingIndex kPage{0};

  Result<void> createChunk(std::uint32_t index) {
    const auto made = device_.createChunk(ChunkIndex{index}, 2 * kBytes);
    if (!made) return Unexpected(made.error());
    chunks_[index] = made->buffer;
    device_.setName(ChunkIndex{index}, "a name that may fail");
    return {};
  }
  Result<void> openPage() {
    const auto page = device_.openStaging(kPage, kBytes);
    if (!page) return Unexpected(page.error());
    std::ranges::copy(pattern_, page->begin());
    return device_.sealStaging(kPage, kBytes);
  }
  Result<void> submit(const CopyPiece& piece) {
    const auto value = device_.submit(std::span(&piece, 1));
    if (!value) return Unexpected(value.error());
    EXPECT_EQ(*value, submitted_ + 1);
    submitted_ = *value;
    return {};
  }
  Result<void> mark() {
    const auto value = device_.markSubmitted();
    if (!value) return Unexpected(value.error());
    EXPECT_EQ(*value, 1U);
    return {};
  }

  OpenGlDevice& device_;
  std::vector<std::function<Result<void>()>> steps_;
  std::array<NativeHandle, 2> chunks_{};
  std::vector<std::byte> pattern_ = patternBytes(kBytes, 1);
  TimelineValue submitted_ = 0;
};

struct Fault {
  GLenum raised;
  ErrorCode code;
};

class FaultsTest : public OpenGlTest, public testing::WithParamInterface<Fault> {
 protected:
  /// The device goes, and with it all that it has made.
  void expectNothingLeft() {
    device_.reset();
    EXPECT_EQ(interceptor_.calls("glDeleteBuffers"), interceptor_.calls("glCreateBuffers"));
    EXPECT_EQ(interceptor_.calls("glDeleteSync"), interceptor_.calls("glFenceSync"));
  }
};

TEST_P(FaultsTest, EveryCallMayFailOnce) {
  std::uint64_t k = 1;
  for (;; ++k) {
    device_.reset();
    interceptor_.failNothing();
    auto made = adopt();
    ASSERT_TRUE(succeeds(made));
    device_ = std::move(*made);
    Program program(device());
    interceptor_.failCall(k, GetParam().raised);
    const std::vector<Error> errors = program.run();
    const std::string failed = interceptor_.takeFailedCall();
    program.expectContents();
    expectNothingLeft();
    if (HasFailure() || failed.empty()) break;
    // Names and nothing else may fail without a word.
    if (failed == "glObjectLabel") {
      EXPECT_TRUE(errors.empty());
      continue;
    }
    ASSERT_EQ(errors.size(), 1U) << failed;
    EXPECT_EQ(errors[0].code, GetParam().code) << failed;
    EXPECT_EQ(errors[0].nativeCode, static_cast<std::int32_t>(GetParam().raised)) << failed;
  }
  EXPECT_GT(k, 18U);
}

INSTANTIATE_TEST_SUITE_P(With, FaultsTest,
                         testing::Values(Fault{GL_OUT_OF_MEMORY, ErrorCode::OutOfDeviceMemory},
                                         Fault{GL_INVALID_OPERATION, ErrorCode::DriverError}));

using LostContextTest = OpenGlTest;

TEST_F(LostContextTest, EveryCallMayBeTheFirstToSeeIt) {
  std::uint64_t k = 1;
  for (;; ++k) {
    device_.reset();
    interceptor_.failNothing();
    auto made = adopt();
    ASSERT_TRUE(succeeds(made));
    device_ = std::move(*made);
    Program program(device());
    interceptor_.loseContext(k);
    const std::vector<Error> errors = program.runToTheEnd();
    if (interceptor_.takeFailedCall().empty()) break;
    ASSERT_FALSE(errors.empty());
    for (const Error& error : errors) EXPECT_EQ(error.code, ErrorCode::DeviceLost) << describe(error);
    if (HasFailure()) break;
  }
  EXPECT_GT(k, 18U);
}

}  // namespace
}  // namespace flux::test
