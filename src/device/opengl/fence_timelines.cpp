#include "device/opengl/fence_timelines.hpp"

#include <flux/assert.hpp>

namespace flux::opengl {

FenceTimelines::~FenceTimelines() {
  for (Timeline& timeline : timelines_) {
    for (GLsync fence : timeline.fences) functions_.glDeleteSync(fence);
  }
}

Result<TimelineValue> FenceTimelines::mark(QueueId queue) {
  Timeline& timeline = timelines_[static_cast<std::size_t>(queue)];
  GLsync fence = functions_.glFenceSync(GL_SYNC_GPU_COMMANDS_COMPLETE, 0);
  if (fence == nullptr) return Unexpected(errorFrom(functions_.glGetError(), "glFenceSync"));
  // A fence that stays in the context's buffer is never reached, and other contexts cannot flush it.
  functions_.glFlush();
  const std::scoped_lock lock(timeline.mutex);
  timeline.fences.push_back(fence);
  return timeline.completed.load(std::memory_order_relaxed) + timeline.fences.size();
}

void FenceTimelines::waitOnDevice(QueueId queue, TimelineValue value) {
  Timeline& timeline = timelines_[static_cast<std::size_t>(queue)];
  const std::scoped_lock lock(timeline.mutex);  // Keeps the fence from being deleted.
  const TimelineValue completed = timeline.completed.load(std::memory_order_relaxed);
  if (value <= completed) return;
  const TimelineValue ahead = value - completed;
  const bool submitted = ahead <= timeline.fences.size();
  FLUX_ASSERT(submitted, "what is waited for has been submitted");
  if (submitted) functions_.glWaitSync(timeline.fences[static_cast<std::size_t>(ahead - 1)], 0, GL_TIMEOUT_IGNORED);
}

Result<std::size_t> FenceTimelines::countReached(Timeline& timeline) {
  for (std::size_t reached = 0;; ++reached) {
    GLsync fence = nullptr;
    {
      const std::scoped_lock lock(timeline.mutex);
      if (reached == timeline.fences.size()) return reached;
      fence = timeline.fences[reached];
    }
    const GLenum status = functions_.glClientWaitSync(fence, 0, 0);
    if (status == GL_WAIT_FAILED) return errors_.failed("glClientWaitSync");
    if (status == GL_TIMEOUT_EXPIRED) return reached;
  }
}

void FenceTimelines::retire(Timeline& timeline, std::size_t count) {
  const std::scoped_lock lock(timeline.mutex);
  for (std::size_t i = 0; i < count; ++i) {
    functions_.glDeleteSync(timeline.fences.front());
    timeline.fences.pop_front();
  }
  // Only this thread writes, so a load and a store suffice.
  timeline.completed.store(timeline.completed.load(std::memory_order_relaxed) + count, std::memory_order_release);
}

Result<void> FenceTimelines::poll() {
  std::array<std::size_t, kTimelines> reached{};
  for (std::size_t i = 0; i < kTimelines; ++i) {
    const auto count = countReached(timelines_[i]);
    if (!count) return Unexpected(count.error());
    reached[i] = *count;
  }
  // All fences of a lost context look as if they had been reached: so it is asked after them.
  if (auto alive = errors_.checkLost(); !alive) return alive;
  for (std::size_t i = 0; i < kTimelines; ++i) retire(timelines_[i], reached[i]);
  return {};
}

TimelineValue FenceTimelines::completed(QueueId queue) const noexcept {
  const auto index = static_cast<std::uint32_t>(queue);
  return index < kTimelines ? timelines_[index].completed.load(std::memory_order_acquire) : 0;
}

}  // namespace flux::opengl
