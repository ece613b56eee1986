#include "base/rounding.hpp"
#include "pool/pool_impl.hpp"

#include <utility>

namespace flux {

Result<Readback> Pool::Impl::readBack(const ReadRange& range, std::source_location where) {
  if (const Result<ReadbackQueue::Found> found = findRange(range, where); !found) return Unexpected(found.error());
  auto state = std::make_shared<ReadState>();
  readbacks_.enqueue(range, ReadPromise(state), where);
  return Readback(std::move(state));
}

void Pool::Impl::readBackFor(const ReadRange& range, ReadPromise promise, std::source_location where) {
  if (const Result<ReadbackQueue::Found> found = findRange(range, where); !found) {
    promise->fail(found.error());
  } else {
    readbacks_.enqueue(range, std::move(promise), where);
  }
}

/// Where the range lies now, if it is one.
Result<ReadbackQueue::Found> Pool::Impl::findRange(const ReadRange& range, std::source_location where) const {
  const Block* const block = find(range.block);
  if (block == nullptr) return Unexpected(staleHandle(range.block, where));
  const auto fail = [&](ErrorCode code, std::string_view what, ErrorNumbers numbers = {}) {
    return Unexpected(named(makeError(code, what, where, numbers), block->name.data(), range.block, where));
  };
  if (lost_) return fail(ErrorCode::DeviceLost, "device");
  const std::uint32_t index = range.block.index;
  const ByteCount size = partBytes(*block, index, range.part);
  if (size == 0) return fail(ErrorCode::InvalidArgument, "part", {static_cast<std::uint32_t>(range.part)});
  if (range.offset >= size || range.bytes > size - range.offset) {
    return fail(ErrorCode::InvalidArgument, "range", {range.offset, range.bytes, size});
  }
  const ByteCount bytes = range.bytes != 0 ? range.bytes : size - range.offset;
  // With the bytes before it that complete its first word.
  if (bytes + range.offset % kWordBytes > desc_.stagingPageBytes) {
    return fail(ErrorCode::InvalidArgument, "range", {range.offset, bytes, desc_.stagingPageBytes});
  }
  if (static_cast<std::uint32_t>(range.after.queue) >= device_.caps().queueCount) {
    return fail(ErrorCode::InvalidArgument, "queue", {static_cast<std::uint32_t>(range.after.queue)});
  }
  const BlockLayout& layout = *ring_.cold(index).layout;
  const std::uint32_t at = partIndex(range.part);
  const bool shown = at < layout.partCount && layout.parts[at].sizeBytes != 0 &&
                     layout.parts[at].generation == partGeneration(range.part);
  if (!block->place.range || !shown) {
    return fail(ErrorCode::NotResident, "", {ring_.hot(index).state() == BlockState::Lost ? 1U : 0U});
  }
  return ReadbackQueue::Found{block->place.chunk, block->place.offset + layout.parts[at].offsetBytes + range.offset,
                              bytes, ring_.cold(index).version};
}

/// Behind all other batches of the step, since it waits for what was asked for last.
Result<void> Pool::Impl::submitReadbacks(const StepQuota& quota, StepReport& report) {
  const auto find = [this](const ReadRange& range, std::source_location where) -> Result<ReadbackQueue::Found> {
    const Result<ReadbackQueue::Found> found = findRange(range, where);
    // It was there when it was asked for.
    const bool gone = !found && found.error().code == ErrorCode::InvalidArgument;
    return gone ? Unexpected(staleHandle(range.block, where)) : found;
  };
  TimelineValue submitted = 0;
  const Result<void> advanced = readbacks_.advance(quota, report, find, submitted);
  if (submitted != 0) relocations_.submittedBeside(submitted);
  return advanced;
}

}  // namespace flux
