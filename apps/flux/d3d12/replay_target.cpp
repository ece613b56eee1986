// Replays on Direct3D 12: a frame is one submission that reads what the frame draws.

#include "d3d12/replay_target.hpp"

#include "d3d12/context.hpp"
#include "d3d12/range_reader.hpp"

#include <flux/assert.hpp>

#include <array>
#include <chrono>

namespace flux::app {
namespace {

class D3D12Target final : public ReplayTarget {
 public:
  Device& device() override { return context_.device(); }

  TimelineValue submit(std::span<const Place> reads, std::span<const QueueValue> waits) override {
    FLUX_ASSERT(context_.submitted() - finished_ < kFramesInFlight, "frames in flight are bounded");
    RangeReader& reader = readers_[context_.submitted() % kFramesInFlight];
    return context_.submit(reader.record(reads), waits);
  }

  std::span<const std::uint64_t> finishOldest() override {
    FLUX_ASSERT(finished_ < context_.submitted(), "there is a frame to finish");
    RangeReader& reader = readers_[finished_ % kFramesInFlight];
    context_.wait(++finished_);
    return reader.hashes();
  }

  Messages messages() const override { return {}; }

  ~D3D12Target() override {
    // On a lost device nothing executes any more.
    (void)context_.device().wait(kDrawQueue, context_.submitted(), std::chrono::nanoseconds::max());
  }

 private:
  D3D12Context context_;
  std::array<RangeReader, kFramesInFlight> readers_{RangeReader(context_.d3d12Device()),
                                                    RangeReader(context_.d3d12Device())};
  TimelineValue finished_ = 0;
};

}  // namespace

std::unique_ptr<ReplayTarget> makeD3D12Target(const ReplayTargetDesc&) {
  return std::make_unique<D3D12Target>();
}

}  // namespace flux::app
