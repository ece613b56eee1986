#include "replay/policy_replayer.hpp"

#include "failure.hpp"

#include <algorithm>
#include <array>

namespace flux::app {
namespace {

std::unique_ptr<Strategy> makePolicy(std::string_view policy, Device& device, const StrategyOptions& options) {
  Result<std::unique_ptr<Strategy>> strategy = makeStrategy(policy, device, options);
  if (!strategy) throw Failure("making the policy " + std::string(policy) + " failed: " + describe(strategy.error()));
  return std::move(*strategy);
}

}  // namespace

PolicyReplayer::PolicyReplayer(ReplayTarget& target, std::string_view policy, const StrategyOptions& options)
    : target_(target), device_(target.device()), strategy_(makePolicy(policy, device_, options)), meter_(device_) {
  figures_.policy = policy;
}

void PolicyReplayer::apply(const TraceEvent& event) {
  if (event.kind == TraceEvent::Kind::FrameEnd) {
    endFrame();
    return;
  }
  if (event.slot >= objects_.size()) objects_.resize(event.slot + 1);
  Object& object = objects_[event.slot];
  switch (event.kind) {
    case TraceEvent::Kind::Add:
      object.part = event.part;
      allocate(object, event.bytes);
      break;
    case TraceEvent::Kind::Resize:
      free(object);
      allocate(object, event.bytes);
      break;
    case TraceEvent::Kind::Remove:
      free(object);
      break;
    default:  // contents and uses change no place
      return;
  }
  const StrategyStats stats = strategy_->stats();
  figures_.peakLiveBytes = std::max(figures_.peakLiveBytes, stats.liveBytes);
  figures_.peakReservedBytes = std::max(figures_.peakReservedBytes, stats.reservedBytes);
  figures_.peakChunks = std::max(figures_.peakChunks, stats.buffers);
}

void PolicyReplayer::allocate(Object& object, ByteCount bytes) {
  const std::uint32_t alignment = device_.caps().partAlignmentBytes[static_cast<std::size_t>(object.part)];
  const Result<Allocation> made = meter_.measure(times_, [&] { return strategy_->allocate(bytes, alignment); });
  object.allocation.reset();
  if (made) {
    object.allocation = made->id;
  } else {
    ++figures_.failures;
  }
}

void PolicyReplayer::free(Object& object) {
  if (!object.allocation) return;
  const Result<void> freed = meter_.measure(times_, [&] { return strategy_->free(*object.allocation); });
  if (!freed) throw Failure("a free by the policy " + figures_.policy + " failed: " + describe(freed.error()));
  object.allocation.reset();
}

void PolicyReplayer::endFrame() {
  if (pending_ == ReplayTarget::kFramesInFlight) {
    (void)target_.finishOldest();
    --pending_;
  }
  const QueueValue copies{kCopyQueue, strategy_->lastCopy()};
  const std::size_t waits = copies.value != 0 ? 1 : 0;
  const QueueValue submitted{ReplayTarget::kDrawQueue, target_.submit({}, std::span(&copies, waits))};
  ++pending_;
  const Result<void> step = strategy_->step({&submitted, 1});
  if (!step) throw Failure("a step of the policy " + figures_.policy + " failed: " + describe(step.error()));
  ++frames_;
  const StrategyStats stats = strategy_->stats();
  liveSum_ += static_cast<double>(stats.liveBytes);
  reservedSum_ += static_cast<double>(stats.reservedBytes);
  const ByteCount used = stats.liveBytes + stats.paddingBytes + stats.waitingBytes;
  freeSum_ += static_cast<double>(stats.reservedBytes - std::min(stats.reservedBytes, used));
}

PolicyFigures PolicyReplayer::finish() {
  for (; pending_ > 0; --pending_) (void)target_.finishOldest();
  const StrategyStats stats = strategy_->stats();
  figures_.creations = stats.buffersMade;
  figures_.copiedBytes = stats.copiedBytes;
  if (reservedSum_ > 0) {
    figures_.efficiency = liveSum_ / reservedSum_;
    figures_.fragmentation = freeSum_ / reservedSum_;
  }
  figures_.nsPerOp = meter_.nsPerOp();
  figures_.deviceNsPerOp = meter_.deviceNsPerOp();
  return figures_;
}

}  // namespace flux::app
