#pragma once

/// A deterministic scheduler: runs a small scenario of several fibers again and again, until every interleaving of
/// their steps has been seen, up to the order of steps that do not touch the same thing.

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace flux::explorer {

inline constexpr std::uint32_t kMaxFibers = 8;

enum class Access : std::uint8_t { Read, Write };

/// Something that fibers share. Made in the same order in every run, so that its number names it.
class Object {
 public:
  explicit Object(const char* name);
  Object(const Object&) = delete;
  Object& operator=(const Object&) = delete;

  [[nodiscard]] const char* name() const noexcept { return name_; }
  [[nodiscard]] std::uint32_t number() const noexcept { return number_; }

 private:
  const char* name_;
  std::uint32_t number_;
};

/// A bit an object. Objects beyond the last bit share bits with others: then steps count as dependent that are not,
/// which costs time (a scenario of some 70 objects took forty times as long with 64 bits) and hides nothing.
class ObjectSet {
 public:
  static constexpr std::size_t kBits = 256;

  void add(std::uint32_t number) noexcept { words_[number % kBits / 64] |= std::uint64_t{1} << (number % 64); }
  [[nodiscard]] bool meets(const ObjectSet& other) const noexcept {
    std::uint64_t common = 0;
    for (std::size_t i = 0; i < words_.size(); ++i) common |= words_[i] & other.words_[i];
    return common != 0;
  }
  template <class Visit>
  void forEach(const Visit& visit) const {
    for (std::size_t i = 0; i < words_.size(); ++i) {
      for (std::uint64_t bits = words_[i]; bits != 0; bits &= bits - 1) {
        visit(i * 64 + static_cast<std::size_t>(std::countr_zero(bits)));
      }
    }
  }
  friend bool operator==(const ObjectSet&, const ObjectSet&) = default;

 private:
  std::array<std::uint64_t, kBits / 64> words_{};
};

/// What one step touches.
struct Touch {
  ObjectSet reads;
  ObjectSet writes;
  bool conditional = false;  ///< Cannot always be taken, for another reason than a mutex that is held.
  const char* what = "";
  const Object* object = nullptr;  ///< One of them, for traces.

  void add(const Object& object, Access access);
};

// ---- Called by fibers. Outside of them (while a scenario is made, and after its fibers) steps just happen. ----

/// A step: hands control to the scheduler, and returns when it is this fiber's turn. What the fiber does from here to
/// its next step must touch nothing shared but `touch`.
void step(const Touch& touch);
void step(const Object& object, Access access, const char* what);

/// A step that can only be taken while `ready(context)`, which may read `object` and nothing else that changes.
void await(const Object& object, Access access, const char* what, bool (*ready)(const void*), const void* context);
template <class Ready>
void await(const Object& object, Access access, const char* what, const Ready& ready) {
  await(
      object, access, what, [](const void* context) { return (*static_cast<const Ready*>(context))(); }, &ready);
}

/// A mutex: a step that can only be taken while `*held` is false and makes it true; and what ends that.
void lock(const Object& mutex, bool* held);
void unlock(const Object& mutex, bool* held);

/// One of [0, count): every one of them, one after the other. 0 outside of fibers.
std::uint32_t choose(std::uint32_t count);

/// Ends the exploration with a message. The fibers are left as they are.
[[noreturn]] void fail(std::string_view message);
inline void check(bool condition, std::string_view message) {
  if (!condition) fail(message);
}

/// While it lives, its fiber may take so many steps; one more fails with the message. For calls that must not wait.
class StepLimit {
 public:
  StepLimit(std::uint32_t steps, const char* message);
  ~StepLimit();
  StepLimit(const StepLimit&) = delete;
  StepLimit& operator=(const StepLimit&) = delete;
};

// ---- Called by programs. ----

/// One run of what is explored: made anew for each, outside of the fibers.
class Scenario {
 public:
  Scenario() = default;
  Scenario(const Scenario&) = delete;
  Scenario& operator=(const Scenario&) = delete;
  virtual ~Scenario() = default;

  /// Adds the fibers, at most `kMaxFibers`, with `addFiber` and `addDaemon`.
  virtual void start() = 0;
  /// After the last step, outside of the fibers.
  virtual void finish() {}
};

/// The fiber must come to its end in every run.
void addFiber(const char* name, std::function<void()> body);
/// The fiber may be left waiting when nobody else can take a step: a queue of a device, say. It is not unwound then, so
/// what is on its stack must own nothing.
void addDaemon(const char* name, std::function<void()> body);

struct Options {
  bool reduce = true;             ///< false: all interleavings, also those that differ in independent steps only.
  std::uint32_t maxSteps = 5000;  ///< Of one run; one more is a failure.
  std::string replay;             ///< A schedule: run it alone, and trace it.
};

struct Outcome {
  std::uint64_t interleavings = 0;  ///< That differ.
  std::uint64_t redundant = 0;      ///< Runs that turned out to be like an earlier one.
  std::uint64_t steps = 0;
  std::string failure;   ///< Empty: nothing went wrong.
  std::string schedule;  ///< Of the failure, for `Options::replay`.
  std::string trace;     ///< One line a step, of the failure or the replay.
};

using MakeScenario = std::function<std::unique_ptr<Scenario>()>;

/// Explores until all has been seen, or until something fails. A deadlock is a failure. After one the scenario that
/// failed is not destroyed: its fibers are in the middle of something.
///
/// The interleavings are found by dynamic partial-order reduction with source sets and sleep sets: P. Abdulla, S.
/// Aronis, B. Jonsson, K. Sagonas, "Optimal dynamic partial order reduction", POPL 2014.
Outcome explore(const MakeScenario& make, const Options& options = {});

/// `main` of a program that explores named scenarios: all, or those named by arguments; `--replay SCHEDULE` for one of
/// them.
struct NamedScenario {
  const char* name;
  MakeScenario make;
};
int explorerMain(int argc, char** argv, std::initializer_list<NamedScenario> scenarios);

}  // namespace flux::explorer
