#include "pool/readback_queue.hpp"

#include "base/rounding.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace flux {
namespace {

/// What a batch waits for: of each queue the last value.
class Waits {
 public:
  void add(QueueValue wait) noexcept {
    if (wait.value == 0) return;
    TimelineValue& value = values_[static_cast<std::uint32_t>(wait.queue)].value;
    value = std::max(value, wait.value);
  }
  [[nodiscard]] std::vector<QueueValue> list() const {
    std::vector<QueueValue> list;
    for (std::uint32_t q = 1; q < kMaxQueues; ++q) {  // the copy queue's batches are in order anyway
      if (values_[q].value != 0) list.push_back({QueueId{q}, values_[q].value});
    }
    return list;
  }

 private:
  std::array<QueueValue, kMaxQueues> values_{};
};

}  // namespace

void ReadbackQueue::enqueue(const ReadRange& range, ReadPromise promise, std::source_location where) {
  waiting_.push_back({.range = range, .promise = std::move(promise), .where = where, .staged = {}});
}

/// False: there is no room.
Result<bool> ReadbackQueue::record(Read& read, const Found& found) {
  read.skip = found.offset % kWordBytes;
  Result<StagedBytes> staged = pages_.reserve(read.skip + found.bytes);
  if (!staged) {
    if (staged.error().code == ErrorCode::StagingFull || staged.error().code == ErrorCode::TooManyChunks) return false;
    return Unexpected(staged.error());
  }
  read.staged = std::move(*staged);
  read.version = found.version;
  const StagingSpan& span = StagingPages::spanOf(read.staged);
  batch_.push_back({.source = found.chunk,
                    .destination = span.page,
                    .sourceOffset = found.offset - read.skip,
                    .destinationOffset = span.offset,
                    .bytes = wholeWords(read.skip + found.bytes)});
  return true;
}

Result<void> ReadbackQueue::advance(const StepQuota& quota, StepReport& report, const Find& find,
                                    TimelineValue& submitted) {
  submitted = 0;
  batch_.clear();
  forgetReady();  // nobody wants them
  Waits waits;
  Result<void> error;
  ByteCount bytes = 0;
  for (Read& read : waiting_) {
    if (bytes >= quota.uploadBytes || batch_.size() >= quota.pieces) break;
    const QueueId queue = read.range.after.queue;
    const TimelineValue done =
        witnessed(witness_, RecordKind::Completed, device_.completed(queue), static_cast<std::uint32_t>(queue));
    if (read.range.after.value > done) continue;
    const Result<Found> found = find(read.range, read.where);
    if (!found) {
      read.promise->fail(found.error());
      continue;
    }
    const Result<bool> room = record(read, *found);
    if (!room) error = Unexpected(room.error());
    if (!room || !*room) break;
    waits.add(read.range.after);
    bytes += found->bytes;
  }
  forgetReady();
  if (!batch_.empty()) {
    // The waits are over; they make visible what was written.
    const Result<TimelineValue> value = device_.submit(batch_, waits.list());
    submitted = value.value_or(0);
    if (!value) error = Unexpected(value.error());
    noteSubmitted(submitted);
    if (value) {
      report.readBackBytes += bytes;
      report.pieces += static_cast<std::uint32_t>(batch_.size());
    }
  }
  report.waitingReadbacks = waiting();
  return error;
}

/// Those that nobody wants, or that have failed.
void ReadbackQueue::forgetReady() {
  std::erase_if(waiting_, [this](const Read& read) {
    return witnessed(witness_, RecordKind::ReadForgotten, read.promise->isReady() ? 1 : 0) != 0;
  });
}

/// With 0: it was not.
void ReadbackQueue::noteSubmitted(TimelineValue value) {
  std::deque<Read> rest;
  for (Read& read : waiting_) {
    const bool goes = value != 0 && read.staged;
    if (goes) {
      read.value = value;
      (void)pages_.use(read.staged);
    } else {
      read.staged = {};
    }
    (goes ? inFlight_ : rest).push_back(std::move(read));
  }
  waiting_ = std::move(rest);
  if (value != 0) pages_.submitted(value);
}

void ReadbackQueue::recycle(TimelineValue completed) {
  for (; !inFlight_.empty() && inFlight_.front().value <= completed; inFlight_.pop_front()) {
    Read& read = inFlight_.front();
    read.promise->arrive(std::move(read.staged), static_cast<std::size_t>(read.skip), read.version);
    arrived_.push_back(std::move(read.promise));
  }
  std::erase_if(arrived_, [](const ReadPromise& promise) { return !promise->isWanted(); });
  // No other thread takes room in these pages, so this opens none and cannot fail.
  if (pages_.openPages() != 0) (void)pages_.recycle(completed);
}

void ReadbackQueue::abandon(const Error& error) {
  for (std::deque<Read>* reads : {&waiting_, &inFlight_}) {
    for (Read& read : *reads) read.promise->fail(error);
    reads->clear();
  }
}

}  // namespace flux
