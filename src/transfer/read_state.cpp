#include "transfer/read_state.hpp"

#include <algorithm>
#include <mutex>

namespace flux {

// ---- Of the geometry thread --------------------------------------------------------------------------------

/// REQUIRES: the lock is held.
void ReadState::finish(Phase phase) {
  phase_.store(phase, std::memory_order_release);
  changed_.notify_all();
}

void ReadState::arrive(StagedBytes bytes, std::size_t skip, ContentVersion version) {
  const std::lock_guard lock(mutex_);
  if (phase_.load(std::memory_order_relaxed) != Phase::Waiting) return;
  bytes_ = std::move(bytes);
  skip_ = skip;
  version_ = version;
  finish(Phase::Arrived);
}

void ReadState::fail(const Error& error) {
  const std::lock_guard lock(mutex_);
  if (phase_.load(std::memory_order_relaxed) != Phase::Waiting) return;
  error_ = error;
  finish(Phase::Failed);
}

void ReadState::revoke(const Error& error) {
  const std::lock_guard lock(mutex_);
  const Phase phase = phase_.load(std::memory_order_relaxed);
  if (phase == Phase::Over || phase == Phase::Failed) return;
  bytes_ = {};
  error_ = error;
  finish(Phase::Failed);
}

// ---- Of who asks -------------------------------------------------------------------------------------------

bool ReadState::waitFor(std::chrono::nanoseconds timeout) {
  std::unique_lock lock(mutex_);
  // Bounded, because the deadline of an endless wait would overflow the clock.
  const auto bounded = std::min(timeout, std::chrono::nanoseconds{std::chrono::hours{24}});
  return changed_.wait_for(lock, bounded, [this] { return isReady(); });
}

Result<ContentVersion> ReadState::take(std::span<std::byte> destination, std::source_location where) {
  const std::lock_guard lock(mutex_);
  switch (phase_.load(std::memory_order_relaxed)) {
    case Phase::Waiting:
      return Unexpected(makeError(ErrorCode::Timeout, "readback", where));
    case Phase::Failed:
      return Unexpected(error_);
    case Phase::Over:
      return Unexpected(makeError(ErrorCode::InvalidArgument, "a readback that was taken", where));
    case Phase::Arrived:
      break;
  }
  const std::span<const std::byte> found = bytes_.bytes().subspan(skip_);
  if (destination.size() < found.size()) {
    return Unexpected(makeError(ErrorCode::InvalidArgument, "the destination of a readback", where,
                                {destination.size(), found.size()}));
  }
  std::ranges::copy(found, destination.begin());
  bytes_ = {};
  finish(Phase::Over);
  return version_;
}

void ReadState::giveUp() noexcept {
  const std::lock_guard lock(mutex_);
  bytes_ = {};
  finish(Phase::Over);
}

// ---- The public face ---------------------------------------------------------------------------------------

Readback& Readback::operator=(Readback&& other) noexcept {
  std::swap(state_, other.state_);
  return *this;
}

Readback::~Readback() {
  if (state_ != nullptr) state_->giveUp();
}

bool Readback::ready() const noexcept {
  return state_ != nullptr && state_->isReady();
}

bool Readback::wait(std::chrono::nanoseconds timeout) const {
  return state_ != nullptr && state_->waitFor(timeout);
}

Result<ContentVersion> Readback::take(std::span<std::byte> destination, std::source_location where) {
  if (state_ == nullptr) return Unexpected(makeError(ErrorCode::InvalidArgument, "nothing was asked for", where));
  return state_->take(destination, where);
}

}  // namespace flux
