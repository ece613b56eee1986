#include <flux/assert.hpp>
#include <flux/decorators.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <source_location>

namespace flux {
namespace {

/// Lets some calls pass, then makes some fail.
struct Plan {
  std::uint64_t passing = 0;
  std::uint64_t failing = 0;
  ErrorCode code = ErrorCode::DriverError;

  /// Counts one call; true when it is to fail.
  bool take() noexcept {
    if (failing == 0) return false;
    if (passing != 0) {
      --passing;
      return false;
    }
    --failing;
    return true;
  }
};

constexpr bool fallible(DeviceCall call) noexcept {
  return call != DeviceCall::DestroyChunk && call != DeviceCall::CloseStaging && call != DeviceCall::Budget;
}

class FaultyDeviceImpl final : public FaultyDevice {
 public:
  explicit FaultyDeviceImpl(Device& inner) : inner_(inner) {}

  void failCall(std::uint64_t k, ErrorCode code, std::uint64_t count) override { setPlan(anyCall_, k, code, count); }

  void failCall(DeviceCall call, std::uint64_t k, ErrorCode code, std::uint64_t count) override {
    FLUX_ASSERT(fallible(call), "only a fallible call can be made to fail");
    setPlan(oneKind_[static_cast<std::size_t>(call)], k, code, count);
  }

  void delayCompletion(bool delayed) override {
    if (delayed && !delayed_) {
      for (std::uint32_t q = 0; q < inner_.caps().queueCount; ++q) frozen_[q] = inner_.completed(QueueId{q});
    }
    delayed_ = delayed;
  }

  std::uint64_t calls(DeviceCall call) const noexcept override { return calls_[static_cast<std::size_t>(call)]; }

  std::uint64_t fallibleCalls() const noexcept override {
    std::uint64_t sum = 0;
    for (std::size_t i = 0; i < kDeviceCallCount; ++i) {
      if (fallible(static_cast<DeviceCall>(i))) sum += calls_[i];
    }
    return sum;
  }

  const DeviceCaps& caps() const noexcept override { return inner_.caps(); }

  Result<ChunkInfo> createChunk(ChunkIndex index, ByteCount bytes) override {
    if (Result<void> fate = count(DeviceCall::CreateChunk, "createChunk"); !fate) return Unexpected(fate.error());
    return inner_.createChunk(index, bytes);
  }

  void destroyChunk(ChunkIndex index) noexcept override {
    ++calls_[static_cast<std::size_t>(DeviceCall::DestroyChunk)];
    inner_.destroyChunk(index);
  }

  std::span<std::byte> mapped(ChunkIndex index, ByteOffset offset, ByteCount bytes) noexcept override {
    return inner_.mapped(index, offset, bytes);
  }

  Result<std::span<std::byte>> openStaging(StagingIndex index, ByteCount bytes, StagingUse use) override {
    if (Result<void> fate = count(DeviceCall::OpenStaging, "openStaging"); !fate) return Unexpected(fate.error());
    return inner_.openStaging(index, bytes, use);
  }

  Result<void> sealStaging(StagingIndex index, ByteCount bytes) override {
    if (Result<void> fate = count(DeviceCall::SealStaging, "sealStaging"); !fate) return fate;
    return inner_.sealStaging(index, bytes);
  }

  void closeStaging(StagingIndex index) noexcept override {
    ++calls_[static_cast<std::size_t>(DeviceCall::CloseStaging)];
    inner_.closeStaging(index);
  }

  Result<TimelineValue> submit(std::span<const CopyPiece> batch, std::span<const QueueValue> waits) override {
    if (Result<void> fate = count(DeviceCall::Submit, "submit"); !fate) return Unexpected(fate.error());
    return inner_.submit(batch, waits);
  }

  Result<void> poll() override {
    if (Result<void> fate = count(DeviceCall::Poll, "poll"); !fate) return fate;
    return inner_.poll();
  }

  TimelineValue completed(QueueId queue) const noexcept override {
    // A queue that does not exist is the inner device's to judge.
    const auto q = static_cast<std::uint32_t>(queue);
    return delayed_ && q < kMaxQueues ? frozen_[q].load() : inner_.completed(queue);
  }

  Result<void> wait(QueueId queue, TimelineValue value, std::chrono::nanoseconds timeout) override {
    if (Result<void> fate = count(DeviceCall::Wait, "wait"); !fate) return fate;
    if (delayed_ && completed(queue) < value) {
      return Unexpected(makeError(ErrorCode::Timeout, "wait (delayed)", std::source_location::current(), {value}));
    }
    return inner_.wait(queue, value, timeout);
  }

  MemoryBudget budget() override {
    ++calls_[static_cast<std::size_t>(DeviceCall::Budget)];
    return inner_.budget();
  }

  void setName(ChunkIndex index, std::string_view name) noexcept override { inner_.setName(index, name); }
  void raisePriority(ChunkIndex index) noexcept override { inner_.raisePriority(index); }

  void rangeReclaimed(ChunkIndex index, ByteOffset offset, ByteCount bytes) noexcept override {
    inner_.rangeReclaimed(index, offset, bytes);
  }

 private:
  static void setPlan(Plan& plan, std::uint64_t k, ErrorCode code, std::uint64_t count) {
    FLUX_ASSERT(k >= 1, "calls to fail are counted from 1");
    plan = {std::max<std::uint64_t>(k, 1) - 1, count, code};
  }

  Result<void> count(DeviceCall call, std::string_view name) {
    ++calls_[static_cast<std::size_t>(call)];
    // Both count every call, also one that the other makes fail.
    Plan& kind = oneKind_[static_cast<std::size_t>(call)];
    const bool failsAny = anyCall_.take();
    const bool failsKind = kind.take();
    if (!failsAny && !failsKind) return {};
    return Unexpected(makeError(failsKind ? kind.code : anyCall_.code, name, std::source_location::current()));
  }

  Device& inner_;
  Plan anyCall_;
  std::array<Plan, kDeviceCallCount> oneKind_{};
  std::array<std::uint64_t, kDeviceCallCount> calls_{};
  std::atomic<bool> delayed_{false};
  std::array<std::atomic<TimelineValue>, kMaxQueues> frozen_{};
};

}  // namespace

std::unique_ptr<FaultyDevice> FaultyDevice::create(Device& inner) {
  return std::make_unique<FaultyDeviceImpl>(inner);
}

}  // namespace flux
