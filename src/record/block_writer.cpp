#include "record/block_writer.hpp"

#include "record/block_file.hpp"

#include <cerrno>
#include <mutex>
#include <source_location>
#include <utility>

namespace flux {
namespace {

constexpr std::size_t kMostSpares = 4;
constexpr std::size_t kMaxWaitingBytes = std::size_t{16} << 20U;

}  // namespace

BlockWriter::BlockWriter(std::ofstream file, std::string name)
    : file_(std::move(file)), name_(std::move(name)), thread_([this] { run(); }) {}

bool BlockWriter::push(std::vector<std::byte> block) {
  const std::lock_guard lock(mutex_);
  if (error_ || closing_) return false;
  if (waitingBytes_ + block.size() > kMaxWaitingBytes) {
    fail(ErrorCode::QueueFull);
    return false;
  }
  waitingBytes_ += block.size();
  blocks_.push_back(std::move(block));
  wakeUp_.notify_one();
  return true;
}

std::vector<std::byte> BlockWriter::spare() {
  const std::lock_guard lock(mutex_);
  if (spares_.empty()) return {};
  std::vector<std::byte> spare = std::move(spares_.back());
  spares_.pop_back();
  return spare;
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
  std::unique_lock lock(mutex_);
  for (;;) {
    wakeUp_.wait(lock, [this] { return !blocks_.empty() || closing_; });
    if (blocks_.empty()) break;
    std::vector<std::byte> block = std::move(blocks_.front());
    blocks_.pop_front();
    waitingBytes_ -= block.size();
    lock.unlock();
    errno = 0;
    const bool written = writeBlock(file_, block);
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
