#include "device/host/host_queues.hpp"

#include <algorithm>
#include <cstring>
#include <limits>
#include <ranges>
#include <utility>

namespace flux {
namespace {

using Completion = HostDeviceDesc::Completion;

/// The finaliser of SplitMix64: the same numbers on every platform, and no state that the order of submissions on
/// different threads could change.
std::uint64_t mix(std::uint64_t x) noexcept {
  x += 0x9E3779B97F4A7C15U;
  x = (x ^ x >> 30U) * 0xBF58476D1CE4E5B9U;
  x = (x ^ x >> 27U) * 0x94D049BB133111EBU;
  return x ^ x >> 31U;
}

std::uint64_t delayPolls(const HostDeviceDesc& desc, QueueId queue, TimelineValue value) noexcept {
  const std::uint64_t choices = std::uint64_t{desc.maxDelayPolls} - desc.minDelayPolls + 1;
  return desc.minDelayPolls + mix(mix(desc.seed ^ mix(static_cast<std::uint32_t>(queue))) ^ value) % choices;
}

/// `Immediate` is a delay of one poll.
HostDeviceDesc normalised(HostDeviceDesc desc) noexcept {
  if (desc.completion == Completion::Immediate) {
    desc.completion = Completion::Delayed;
    desc.minDelayPolls = desc.maxDelayPolls = 1;
  }
  return desc;
}

/// All bytes are the first one's if each is that of the next: `memcmp` looks at many at a time.
bool untouched(std::span<const std::byte> bytes) noexcept {
  return bytes.empty() ||
         (bytes.front() == kPoison && std::memcmp(bytes.data(), bytes.data() + 1, bytes.size() - 1) == 0);
}

/// Last piece first: pieces have no order, and a program that relies on one is found. Returns how many copies met bytes
/// of chunks that somebody had written.
std::uint64_t run(const HostWork& work) noexcept {
  std::uint64_t overwrites = 0;
  for (const HostWork::Copy& copy : std::views::reverse(work.copies)) {
    if (!copy.toPage && !untouched({copy.destination, copy.bytes})) ++overwrites;
    std::memmove(copy.destination, copy.source, copy.bytes);
  }
  for (const HostWork::Read& read : work.reads) {
    if (read.hash != nullptr) *read.hash = hashBytes(read.bytes);
  }
  return overwrites;
}

}  // namespace

HostQueues::HostQueues(const HostDeviceDesc& desc) : desc_(normalised(desc)) {
  if (desc_.completion == Completion::Worker) {
    worker_ = std::jthread([this](const std::stop_token& stop) { workerLoop(stop); });
  }
}

TimelineValue HostQueues::submit(QueueId queue, HostWork work) {
  TimelineValue value = 0;
  {
    const std::lock_guard lock(mutex_);
    Queue& target = at(queue);
    value = ++target.submitted;
    if (lost_) return value;
    work.duePoll = polls_ + delayPolls(desc_, queue, value);
    target.works.push_back(std::move(work));
  }
  changed_.notify_all();
  return value;
}

bool HostQueues::ready(const Queue& queue) const noexcept {
  if (lost_ || queue.done == queue.submitted) return false;
  const HostWork& work = queue.works[static_cast<std::size_t>(queue.done - queue.seen.load(std::memory_order_relaxed))];
  if (desc_.completion == Completion::Manual && queue.done >= queue.allowed) return false;
  if (desc_.completion == Completion::Delayed && polls_ < work.duePoll) return false;
  return std::ranges::all_of(work.waits, [&](const QueueValue& wait) { return at(wait.queue).done >= wait.value; });
}

HostQueues::Queue* HostQueues::nextReady() noexcept {
  const auto found = std::ranges::find_if(queues_, [this](const Queue& queue) { return ready(queue); });
  return found != queues_.end() ? &*found : nullptr;
}

void HostQueues::poison(std::unique_lock<std::mutex>& lock) {
  while (!toPoison_.empty()) {
    const std::vector<HostBytes> ranges = std::exchange(toPoison_, {});
    poisoning_ = true;
    lock.unlock();
    for (const HostBytes& range : ranges) std::ranges::fill(range.bytes, kPoison);
    lock.lock();
    poisoning_ = false;
    changed_.notify_all();
  }
}

void HostQueues::settle() {
  if (desc_.completion == Completion::Worker) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return toPoison_.empty() && !poisoning_; });
    return;
  }
  const std::lock_guard driving(driving_);
  std::unique_lock lock(mutex_);
  poison(lock);
}

void HostQueues::runNext(Queue& queue, std::unique_lock<std::mutex>& lock) {
  // Stays in place while unlocked: a deque's elements do not move, and only seen work is dropped.
  HostWork& work = queue.works[static_cast<std::size_t>(queue.done - queue.seen.load(std::memory_order_relaxed))];
  running_ = &work;
  lock.unlock();
  const std::uint64_t overwrites = run(work);
  lock.lock();
  overwrites_ += overwrites;
  running_ = nullptr;
  ++queue.done;
  changed_.notify_all();
}

void HostQueues::runReady() {
  const std::lock_guard driving(driving_);
  std::unique_lock lock(mutex_);
  for (poison(lock); Queue* queue = nextReady(); poison(lock)) runNext(*queue, lock);
}

void HostQueues::workerLoop(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  const auto something = [this] { return nextReady() != nullptr || !toPoison_.empty(); };
  while (changed_.wait(lock, stop, something) && !stop.stop_requested()) {
    poison(lock);
    if (Queue* queue = nextReady()) runNext(*queue, lock);
  }
}

void HostQueues::allow(QueueId queue, TimelineValue value) {
  {
    const std::lock_guard lock(mutex_);
    // Not beyond what is submitted: later work waits for a call of its own.
    at(queue).allowed = std::max(at(queue).allowed, std::min(value, at(queue).submitted));
  }
  runReady();
}

void HostQueues::allowWithWaits(QueueId queue, TimelineValue value) {
  std::array<TimelineValue, kMaxQueues> wanted{};
  wanted[static_cast<std::uint32_t>(queue)] = value;
  for (bool grown = true; grown;) {
    grown = false;
    for (std::uint32_t q = 0; q < kMaxQueues; ++q) {
      TimelineValue workValue = queues_[q].seen.load(std::memory_order_relaxed);
      for (const HostWork& work : queues_[q].works) {
        if (++workValue > wanted[q]) break;
        for (const QueueValue& wait : work.waits) {
          TimelineValue& other = wanted[static_cast<std::uint32_t>(wait.queue)];
          const TimelineValue reachable = std::min(wait.value, at(wait.queue).submitted);
          grown = grown || reachable > other;
          other = std::max(other, reachable);
        }
      }
    }
  }
  for (std::uint32_t q = 0; q < kMaxQueues; ++q) queues_[q].allowed = std::max(queues_[q].allowed, wanted[q]);
}

void HostQueues::publishSeen() {
  for (Queue& queue : queues_) {
    const TimelineValue seen = queue.seen.load(std::memory_order_relaxed);
    queue.works.erase(queue.works.begin(), queue.works.begin() + static_cast<std::ptrdiff_t>(queue.done - seen));
    queue.seen.store(queue.done, std::memory_order_release);
  }
}

bool HostQueues::poll() {
  if (desc_.completion == Completion::Delayed) {
    {
      const std::lock_guard lock(mutex_);
      ++polls_;
    }
    runReady();
  }
  const std::lock_guard lock(mutex_);
  if (!lost_) {
    publishSeen();
    return true;
  }
  // As some drivers do: values that nothing has reached, which whoever does not ask first may take for progress.
  for (Queue& queue : queues_) queue.seen.store(std::numeric_limits<TimelineValue>::max(), std::memory_order_release);
  return false;
}

void HostQueues::lose() {
  std::unique_lock lock(mutex_);
  lost_ = true;
  changed_.wait(lock, [this] { return running_ == nullptr; });
  for (Queue& queue : queues_) queue.works.clear();
  changed_.notify_all();
}

bool HostQueues::lost() const noexcept {
  const std::lock_guard lock(mutex_);
  return lost_;
}

bool HostQueues::wait(QueueId queue, TimelineValue value, std::chrono::nanoseconds timeout) {
  if (value > submitted(queue)) return false;
  switch (desc_.completion) {
    case Completion::Immediate:
    case Completion::Delayed:
      // After this many polls all that was submitted is due; what is still there can never run.
      for (std::uint64_t n = 0; n <= desc_.maxDelayPolls && completed(queue) < value; ++n) (void)poll();
      break;
    case Completion::Manual: {
      {
        const std::lock_guard lock(mutex_);
        allowWithWaits(queue, value);
      }
      runReady();
      (void)poll();
      break;
    }
    case Completion::Worker: {
      std::unique_lock lock(mutex_);
      // Bounded, because the deadline of an endless wait would overflow the clock.
      const auto bounded = std::min(timeout, std::chrono::nanoseconds{std::chrono::hours{24}});
      changed_.wait_for(lock, bounded, [&] { return at(queue).done >= value; });
      publishSeen();
      break;
    }
  }
  return completed(queue) >= value;
}

const HostWork* HostQueues::user(MemoryKey memory, ByteOffset offset, ByteCount bytes) const noexcept {
  const HostWork* found = nullptr;
  for (const Queue& queue : queues_) {
    for (const HostWork& work : queue.works) {
      if (!work.uses.overlaps(memory, offset, bytes)) continue;
      if (&work == running_) return running_;
      found = &work;
    }
  }
  return found;
}

void HostQueues::noteWrite(MemoryKey memory, ByteOffset offset, std::span<const std::byte> bytes) {
  const std::lock_guard lock(mutex_);
  const HostWork* const found = user(memory, offset, bytes.size());
  if (found != nullptr) ++earlyReclaims_;
  // Looking at what another thread is copying would be a data race of ours.
  if ((found == nullptr || found != running_) && !untouched(bytes)) ++overwrites_;
}

void HostQueues::addMemory(HostBytes all) {
  {
    const std::lock_guard lock(mutex_);
    poisonSoon(std::move(all), false);
  }
  changed_.notify_all();
}

void HostQueues::reclaim(MemoryKey memory, ByteOffset offset, HostBytes range) {
  {
    const std::lock_guard lock(mutex_);
    const HostWork* const found = user(memory, offset, range.bytes.size());
    if (found != nullptr) ++earlyReclaims_;
    poisonSoon(std::move(range), found != nullptr && found == running_);
  }
  changed_.notify_all();
}

void HostQueues::discard(MemoryKey memory, HostBytes all) {
  {
    const std::lock_guard lock(mutex_);
    const HostWork* const found = user(memory, 0, all.bytes.size());
    if (found == nullptr) return;
    ++earlyReclaims_;
    poisonSoon(std::move(all), found == running_);
  }
  changed_.notify_all();
}

/// What the host maps it may write at once. But filling what another thread is copying would be a data race of ours.
void HostQueues::poisonSoon(HostBytes range, bool inUse) {
  if (desc_.directWriteBytes != 0 && !inUse) {
    std::ranges::fill(range.bytes, kPoison);
  } else {
    toPoison_.push_back(std::move(range));
  }
}

TimelineValue HostQueues::completed(QueueId queue) const noexcept {
  return at(queue).seen.load(std::memory_order_acquire);
}

TimelineValue HostQueues::submitted(QueueId queue) const noexcept {
  const std::lock_guard lock(mutex_);
  return at(queue).submitted;
}

std::uint64_t HostQueues::earlyReclaims() const noexcept {
  const std::lock_guard lock(mutex_);
  return earlyReclaims_;
}

std::uint64_t HostQueues::overwrites() const noexcept {
  const std::lock_guard lock(mutex_);
  return overwrites_;
}

}  // namespace flux
