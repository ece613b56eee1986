// Replays on Direct3D 12: a frame is one submission that reads what the frame draws.

#include "d3d12/replay_target.hpp"

#include "d3d12/context.hpp"
#include "d3d12/range_reader.hpp"

#include <flux/assert.hpp>

#include <array>

namespace flux::app {
namespace {

class D3D12Target final : public ReplayTarget {
 public:
  explicit D3D12Target(const ReplayTargetDesc& desc) : context_({.validate = desc.validate}) {}

  Device& device() override { return context_.device(); }

  TimelineValue submit(std::span<const Place> reads, std::span<const QueueValue> waits) override {
    FLUX_ASSERT(context_.submitted() - finished_ < kFramesInFlight, "frames in flight are bounded");
    d3d12::RangeReader& reader = readers_[context_.submitted() % kFramesInFlight];
    ID3D12CommandList* const list = reader.record(reads);
    return context_.submit({&list, 1}, waits);
  }

  std::span<const std::uint64_t> finishOldest() override {
    FLUX_ASSERT(finished_ < context_.submitted(), "there is a frame to finish");
    d3d12::RangeReader& reader = readers_[finished_ % kFramesInFlight];
    context_.wait(++finished_);
    return reader.hashes();
  }

  Messages messages() const override { return {context_.messages().count(), context_.messages().first()}; }

  ~D3D12Target() override { context_.waitIdle(); }

 private:
  D3D12Context context_;
  std::array<d3d12::RangeReader, kFramesInFlight> readers_{d3d12::RangeReader(context_.d3d12Device()),
                                                           d3d12::RangeReader(context_.d3d12Device())};
  TimelineValue finished_ = 0;
};

}  // namespace

std::unique_ptr<ReplayTarget> makeD3D12Target(const ReplayTargetDesc& desc) {
  return std::make_unique<D3D12Target>(desc);
}

}  // namespace flux::app
