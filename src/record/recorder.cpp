#include <flux/recorder.hpp>

#include "base/fixed_name.hpp"
#include "pool/journal.hpp"
#include "record/block_file.hpp"
#include "record/block_writer.hpp"
#include "record/codec.hpp"
#include "record/devices.hpp"
#include "record/event_words.hpp"
#include "record/look_counts.hpp"
#include "record/numbers.hpp"

#include <flux/assert.hpp>

#include <array>
#include <cerrno>
#include <chrono>
#include <mutex>
#include <source_location>
#include <utility>
#include <vector>

namespace flux {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kBlockWords = std::size_t{16} << 10U;
/// What was recorded is given to the disk after so long at the latest, if there are steps.
constexpr std::uint64_t kBlockAge = 250'000'000;  ///< In nanoseconds.

/// No step has this time, which is no whole millisecond.
constexpr std::uint64_t kNone = ~std::uint64_t{0};

/// What a frame has told, until the geometry thread takes it.
struct FrameNote {
  RecordKind kind = RecordKind::FrameBegan;
  std::uint64_t serial = 0;
  std::uint64_t time = 0;
  SnapshotNumber snapshot = 0;
  std::uint64_t thread = 0;
  std::array<char, 48> label{};
  std::array<QueueValue, kMaxQueues> used{};
  std::size_t usedCount = 0;
};

}  // namespace

/// All but the frames' notes is the geometry thread's.
class Recorder::Impl final : public Journal {
 public:
  Impl(std::ofstream file, std::string name) : writer_(std::move(file), std::move(name)) {}

  // ---- Of the geometry thread ---------------------------------------------------------------------------

  Device& attach(Device& device, const PoolDesc& desc) override {
    FLUX_ASSERT(!device_, "a recorder serves one pool");
    writeDevice(device.caps());
    writePool(desc);
    return device_.emplace(device, *this);
  }

  void detach() noexcept override {
    takeFrames();
    begin(RecordKind::End);
    end();
    close();
  }

  void close() {
    if (std::exchange(closed_, true)) return;
    flush();
    writer_.close();
  }

  void call(const Call& call) override {
    if (call.kind == RecordKind::Step) return beginStep(call);
    if (call.kind == RecordKind::Publish) began_ = now();
    begin(call.kind, call.byProducer);
    events_.number(packed(call.block));
    for (std::size_t i = 1; i < numberCount(call.kind); ++i) events_.number(call.numbers[i - 1]);
    if (recordRow(call.kind).text) events_.text(call.text);
    writeRows(call);
    end();
  }

  std::uint64_t see(RecordKind what, std::uint64_t value, std::uint32_t which) override {
    LookCounts::Look& look = looks_.of(what, which);
    ++look.count;
    const std::uint64_t expected = LookCounts::expected(what, look);
    look.last = value;
    if (value != expected) {
      begin(what);
      events_.number(which);
      events_.number(look.count);
      events_.number(value);
      end();
    }
    return value;
  }

  void did(RecordKind what, std::initializer_list<std::uint64_t> numbers, std::string_view text) override {
    if (closed_) return;  // chunks go after all else
    const bool timed = what == RecordKind::Stepped || what == RecordKind::Published;
    if (timed) ended_ = now();
    if (what != RecordKind::Stepped || !countIdleStep(numbers)) {
      begin(what);
      for (const std::uint64_t number : numbers) events_.number(number);
      if (timed) {
        events_.number(began_);
        events_.number(ended_ - began_);
      }
      if (recordRow(what).text) events_.text(text);
      end();
    }
    if (timed && ended_ - flushed_ > kBlockAge) flush();
  }

  // ---- Of any thread ------------------------------------------------------------------------------------

  void frameBegan(std::uint64_t serial, const char* label, std::uint64_t thread, SnapshotNumber snapshot) override {
    FrameNote note;
    note.serial = serial;
    note.snapshot = snapshot;
    note.thread = thread;
    copyName(note.label, label);
    add(note);
  }
  void frameSubmits(std::uint64_t serial) override {
    FrameNote note;
    note.kind = RecordKind::FrameSubmits;
    note.serial = serial;
    add(note);
  }
  void frameEnded(std::uint64_t serial, std::span<const QueueValue> submitted) override {
    FrameNote note;
    note.kind = RecordKind::FrameEnded;
    note.serial = serial;
    note.usedCount = submitted.size();
    std::copy(submitted.begin(), submitted.end(), note.used.begin());
    add(note);
  }

  [[nodiscard]] std::optional<Error> error() const { return writer_.error(); }
  [[nodiscard]] std::uint64_t events() const noexcept { return eventCount_.load(std::memory_order_relaxed); }
  [[nodiscard]] ByteCount fileBytes() const noexcept { return writer_.fileBytes(); }

 private:
  [[nodiscard]] std::uint64_t now() const {
    return static_cast<std::uint64_t>(
        std::chrono::duration_cast<std::chrono::nanoseconds>(Clock::now() - start_).count());
  }

  void begin(RecordKind kind, bool byProducer = false) {
    if (stepping_ || idle_.count != 0) writeHeldBack();
    events_.begin(kind, byProducer);
  }
  void end() {
    eventCount_.store(eventCount_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
    if (events_.size() >= kBlockWords) [[unlikely]]
      flush();
  }

  // ---- Steps in which nothing happens: they are counted -------------------------------------------------

  /// Held back until something happens in it.
  void beginStep(const Call& call) {
    takeFrames();
    began_ = now();
    std::copy_n(call.numbers.begin(), asked_.size(), asked_.begin());
    stepping_ = true;
  }

  /// Whether the step that ends is like the last one, and nothing has happened in it.
  bool countIdleStep(std::initializer_list<std::uint64_t> numbers) {
    if (!stepping_ || asked_ != lastAsked_ || !std::ranges::equal(numbers, lastDone_) ||
        idle_.count == kMostIdleSteps) {
      std::ranges::copy(numbers, lastDone_.begin());
      return false;
    }
    stepping_ = false;
    if (idle_.count++ == 0) idle_.began = began_;
    idle_.took = ended_ - idle_.began;
    idle_.spent += ended_ - began_;
    return true;
  }

  void writeHeldBack() {
    const bool stepping = std::exchange(stepping_, false);
    if (const IdleRun idle = std::exchange(idle_, {}); idle.count != 0) {
      begin(RecordKind::IdleSteps);
      for (const std::uint64_t number : {packed(BlockHandle{}), idle.count, idle.began, idle.took, idle.spent}) {
        events_.number(number);
      }
      end();
    }
    if (!stepping) return;
    lastAsked_ = asked_;
    begin(RecordKind::Step);
    events_.number(packed(BlockHandle{}));
    for (const std::uint64_t number : asked_) events_.number(number);
    end();
  }

  void flush() {
    flushed_ = ended_;
    if (idle_.count != 0) writeHeldBack();
    if (events_.size() == 0) return;
    // What cannot be written is dropped here, and all that comes after it.
    writer_.push(events_.take(writer_.spare()));
  }

  void writeDevice(const DeviceCaps& caps) {
    begin(RecordKind::Device);
    for (const std::uint64_t number : numbersOf(caps)) events_.number(number);
    events_.text(caps.deviceName);
    events_.rows(caps.partAlignmentBytes.size());
    for (const std::uint32_t alignment : caps.partAlignmentBytes) events_.row({alignment});
    end();
  }
  void writePool(const PoolDesc& desc) {
    begin(RecordKind::Pool);
    for (const std::uint64_t number : numbersOf(desc)) events_.number(number);
    end();
  }

  void writeRows(const Call& call) {
    switch (call.kind) {
      case RecordKind::Add:
      case RecordKind::AddParts:
      case RecordKind::AddShared:
        events_.rows(call.parts.size());
        for (const PartDesc& part : call.parts) {
          events_.row({static_cast<std::uint64_t>(part.kind), part.bytes, sourceNumber(part.source, part.kept),
                       part.source.data().size()});
        }
        break;
      case RecordKind::Update:
      case RecordKind::UpdateInPlace:
        events_.rows(call.updates.size());
        for (const PartUpdate& update : call.updates) {
          events_.row({static_cast<std::uint32_t>(update.part), update.offset, update.bytes,
                       sourceNumber(update.source, false), update.source.data().size()});
        }
        break;
      case RecordKind::RemoveParts:
        events_.rows(call.ids.size());
        for (const PartId part : call.ids) events_.row({static_cast<std::uint32_t>(part)});
        break;
      default:
        break;
    }
  }

  void add(FrameNote& note) {
    note.time = now();
    const std::lock_guard lock(framesMutex_);
    frames_.push_back(note);
    framesWait_.store(true, std::memory_order_relaxed);
  }

  void takeFrames() {
    if (!framesWait_.load(std::memory_order_relaxed)) return;  // what comes just now is taken by the next step
    {
      const std::lock_guard lock(framesMutex_);
      std::swap(frames_, taken_);
      framesWait_.store(false, std::memory_order_relaxed);
    }
    for (const FrameNote& note : taken_) {
      begin(note.kind);
      events_.number(note.serial);
      if (note.kind == RecordKind::FrameBegan) {
        events_.number(note.snapshot);
        events_.number(note.thread);
      }
      events_.number(note.time);
      if (note.kind == RecordKind::FrameBegan) events_.text(note.label.data());
      if (note.kind == RecordKind::FrameEnded) {
        events_.rows(note.usedCount);
        for (std::size_t i = 0; i < note.usedCount; ++i) {
          events_.row({static_cast<std::uint32_t>(note.used[i].queue), note.used[i].value});
        }
      }
      end();
    }
    taken_.clear();
  }

  struct IdleRun {
    std::uint64_t count = 0;
    std::uint64_t began = 0;
    std::uint64_t took = 0;   ///< From the first one's beginning to the last one's end.
    std::uint64_t spent = 0;  ///< In them.
  };

  const Clock::time_point start_ = Clock::now();
  std::optional<RecordingDevice> device_;
  EventWords events_;
  LookCounts looks_;
  std::uint64_t began_ = 0;  ///< The running step, or publish.
  std::uint64_t ended_ = 0;  ///< The last one.
  std::uint64_t flushed_ = 0;
  bool stepping_ = false;                                                          ///< A step is held back.
  IdleRun idle_;                                                                   ///< That are not written yet.
  std::array<std::uint64_t, numberCount(RecordKind::Step) - 1> asked_{};           ///< Of the running step.
  std::array<std::uint64_t, numberCount(RecordKind::Step) - 1> lastAsked_{kNone};  ///< Of the last one.
  std::array<std::uint64_t, numberCount(RecordKind::Stepped) - 2> lastDone_{};     ///< By it.
  bool closed_ = false;
  sync::Atomic<std::uint64_t> eventCount_{0};
  sync::Atomic<bool> framesWait_{false};
  sync::Mutex framesMutex_;
  std::vector<FrameNote> frames_;  ///< Guarded by it.
  std::vector<FrameNote> taken_;
  BlockWriter writer_;
};

Result<std::unique_ptr<Recorder>> Recorder::create(const std::filesystem::path& file) {
  const std::string name = file.filename().string();
  errno = 0;
  std::ofstream stream(file, std::ios::binary | std::ios::trunc);
  if (!stream || !writeFileHead(stream)) {
    Error error = makeError(ErrorCode::FileError, name, std::source_location::current());
    error.nativeCode = errno;
    return Unexpected(error);
  }
  return std::unique_ptr<Recorder>(new Recorder(std::make_unique<Impl>(std::move(stream), name)));
}

Recorder::Recorder(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Recorder::~Recorder() {
  impl_->close();
}

Journal& Recorder::journal() noexcept {
  return *impl_;
}

Result<void> Recorder::close() {
  impl_->close();
  const std::optional<Error> failed = impl_->error();
  return failed ? Result<void>(Unexpected(*failed)) : Result<void>{};
}

std::optional<Error> Recorder::error() const {
  return impl_->error();
}
std::uint64_t Recorder::events() const noexcept {
  return impl_->events();
}
ByteCount Recorder::fileBytes() const noexcept {
  return impl_->fileBytes();
}

}  // namespace flux
