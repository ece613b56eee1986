#include <flux/recorder.hpp>

#include "base/fixed_name.hpp"
#include "base/out_of_line.hpp"
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
    end(begin(RecordKind::End));
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
    const std::size_t rows = call.parts.size() + call.updates.size() + call.ids.size();  // all but one are empty
    EventWords::Event event = begin(call.kind, call.byProducer, rows);
    event.number(packed(call.block));
    event.numbers(std::span(call.numbers).first(numberCount(call.kind) - 1));
    if (hasText(call.kind)) event.text(call.text);
    if (columnCount(call.kind) != 0) {
      event.number(rows);
      writeRows(event, call);
    }
    end(event);
  }

  std::uint64_t see(RecordKind what, std::uint64_t value, std::uint32_t which) override {
    LookCounts::Look& look = looks_.of(what, which);
    ++look.count;
    if (value == look.expected && what != RecordKind::SubmitValue) return value;
    return noteLook(what, value, which, look);
  }

  void did(RecordKind what, std::initializer_list<std::uint64_t> numbers, std::string_view text) override {
    if (closed_) return;  // chunks go after all else
    if (what == RecordKind::Stepped || what == RecordKind::Published) return endTimed(what, numbers);
    EventWords::Event event = begin(what);
    event.numbers(numbers);
    if (hasText(what)) event.text(text);
    end(event);
  }

  // ---- Of any thread ------------------------------------------------------------------------------------

  void frameBegan(std::uint64_t serial, const char* label, std::uint64_t thread, SnapshotNumber snapshot) override {
    note(RecordKind::FrameBegan, serial, [&](FrameNote& note) {
      note.snapshot = snapshot;
      note.thread = thread;
      copyName(note.label, label);
    });
  }
  void frameSubmits(std::uint64_t serial) override {
    note(RecordKind::FrameSubmits, serial, [](FrameNote&) {});
  }
  void frameEnded(std::uint64_t serial, std::span<const QueueValue> submitted) override {
    note(RecordKind::FrameEnded, serial, [&](FrameNote& note) {
      note.usedCount = submitted.size();
      std::copy(submitted.begin(), submitted.end(), note.used.begin());
    });
  }

  [[nodiscard]] std::optional<Error> error() const { return writer_.error(); }
  [[nodiscard]] std::uint64_t events() const noexcept { return eventCount_.load(std::memory_order_relaxed); }
  [[nodiscard]] ByteCount fileBytes() const noexcept { return writer_.fileBytes(); }

 private:
  [[nodiscard]] std::uint64_t now() const {
    return static_cast<std::uint64_t>(
        std::chrono::duration_cast<std::chrono::nanoseconds>(Clock::now() - start_).count());
  }

  EventWords::Event begin(RecordKind kind, bool byProducer = false, std::size_t rows = 0) {
    const std::size_t words = EventWords::mostWords(rows);
    if (stepping_ || idle_.count != 0 || !events_.hasRoom(words)) [[unlikely]]
      makeReady(words);
    return events_.begin(kind, byProducer);
  }
  FLUX_OUT_OF_LINE void makeReady(std::size_t words) {
    writeHeldBack();
    if (!events_.hasRoom(words)) startBlock(words);
  }
  void end(const EventWords::Event& event) {
    events_.end(event);
    eventCount_.store(eventCount_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  }

  FLUX_OUT_OF_LINE std::uint64_t noteLook(RecordKind what, std::uint64_t value, std::uint32_t which,
                                          LookCounts::Look& look) {
    const std::uint64_t expected = std::exchange(look.expected, LookCounts::after(what, value));
    if (value == expected) return value;
    EventWords::Event event = begin(what);
    event.numbers({which, look.count, value});
    end(event);
    return value;
  }

  /// A step or a publish has ended.
  FLUX_OUT_OF_LINE void endTimed(RecordKind what, std::initializer_list<std::uint64_t> numbers) {
    ended_ = now();
    if (what != RecordKind::Stepped || !countIdleStep(numbers)) {
      EventWords::Event event = begin(what);
      event.numbers(numbers);
      event.numbers({began_, ended_ - began_});
      end(event);
    }
    if (ended_ - flushed_ > kBlockAge) flush();
  }

  // ---- Steps in which nothing happens: they are counted -------------------------------------------------

  /// Held back until something happens in it.
  FLUX_OUT_OF_LINE void beginStep(const Call& call) {
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
      EventWords::Event event = begin(RecordKind::IdleSteps);
      event.numbers({packed(BlockHandle{}), idle.count, idle.began, idle.took, idle.spent});
      end(event);
    }
    if (!stepping) return;
    lastAsked_ = asked_;
    EventWords::Event event = begin(RecordKind::Step);
    event.number(packed(BlockHandle{}));
    event.numbers(asked_);
    end(event);
  }

  FLUX_OUT_OF_LINE void flush() {
    flushed_ = ended_;
    if (idle_.count != 0) writeHeldBack();
    if (!events_.empty()) startBlock(0);
  }
  /// Hands over what there is; for an event of so many words there is room then.
  FLUX_OUT_OF_LINE void startBlock(std::size_t words) {
    EventBlock full = events_.take(writer_.spare(std::max(kBlockWords, words)));
    // What cannot be written is dropped here, and all that comes after it.
    if (full.size != 0) writer_.push(std::move(full));
  }

  void writeDevice(const DeviceCaps& caps) {
    EventWords::Event event = begin(RecordKind::Device, false, caps.partAlignmentBytes.size());
    event.numbers(numbersOf(caps));
    event.text(caps.deviceName);
    event.number(caps.partAlignmentBytes.size());
    for (const std::uint32_t alignment : caps.partAlignmentBytes) event.number(alignment);
    end(event);
  }
  void writePool(const PoolDesc& desc) {
    EventWords::Event event = begin(RecordKind::Pool);
    event.numbers(numbersOf(desc));
    end(event);
  }

  static void writeRows(EventWords::Event& event, const Call& call) {
    for (const PartDesc& part : call.parts) {
      event.numbers({static_cast<std::uint64_t>(part.kind), part.bytes, sourceNumber(part.source, part.kept),
                     part.source.data().size()});
    }
    for (const PartUpdate& update : call.updates) {
      event.numbers({static_cast<std::uint32_t>(update.part), update.offset, update.bytes,
                     sourceNumber(update.source, false), update.source.data().size()});
    }
    for (const PartId part : call.ids) event.number(static_cast<std::uint32_t>(part));
  }

  template <class Fill>
  void note(RecordKind kind, std::uint64_t serial, const Fill& fill) {
    const std::uint64_t time = now();
    const std::lock_guard lock(framesMutex_);
    FrameNote& note = frames_.emplace_back();
    note.kind = kind;
    note.serial = serial;
    note.time = time;
    fill(note);
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
      EventWords::Event event = begin(note.kind, false, note.usedCount);
      event.number(note.serial);
      if (note.kind == RecordKind::FrameBegan) {
        event.number(note.snapshot);
        event.number(note.thread);
      }
      event.number(note.time);
      if (note.kind == RecordKind::FrameBegan) event.text(note.label.data());
      if (note.kind == RecordKind::FrameEnded) {
        event.number(note.usedCount);
        for (std::size_t i = 0; i < note.usedCount; ++i) {
          event.numbers({static_cast<std::uint32_t>(note.used[i].queue), note.used[i].value});
        }
      }
      end(event);
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
