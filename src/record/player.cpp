#include <flux/recording.hpp>

#include "pool/instructions.hpp"
#include "pool/journal.hpp"
#include "record/codec.hpp"
#include "record/devices.hpp"
#include "record/look_counts.hpp"
#include "record/numbers.hpp"
#include "record/replayed_parts.hpp"

#include <algorithm>
#include <deque>
#include <source_location>
#include <utility>

namespace flux {
namespace {

/// Pages of a replay hold other things together than those of the recording did.
constexpr ByteCount kStagingFactor = 16;

Unexpected refused(ErrorCode code, std::string_view what, ErrorNumbers numbers = {}) {
  return Unexpected(makeError(code, what, std::source_location::current(), numbers));
}

/// What a pool believes without a look.
std::string_view nonsense(const DeviceCaps& caps, const PoolDesc& desc) {
  constexpr ByteCount kMostPages = 1U << 20U;
  if (caps.queueCount == 0 || caps.queueCount > kMaxQueues) return "queueCount";
  if (std::ranges::find(caps.partAlignmentBytes, 0U) != caps.partAlignmentBytes.end()) return "alignment";
  if (desc.stagingPageBytes == 0) return "stagingPageBytes";
  if (desc.stagingLimitBytes / desc.stagingPageBytes > kMostPages) return "stagingLimitBytes";
  if (desc.readbackLimitBytes / desc.stagingPageBytes > kMostPages) return "readbackLimitBytes";
  return {};
}

}  // namespace

class RecordingPlayer::Impl final : public Journal {
 public:
  Impl(RecordingReader reader, const ReplaySettings& settings) : reader_(std::move(reader)), settings_(settings) {}

  Result<void> start(Device& device) {
    const RecordedEvent* event = peek();
    if (event == nullptr || event->kind != RecordKind::Device) return noPool();
    const DeviceCaps caps = capsOf(*event);
    consume();
    event = peek();
    if (event == nullptr || event->kind != RecordKind::Pool) return noPool();
    PoolDesc desc = descOf(*event);
    consume();
    if (const std::string_view field = nonsense(caps, desc); !field.empty()) {
      return refused(ErrorCode::InvalidArgument, field);
    }
    if (caps.directWriteBytes != 0 && device.caps().directWriteBytes == 0 && settings_.fill) {
      return refused(ErrorCode::Unsupported, "directWriteBytes");
    }
    // The budget of this machine has no say: without a limit nothing would fit.
    desc.hardLimitBytes = std::max<ByteCount>(desc.hardLimitBytes, 1);
    desc.journal = this;
    maxBlocks_ = desc.maxBlocks;
    caps_ = caps;
    Result<std::unique_ptr<Pool>> pool = Pool::create(device, desc);
    if (!pool) return Unexpected(pool.error());
    pool_ = std::move(*pool);
    parts_.emplace(*pool_, settings_, [this](bool quiet) { quiet_ = quiet; });
    return {};
  }

  Result<bool> advance() {
    const RecordedEvent* const event = peek();
    if (event == nullptr || event->kind == RecordKind::End) {
      over_ = true;
      return damage_ ? Result<bool>(Unexpected(*damage_)) : false;
    }
    if (recordRow(event->kind).group != RecordGroup::Call || event->byProducer) {
      differ("the next call");
      return false;
    }
    if (event->kind == RecordKind::IdleSteps) return repeatStep();
    const RecordedEvent call = *event;
    consume();
    if (const std::string_view field = parts_->nonsense(call); !field.empty()) {
      over_ = true;
      return refused(ErrorCode::InvalidArgument, field, {call.number});
    }
    perform(call);
    return goesOn();
  }

  // ---- What the pool asks and tells ---------------------------------------------------------------------

  Device& attach(Device& device, const PoolDesc&) override { return device_.emplace(device, *this, caps_); }
  void detach() noexcept override {}
  void call(const Call&) override {}  // It is this that makes them.

  std::uint64_t see(RecordKind what, std::uint64_t value, std::uint32_t which) override {
    if (quiet_) return value;
    LookCounts::Look& look = looks_.of(what, which);
    ++look.count;
    const RecordedEvent* const event = peek();
    // A handle that this pool thinks free may be in use: it gets only those of the recording.
    if (event == nullptr) return what == RecordKind::Handle ? 0 : value;
    std::uint64_t answer = look.expected;
    if (event->kind == what && event->numbers[0] == which && event->numbers[1] == look.count) {
      answer = event->numbers[2];
      consume();
    }
    if (!possible(what, answer, value, look)) {
      differ("an answer that is possible");
      return value;
    }
    look.expected = LookCounts::after(what, answer);
    if (what == RecordKind::Completed && which == static_cast<std::uint32_t>(kCopyQueue)) device_->reach(answer);
    if (what == RecordKind::Handle && pool_ != nullptr && pool_->requestedVersion(unpackedHandle(answer)) != 0) {
      differ("another handle");
      return 0;
    }
    return answer;
  }

  void did(RecordKind what, std::initializer_list<std::uint64_t> numbers, std::string_view text) override {
    if (over_) return;
    const RecordedEvent* const event = peek();
    if (event == nullptr) return;
    const RecordRow& row = recordRow(what);
    const auto first = numbers.begin();
    // An idle step does what the last one did.
    const bool idle = event->kind == RecordKind::IdleSteps && what == RecordKind::Stepped;
    const auto& expected = idle ? lastDone_ : event->numbers;
    const bool same = (idle || event->kind == what) && std::equal(first, first + row.compared, expected.begin()) &&
                      (!row.text || event->text == text);
    if (!same) {
      RecordedEvent found;
      found.kind = what;
      std::copy(first, numbers.end(), found.numbers.begin());
      found.text = text;
      differ(describe(found));
      return;
    }
    if (what == RecordKind::PlaceTaken) ++places_;
    if (what == RecordKind::Stepped) {
      ++steps_;
      lastDone_ = expected;
    }
    if (!idle || --idleSteps_ == 0) consume();
  }

  [[nodiscard]] bool instructs() const noexcept override { return true; }
  bool next(Instruction& instruction) override {
    const RecordedEvent* const event = peek();
    if (event == nullptr || !event->byProducer) return false;
    if (!parts_->nonsense(*event).empty()) {
      differ("an instruction that makes sense");
      return false;
    }
    instruction = parts_->instructionOf(*event);
    consume();
    return true;
  }
  [[nodiscard]] ByteCount stagingFactor() const noexcept override { return kStagingFactor; }

  // Its own frames are none of the recording's.
  void frameBegan(std::uint64_t, const char*, std::uint64_t, SnapshotNumber) override {}
  void frameSubmits(std::uint64_t) override {}
  void frameEnded(std::uint64_t, std::span<const QueueValue>) override {}

  // ---- For who replays ----------------------------------------------------------------------------------

  [[nodiscard]] const std::optional<ReplayDifference>& difference() const noexcept { return difference_; }
  [[nodiscard]] bool truncated() const noexcept { return !difference_ && reader_.truncated(); }
  [[nodiscard]] Pool& pool() noexcept { return *pool_; }
  [[nodiscard]] std::uint64_t events() const noexcept { return events_; }
  [[nodiscard]] std::uint64_t steps() const noexcept { return steps_; }
  [[nodiscard]] std::uint64_t places() const noexcept { return places_; }

 private:
  /// The next event that is not a frame's; null: the replay is over.
  const RecordedEvent* peek() {
    while (!over_ && !peeked_) {
      const Result<bool> more = reader_.next(event_);
      if (!more) damage_ = more.error();
      if (!more || !*more) {
        over_ = true;
        break;
      }
      ++events_;
      peeked_ = recordRow(event_.kind).group != RecordGroup::Frame;
    }
    return over_ ? nullptr : &event_;
  }
  void consume() noexcept { peeked_ = false; }

  void differ(std::string found) {
    difference_ = ReplayDifference{event_.number, reader_.position(), describe(event_), std::move(found)};
    over_ = true;
  }

  [[nodiscard]] Unexpected noPool() const {
    return damage_ ? Unexpected(*damage_) : refused(ErrorCode::InvalidArgument, "a recording without a pool");
  }

  /// Whether the outside can have answered that; a damaged recording says anything.
  bool possible(RecordKind what, std::uint64_t answer, std::uint64_t value, const LookCounts::Look& look) {
    constexpr std::uint64_t kMostThings = 1U << 20U;  // that are counted one by one
    // Not for FreeSlots and Submitting, which are asked under a lock that this takes.
    const auto stats = [this] { return pool_ != nullptr ? pool_->stats() : PoolStats{}; };
    switch (what) {
      case RecordKind::Handle:
        return unpackedHandle(answer).index <= maxBlocks_;
      case RecordKind::FreeSlots:
        return (answer & ~value) == 0;  // no frame of this pool is open
      case RecordKind::HeldSnapshot:
        return answer <= stats().published;  // by an older one; 0: none
      case RecordKind::SubmitValue:
        return answer > device_->completed(kCopyQueue);
      case RecordKind::Completed:
      case RecordKind::QueueTag:
      case RecordKind::NewestFrame:
        return answer >= look.expected;  // the last one
      case RecordKind::MissCount:
      case RecordKind::VictimCount:
      case RecordKind::DropCount:
        return answer <= kMostThings;
      case RecordKind::Pages:
        return answer <= caps_.maxAllocations && answer + stats().chunks <= caps_.maxAllocations;
      case RecordKind::StagingRefused:
      case RecordKind::SealingRefused:
      case RecordKind::RecyclingRefused:
      case RecordKind::ChunkRefused:
      case RecordKind::SubmitRefused:
      case RecordKind::PollFailed:
        return answer == 0 || errorCodeOf(answer) <= ErrorCode::FileError;
      default:
        return true;
    }
  }

  void perform(const RecordedEvent& call) {
    const BlockHandle block = unpackedHandle(call.numbers[0]);
    const auto& numbers = call.numbers;
    switch (call.kind) {
      case RecordKind::Remove:
        (void)pool_->remove(block);
        break;
      case RecordKind::Retain:
        (void)pool_->retain(block);
        break;
      case RecordKind::Release:
        (void)pool_->release(block);
        break;
      case RecordKind::Pin:
        (void)pool_->pin(block);
        break;
      case RecordKind::Unpin:
        (void)pool_->unpin(block);
        break;
      case RecordKind::Request:
        (void)pool_->request(block, static_cast<Priority>(numbers[1]));
        break;
      case RecordKind::ReadBack:
        if (Result<Readback> read = pool_->readBack(readRangeOf(call))) reads_.push_back(std::move(*read));
        break;
      case RecordKind::MarkWritten:
        (void)pool_->markWritten(block, partOf(numbers[1]),
                                 {QueueId{static_cast<std::uint32_t>(numbers[2])}, numbers[3]});
        break;
      case RecordKind::RefreshShadow:
        (void)pool_->refreshShadow(block, partOf(numbers[1]));
        break;
      case RecordKind::Stage:
        (void)pool_->stage(numbers[1]);
        break;
      case RecordKind::Reserve:
        (void)pool_->reserve(numbers[1], static_cast<Lifetime>(numbers[2]));
        break;
      case RecordKind::Defragment:
        (void)pool_->defragment(
            {static_cast<Lifetime>(numbers[1]), static_cast<std::uint32_t>(numbers[2]), numbers[3]});
        break;
      case RecordKind::SetBudget:
        (void)pool_->setBudget({numbers[1], numbers[2]});
        break;
      case RecordKind::Demote:
        (void)pool_->demote(block);
        break;
      case RecordKind::MakeTag:
        (void)pool_->makeTag(call.text);
        break;
      case RecordKind::Step:
        lastStep_ = call;
        step(call);
        break;
      case RecordKind::Collect:
        (void)pool_->collect();
        break;
      case RecordKind::Publish:
        if (pool_->publish().changes != 0 && !over_) tellArrived();
        break;
      default:
        parts_->perform(call);
        break;
    }
  }

  /// What comes after a call: another one, if nothing speaks against it.
  Result<bool> goesOn() {
    if (device_->failure()) {
      over_ = true;
      return Unexpected(*device_->failure());
    }
    if (damage_) return Unexpected(*damage_);
    return !over_;
  }

  /// One of idle steps. They have been replayed when the last one has told what it did.
  Result<bool> repeatStep() {
    if (idleSteps_ == 0) idleSteps_ = event_.numbers[1];
    if (!lastStep_ || idleSteps_ == 0 || idleSteps_ > kMostIdleSteps) {
      over_ = true;
      return refused(ErrorCode::InvalidArgument, "count", {event_.number});
    }
    step(*lastStep_);
    return goesOn();
  }

  void step(const RecordedEvent& call) {
    const auto& numbers = call.numbers;
    const StepQuota quota{numbers[2],      static_cast<std::uint32_t>(numbers[3]),
                          numbers[4],      static_cast<std::uint32_t>(numbers[5]),
                          numbers[6] != 0, numbers[7]};
    const std::chrono::nanoseconds now{static_cast<std::int64_t>(numbers[1])};
    (void)pool_->step(quota, std::chrono::steady_clock::time_point{
                                 std::chrono::duration_cast<std::chrono::steady_clock::duration>(now)});
    parts_->noteStep();
    std::erase_if(reads_, [](const Readback& read) { return read.ready(); });
  }

  void tellArrived() {
    if (!settings_.arrived) return;
    if (const Result<void> done = device_->finish(); done) parts_->tellArrived();
  }

  RecordingReader reader_;
  const ReplaySettings settings_;
  RecordedEvent event_;
  bool peeked_ = false;  ///< `event_` has not been consumed.
  bool over_ = false;    ///< From here on the pool does as it likes.
  bool quiet_ = false;   ///< What the pool does now is none of the recording's.
  DeviceCaps caps_;
  LookCounts looks_;
  std::uint32_t maxBlocks_ = 0;
  std::optional<Error> damage_;
  std::optional<ReplayDifference> difference_;
  std::optional<RecordedEvent> lastStep_;
  std::array<std::uint64_t, RecordedEvent::kMaxNumbers> lastDone_{};  ///< By it.
  std::uint64_t idleSteps_ = 0;                                       ///< That `event_` still counts.
  std::uint64_t events_ = 0;
  std::uint64_t steps_ = 0;
  std::uint64_t places_ = 0;
  std::optional<ReplayingDevice> device_;
  std::unique_ptr<Pool> pool_;
  std::optional<ReplayedParts> parts_;  ///< Goes before the pool, in whose staging they may lie.
  std::deque<Readback> reads_;
};

Result<std::unique_ptr<RecordingPlayer>> RecordingPlayer::create(RecordingReader reader, Device& device,
                                                                 const ReplaySettings& settings) {
  auto impl = std::make_unique<Impl>(std::move(reader), settings);
  if (const Result<void> started = impl->start(device); !started) return Unexpected(started.error());
  return std::unique_ptr<RecordingPlayer>(new RecordingPlayer(std::move(impl)));
}

RecordingPlayer::RecordingPlayer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
RecordingPlayer::~RecordingPlayer() = default;

Result<bool> RecordingPlayer::advance() {
  return impl_->advance();
}
const std::optional<ReplayDifference>& RecordingPlayer::difference() const noexcept {
  return impl_->difference();
}
bool RecordingPlayer::truncated() const noexcept {
  return impl_->truncated();
}
Pool& RecordingPlayer::pool() noexcept {
  return impl_->pool();
}
std::uint64_t RecordingPlayer::events() const noexcept {
  return impl_->events();
}
std::uint64_t RecordingPlayer::steps() const noexcept {
  return impl_->steps();
}
std::uint64_t RecordingPlayer::places() const noexcept {
  return impl_->places();
}

}  // namespace flux
