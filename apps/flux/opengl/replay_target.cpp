// Replays on OpenGL: a frame is a few dispatches, in which a shader reads what the frame draws.

#include "opengl/replay_target.hpp"

#include "failure.hpp"
#include "opengl/context.hpp"
#include "opengl/hash_pass.hpp"

#include <flux/assert.hpp>

#include <array>
#include <optional>

namespace flux::app {
namespace {

class OpenGlTarget final : public ReplayTarget {
 public:
  explicit OpenGlTarget(const ReplayTargetDesc& desc) : context_({.validate = desc.validate}) {
    if (desc.verify) program_.emplace();
  }

  Device& device() override { return context_.device(); }

  TimelineValue submit(std::span<const Place> reads, std::span<const QueueValue> waits) override {
    FLUX_ASSERT(submitted_ - finished_ < kFramesInFlight, "frames in flight are bounded");
    opengl::HashPass& hashes = slots_[submitted_ % kFramesInFlight];
    hashes.clear();
    for (const QueueValue& wait : waits) {
      if (wait.queue == kCopyQueue) context_.openGlDevice().waitForCopies(wait.value);
    }
    if (program_) {
      hashes.append(reads);
      hashes.issue(*program_);
    }
    const auto marked = context_.openGlDevice().markSubmitted();
    if (!marked) throw Failure("OpenGL: " + describe(marked.error()));
    return submitted_ = *marked;
  }

  std::span<const std::uint64_t> finishOldest() override {
    FLUX_ASSERT(finished_ < submitted_, "there is a frame to finish");
    const opengl::HashPass& hashes = slots_[finished_ % kFramesInFlight];
    const auto waited = device().wait(kDrawQueue, ++finished_, std::chrono::nanoseconds::max());
    if (!waited) throw Failure("OpenGL: " + describe(waited.error()));
    return hashes.hashes();
  }

  Messages messages() const override { return {context_.messages().count(), context_.messages().first()}; }

 private:
  static_assert(kDrawQueue == OpenGlDevice::kApplicationQueue);

  OpenGlContext context_;
  std::optional<opengl::HashProgram> program_;  ///< Where frames are verified.
  std::array<opengl::HashPass, kFramesInFlight> slots_;
  TimelineValue submitted_ = 0;
  TimelineValue finished_ = 0;
};

}  // namespace

std::unique_ptr<ReplayTarget> makeOpenGlTarget(const ReplayTargetDesc& desc) {
  return std::make_unique<OpenGlTarget>(desc);
}

}  // namespace flux::app
