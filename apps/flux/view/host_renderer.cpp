// A renderer that draws nothing: its frames read the bytes of their draws on a simulated queue.

#include "direct_writes.hpp"
#include "view/renderer.hpp"

#include <flux/decorators.hpp>
#include <flux/host.hpp>

#include <chrono>
#include <deque>
#include <thread>

namespace flux::app {
namespace {

constexpr QueueId kDrawQueue{1};
constexpr std::chrono::microseconds kPollInterval{50};
constexpr std::chrono::seconds kReadPatience{60};

class HostRenderer final : public Renderer {
 public:
  explicit HostRenderer(const RendererDesc& desc) : desc_(desc), lists_(desc.parts) {
    HostDeviceDesc host;
    // As on a GPU, no step copies. With threads the queues have one of their own; with one thread frames drive them, so
    // that all happens as it did before.
    host.completion = desc.singleQueue ? HostDeviceDesc::Completion::Manual : HostDeviceDesc::Completion::Worker;
    host.directWriteBytes = wantedDirectWrites().value_or(0);
    host_ = HostDevice::create(host);
    if (desc.validate) checked_ = makeCheckedDevice(*host_);
  }

  Device& device() override { return checked_ != nullptr ? *checked_ : *host_; }

  std::vector<FinishedFrame> beginFrame(std::uint64_t number, const CameraView& camera) override {
    (void)camera;
    number_ = number;
    return finishUntil(kFramesInFlight - 1);
  }

  void record(std::uint32_t part, std::span<const DrawCommand> draws) override {
    lists_[part].insert(lists_[part].end(), draws.begin(), draws.end());
  }

  void submitFrame(Frame& frame) override {
    Pending& pending = pending_.emplace_back();
    pending.result.frame = number_;
    std::size_t count = 0;
    for (const auto& list : lists_) count += list.size();
    std::vector<HostRead> reads;
    reads.reserve(count * kObjectParts);
    // The hashes are written where they lie, when the reads happen: this vector must not grow any more.
    pending.result.draws.reserve(count);
    for (auto& list : lists_) {
      for (const DrawCommand& draw : list) {
        VerifiedDraw& seen = pending.result.draws.emplace_back();
        seen.object = draw.object;
        seen.version = draw.version;
        for (std::size_t part = 0; part < kObjectParts; ++part) {
          const Place& place = draw.parts[part];
          reads.push_back({place.chunk, place.offset, place.bytes, desc_.verify ? &seen.hashes[part] : nullptr});
        }
      }
      list.clear();
    }
    if (desc_.singleQueue) {  // copies are done by the next step, draws are a frame behind
      host_->complete(kCopyQueue, host_->submittedValue(kCopyQueue));
      host_->complete(kDrawQueue, host_->submittedValue(kDrawQueue));
    }
    pending.value = host_->submitReads(kDrawQueue, reads, frame.waits());
    frame.submitted(kDrawQueue, pending.value);
  }

  std::vector<FinishedFrame> finish() override { return finishUntil(0); }

  std::span<const std::byte> lastPicture() override { return {}; }

  ValidationReport validation() const override {
    const std::uint64_t early = host_->earlyReclaims();
    if (early == 0) return {};
    return {early, {std::to_string(early) + " ranges were reclaimed while queued work used them"}};
  }

  void chunkCreated(ChunkIndex index, const ChunkInfo& info) override {
    (void)index;
    (void)info;
  }
  void chunkReleased(ChunkIndex index) override { (void)index; }

 private:
  struct Pending {
    TimelineValue value = 0;
    FinishedFrame result;
  };

  std::vector<FinishedFrame> finishUntil(std::size_t unfinished) {
    std::vector<FinishedFrame> finished;
    while (!pending_.empty()) {
      Pending& oldest = pending_.front();
      if (host_->completed(kDrawQueue) < oldest.value) {
        if (pending_.size() <= unfinished) break;
        waitFor(oldest.value);
      }
      if (!desc_.verify) oldest.result.draws.clear();
      finished.push_back(std::move(oldest.result));
      pending_.pop_front();
    }
    return finished;
  }

  /// What has completed is seen when the device's owner polls it: the geometry thread, or, with one thread, this one.
  void waitFor(TimelineValue value) {
    if (desc_.singleQueue) host_->complete(kDrawQueue, value);
    const auto deadline = std::chrono::steady_clock::now() + kReadPatience;
    while (host_->completed(kDrawQueue) < value) {
      if (std::chrono::steady_clock::now() > deadline) throw Failure("the host device's queue does not move on");
      if (!desc_.singleQueue) {
        std::this_thread::sleep_for(kPollInterval);
      } else if (const auto polled = device().poll(); !polled) {
        throw Failure(describe(polled.error()));
      }
    }
  }

  const RendererDesc desc_;
  std::unique_ptr<HostDevice> host_;
  std::unique_ptr<Device> checked_;
  std::vector<std::vector<DrawCommand>> lists_;  ///< By part.
  std::deque<Pending> pending_;
  std::uint64_t number_ = 0;
};

}  // namespace

std::unique_ptr<Renderer> makeHostRenderer(const RendererDesc& desc) {
  return std::make_unique<HostRenderer>(desc);
}

}  // namespace flux::app
