#pragma once

#include "base/sync.hpp"

#include <flux/readback.hpp>
#include <flux/result.hpp>
#include <flux/staged_bytes.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <source_location>
#include <span>
#include <utility>

namespace flux {

/// Where the thread that asks for bytes and the geometry thread meet.
///
/// **Thread contract.** Any thread; a lock that is held for a moment, and while bytes are copied to who takes them: so
/// `revoke` waits for that, and nobody reads a page that is gone.
class ReadState {
 public:
  // Of the geometry thread.

  /// Whether somebody still waits for the bytes, or has not taken them.
  [[nodiscard]] bool isWanted() const noexcept { return phase_.load(std::memory_order_acquire) != Phase::Over; }
  /// `bytes` from `skip` on are what was asked for.
  void arrive(StagedBytes bytes, std::size_t skip, ContentVersion version);
  void fail(const Error& error);
  /// As `fail`, unless it is over; what has arrived is taken back.
  void revoke(const Error& error);

  // Of who asks.

  [[nodiscard]] bool isReady() const noexcept { return phase_.load(std::memory_order_acquire) != Phase::Waiting; }
  [[nodiscard]] bool waitFor(std::chrono::nanoseconds timeout);
  [[nodiscard]] Result<ContentVersion> take(std::span<std::byte> destination, std::source_location where);
  void giveUp() noexcept;

 private:
  enum class Phase : std::uint8_t { Waiting, Arrived, Failed, Over };
  void finish(Phase phase);

  sync::Mutex mutex_;
  sync::ConditionVariable changed_;
  sync::Atomic<Phase> phase_{Phase::Waiting};  ///< Written under the lock.
  StagedBytes bytes_;
  std::size_t skip_ = 0;
  ContentVersion version_ = 0;
  Error error_;
};

/// The geometry thread's end: whoever waits is told, whatever becomes of the pool and of what waits in it.
class ReadPromise {
 public:
  explicit ReadPromise(std::shared_ptr<ReadState> state) noexcept : state_(std::move(state)) {}
  ReadPromise(ReadPromise&&) noexcept = default;
  ReadPromise& operator=(ReadPromise&& other) noexcept {
    std::swap(state_, other.state_);
    return *this;
  }
  ReadPromise(const ReadPromise&) = delete;
  ReadPromise& operator=(const ReadPromise&) = delete;
  ~ReadPromise() {
    if (state_ != nullptr) state_->revoke(makeError(ErrorCode::NotResident, "a pool that has ended", {}));
  }

  [[nodiscard]] ReadState& operator*() const noexcept { return *state_; }
  [[nodiscard]] ReadState* operator->() const noexcept { return state_.get(); }

 private:
  std::shared_ptr<ReadState> state_;
};

}  // namespace flux
