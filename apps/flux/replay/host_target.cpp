#include "direct_writes.hpp"
#include "failure.hpp"
#include "replay/target.hpp"

#include <flux/assert.hpp>
#include <flux/decorators.hpp>
#include <flux/host.hpp>

#include <array>

namespace flux::app {
namespace {

class HostTarget final : public ReplayTarget {
 public:
  explicit HostTarget(const ReplayTargetDesc& desc) {
    HostDeviceDesc host;
    host.completion = HostDeviceDesc::Completion::Manual;
    host.maxAllocations = kMaxChunks;
    host.directWriteBytes = desc.directWriteBytes ? *desc.directWriteBytes : wantedDirectWrites().value_or(0);
    host_ = HostDevice::create(host);
    if (desc.validate) checked_ = makeCheckedDevice(*host_);
  }

  Device& device() override { return checked_ != nullptr ? *checked_ : *host_; }

  TimelineValue submit(std::span<const Place> reads, std::span<const QueueValue> waits) override {
    FLUX_ASSERT(submitted_ - finished_ < kFramesInFlight, "frames in flight are bounded");
    host_->complete(kCopyQueue, host_->submittedValue(kCopyQueue));
    // The hashes are written where they lie, when the reads happen.
    std::vector<std::uint64_t>& hashes = hashes_[submitted_ % kFramesInFlight];
    hashes.resize(reads.size());
    reads_.clear();
    for (std::size_t i = 0; i < reads.size(); ++i) {
      reads_.push_back({reads[i].chunk, reads[i].offset, reads[i].bytes, &hashes[i]});
    }
    const TimelineValue value = host_->submitReads(kDrawQueue, reads_, waits);
    ++submitted_;
    return value;
  }

  std::span<const std::uint64_t> finishOldest() override {
    FLUX_ASSERT(finished_ < submitted_, "there is a frame to finish");
    host_->complete(kDrawQueue, finished_ + 1);  // values count up from 1
    return hashes_[finished_++ % kFramesInFlight];
  }

  Messages messages() const override {
    const std::uint64_t early = host_->earlyReclaims();
    if (early == 0) return {};
    return {early, {std::to_string(early) + " ranges were reclaimed while queued work used them"}};
  }

 private:
  std::unique_ptr<HostDevice> host_;
  std::unique_ptr<Device> checked_;
  std::vector<HostRead> reads_;
  std::array<std::vector<std::uint64_t>, kFramesInFlight> hashes_;
  std::uint64_t submitted_ = 0;
  std::uint64_t finished_ = 0;
};

}  // namespace

std::unique_ptr<ReplayTarget> makeHostTarget(const ReplayTargetDesc& desc) {
  return std::make_unique<HostTarget>(desc);
}

}  // namespace flux::app
