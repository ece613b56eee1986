#include "record/block_writer.hpp"

#include "record/block_file.hpp"

#include <cerrno>
#include <mutex>
#include <source_location>
#include <span>
#include <utility>

namespace flux {
namespace {

constexpr std::size_t kMostSpares = 4;
constexpr std::size_t kMaxWaitingWords = std::size_t{8} << 20U;

}  // namespace

BlockWriter::BlockWriter(std::ofstream file, std::string name)
    : file_(std::move(file)), name_(std::move(name)), thread_([this] { run(); }) {}

bool BlockWriter::push(EventBlock events) {
  const std::lock_guard lock(mutex_);
  if (error_ || closing_) return false;
  if (waitingWords_ + events.capacity > kMaxWaitingWords) {
    fail(ErrorCode::QueueFull);
    return false;
  }
  waitingWords_ += events.capacity;
  blocks_.push_back(std::move(events));
  wakeUp_.notify_one();
  return true;
}

EventBlock BlockWriter::spare(std::size_t words) {
  {
    const std::lock_guard lock(mutex_);
    if (!spares_.empty() && spares_.back().capacity >= words) {
      EventBlock spare = std::move(spares_.back());
      spares_.pop_back();
      return spare;
    }
  }
  return EventBlock(words);
}

void BlockWriter::close() {
  {
    const std::lock_guard lock(mutex_);
    closing_ = true;
    wakeUp_.notify_one();
  }
  if (thread_.joinable()) thread_.join();
}

std::optional<Error> BlockWriter::error() const {
  const std::lock_guard lock(mutex_);
  return error_;
}

void BlockWriter::fail(ErrorCode code) {
  if (error_) return;
  error_ = makeError(code, name_, std::source_location::current());
  error_->nativeCode = code == ErrorCode::FileError ? errno : 0;
}

void BlockWriter::run() {
  RecordedEvent event;
  std::vector<std::byte> bytes;
  std::unique_lock lock(mutex_);
  for (;;) {
    wakeUp_.wait(lock, [this] { return !blocks_.empty() || closing_; });
    if (blocks_.empty()) break;
    EventBlock block = std::move(blocks_.front());
    blocks_.pop_front();
    waitingWords_ -= block.capacity;
    lock.unlock();
    for (std::span<const std::uint64_t> words = block.events(); !words.empty();) {
      EventWords::next(words, event);
      encoder_.encode(event);
    }
    bytes = encoder_.take(std::move(bytes));
    errno = 0;
    const bool written = writeBlock(file_, bytes);
    if (written) fileBytes_.store(static_cast<ByteCount>(file_.tellp()), std::memory_order_relaxed);
    lock.lock();
    if (!written) {
      fail(ErrorCode::FileError);
      return;
    }
    if (spares_.size() < kMostSpares) spares_.push_back(std::move(block));
  }
  lock.unlock();
  errno = 0;
  file_.close();
  lock.lock();
  if (!file_) fail(ErrorCode::FileError);
}

}  // namespace flux
