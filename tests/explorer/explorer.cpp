#include "explorer/explorer.hpp"

#include "explorer/search.hpp"

#include <flux/assert.hpp>

#include <ucontext.h>

#include <cctype>
#include <deque>
#include <utility>
#include <vector>

namespace flux::explorer {
namespace {

constexpr std::size_t kStackBytes = 256 * 1024;
constexpr std::uint32_t kNobody = Search::kNobody;

/// A stack of its own, and where it stands.
struct Context {
  ucontext_t context{};
  std::unique_ptr<std::byte[]> stack;

  void prepare(void (*entry)()) {
    if (stack == nullptr) stack = std::unique_ptr<std::byte[]>(new std::byte[kStackBytes]);
    getcontext(&context);
    context.uc_stack.ss_sp = stack.get();
    context.uc_stack.ss_size = kStackBytes;
    makecontext(&context, entry, 0);
  }
};

struct Fiber {
  const char* name = "";
  std::function<void()> body;
  bool daemon = false;
  bool finished = false;
  bool (*ready)(const void*) = nullptr;
  const void* readyContext = nullptr;
  std::uint32_t stepsLeft = 0;  ///< Under a `StepLimit`.
  const char* limit = nullptr;
};

/// What happened, to be told and to be done again: a step of a fiber, or a choice.
struct Event {
  bool isChoice = false;
  std::uint32_t number = 0;  ///< Of the fiber; what was chosen.
  const char* what = "";
  std::string object;
};

/// One exploration. Everything runs on one thread: the driver, which makes and ends each run, and the fibers.
class Exploration {
 public:
  Exploration(const MakeScenario& make, const Options& options)
      : make_(make), options_(options), search_(options.reduce) {
    readSchedule(options.replay);
  }

  Outcome explore();

  [[nodiscard]] bool inFiber() const noexcept { return running_ != kNobody; }
  [[nodiscard]] Fiber& running() noexcept { return fibers_[running_]; }
  [[nodiscard]] std::uint32_t nextObject() noexcept { return objects_++; }

  void add(const char* name, std::function<void()> body, bool daemon);
  void suspend(const Touch& touch, bool (*ready)(const void*), const void* context);
  std::uint32_t choose(std::uint32_t count);
  void release(const Object& object);
  [[noreturn]] void fail(std::string_view message);

 private:
  static void driverLoop();
  static void fiberLoop();
  void run();
  void dispatch();
  std::uint32_t decide();
  void switchTo(std::uint32_t next);
  [[nodiscard]] Search::Fibers enabled() const;
  [[nodiscard]] bool replaying() const noexcept { return !options_.replay.empty(); }
  void readSchedule(const std::string& text);
  void tell();

  const MakeScenario& make_;
  const Options& options_;
  Search search_;
  Outcome outcome_;
  ucontext_t outside_{};
  Context driver_;
  std::array<Context, kMaxFibers> contexts_;
  std::vector<Fiber> fibers_;
  std::array<Touch, kMaxFibers> pending_{};
  std::uint32_t running_ = kNobody;
  std::uint32_t objects_ = 0;
  bool starting_ = false;
  std::vector<Event> events_;                             ///< Of this run.
  std::vector<std::pair<bool, std::uint32_t>> schedule_;  ///< To replay: is it a choice, and its number.
};

Exploration* gExploration = nullptr;

Outcome Exploration::explore() {
  Exploration* before = std::exchange(gExploration, this);
  const AssertHandler handler = setAssertHandler(
      [](const char* invariant, const char*, int) { explorer::fail(std::string("contract broken: ") + invariant); });
  driver_.prepare(&driverLoop);
  for (Context& context : contexts_) context.prepare(&fiberLoop);
  do {
    swapcontext(&outside_, &driver_.context);
    if (!outcome_.failure.empty() || replaying()) {
      tell();
      break;
    }
    ++(search_.redundant() ? outcome_.redundant : outcome_.interleavings);
  } while (search_.next());
  setAssertHandler(handler);
  gExploration = before;
  return std::move(outcome_);
}

void Exploration::driverLoop() {
  for (;;) {
    gExploration->run();
    swapcontext(&gExploration->driver_.context, &gExploration->outside_);
  }
}

void Exploration::fiberLoop() {
  for (;;) {
    gExploration->running().body();
    gExploration->running().finished = true;
    gExploration->pending_[gExploration->running_] = {};
    if (gExploration->starting_) {
      gExploration->switchTo(kNobody);
    } else {
      gExploration->dispatch();
    }
  }
}

void Exploration::run() {
  search_.beginRun();
  events_.clear();
  fibers_.clear();
  pending_ = {};
  objects_ = 0;
  const std::unique_ptr<Scenario> scenario = make_();
  scenario->start();
  starting_ = true;
  for (std::uint32_t i = 0; i < fibers_.size(); ++i) switchTo(i);
  starting_ = false;
  dispatch();

  // Nobody can take a step any more.
  search_.endRun({pending_.data(), fibers_.size()});
  std::string waiting;
  for (std::uint32_t i = 0; i < fibers_.size(); ++i) {
    if (fibers_[i].finished || fibers_[i].daemon) continue;
    waiting += waiting.empty() ? "deadlock: " : ", ";
    waiting += std::string(fibers_[i].name) + " waits to " + pending_[i].what + " " + pending_[i].object->name();
  }
  if (!waiting.empty()) fail(waiting);
  // A daemon that is left waiting is forgotten where it stands; its stack begins anew.
  for (std::uint32_t i = 0; i < fibers_.size(); ++i) {
    if (!fibers_[i].finished) contexts_[i].prepare(&fiberLoop);
  }
  scenario->finish();
}

void Exploration::add(const char* name, std::function<void()> body, bool daemon) {
  if (fibers_.size() == kMaxFibers) fail("too many fibers");
  Fiber& fiber = fibers_.emplace_back();
  fiber.name = name;
  fiber.body = std::move(body);
  fiber.daemon = daemon;
}

void Exploration::suspend(const Touch& touch, bool (*ready)(const void*), const void* context) {
  Fiber& fiber = running();
  if (fiber.limit != nullptr && fiber.stepsLeft-- == 0) fail(fiber.limit);
  pending_[running_] = touch;
  fiber.ready = ready;
  fiber.readyContext = context;
  if (starting_) {
    switchTo(kNobody);
  } else {
    dispatch();
  }
}

Search::Fibers Exploration::enabled() const {
  Search::Fibers result = 0;
  for (std::uint32_t i = 0; i < fibers_.size(); ++i) {
    const Fiber& fiber = fibers_[i];
    if (!fiber.finished && (fiber.ready == nullptr || fiber.ready(fiber.readyContext))) result |= 1U << i;
  }
  return result;
}

std::uint32_t Exploration::decide() {
  const Search::Fibers can = enabled();
  if (replaying() && events_.size() < schedule_.size()) {
    const auto [isChoice, fiber] = schedule_[events_.size()];
    if (isChoice || (can >> fiber & 1U) == 0) fail("the schedule is not one of this scenario");
    return fiber;
  }
  // Starts are in the order of the fibers; after that, whoever runs goes on.
  return search_.pick(can, {pending_.data(), fibers_.size()}, running_);
}

void Exploration::dispatch() {
  const std::uint32_t next = decide();
  if (next != kNobody) {
    const Touch& touch = pending_[next];
    events_.push_back({false, next, touch.what, {}});
    if (replaying() && touch.object != nullptr) {
      events_.back().object = std::string(touch.object->name()) + " " + std::to_string(touch.object->number());
    }
    ++outcome_.steps;
    if (events_.size() > options_.maxSteps) fail("the run does not come to an end");
  }
  if (next != running_) switchTo(next);
}

void Exploration::switchTo(std::uint32_t next) {
  ucontext_t& from = running_ == kNobody ? driver_.context : contexts_[running_].context;
  running_ = next;
  swapcontext(&from, next == kNobody ? &driver_.context : &contexts_[next].context);
}

std::uint32_t Exploration::choose(std::uint32_t count) {
  std::uint32_t chosen = 0;
  if (replaying()) {
    if (events_.size() < schedule_.size()) {
      if (!schedule_[events_.size()].first) fail("the schedule is not one of this scenario");
      chosen = schedule_[events_.size()].second;
    }
  } else {
    chosen = search_.choose(count);
  }
  events_.push_back({true, chosen, "chooses", {}});
  return chosen;
}

void Exploration::release(const Object& object) {
  Touch touch;
  touch.add(object, Access::Write);
  search_.release(running_, touch);
}

void Exploration::fail(std::string_view message) {
  outcome_.failure = message;
  running_ = kNobody;
  setcontext(&outside_);
  std::abort();
}

/// Fibers by number, `*n` for n steps in a row, `?n` for a choice.
void Exploration::tell() {
  std::string& schedule = outcome_.schedule;
  for (std::size_t i = 0; i < events_.size();) {
    std::size_t same = 1;
    while (!events_[i].isChoice && i + same < events_.size() && !events_[i + same].isChoice &&
           events_[i + same].number == events_[i].number) {
      ++same;
    }
    if (!schedule.empty()) schedule += ' ';
    if (events_[i].isChoice) schedule += '?';
    schedule += std::to_string(events_[i].number);
    if (same > 1) schedule += '*' + std::to_string(same);
    i += same;
  }
  std::string_view name;
  for (const Event& event : events_) {
    if (!event.isChoice) name = fibers_[event.number].name;
    outcome_.trace += std::string(name) + ": " + event.what + " " +
                      (event.isChoice ? std::to_string(event.number) : event.object) + "\n";
  }
}

void Exploration::readSchedule(const std::string& text) {
  std::size_t at = 0;
  const auto number = [&] {
    std::uint32_t value = 0;
    while (at < text.size() && std::isdigit(static_cast<unsigned char>(text[at])) != 0) {
      value = value * 10 + static_cast<std::uint32_t>(text[at++] - '0');
    }
    return value;
  };
  while (at < text.size()) {
    const bool isChoice = text[at] == '?';
    if (isChoice) ++at;
    const std::uint32_t value = number();
    std::uint32_t times = 1;
    if (at < text.size() && text[at] == '*') {
      ++at;
      times = number();
    }
    schedule_.insert(schedule_.end(), times, {isChoice, value});
    ++at;  // the space
  }
}

}  // namespace

Object::Object(const char* name) : name_(name), number_(gExploration != nullptr ? gExploration->nextObject() : 0) {}

void Touch::add(const Object& touched, Access access) {
  (access == Access::Read ? reads : writes).add(touched.number());
  object = &touched;
}

void step(const Touch& touch) {
  if (gExploration != nullptr && gExploration->inFiber()) gExploration->suspend(touch, nullptr, nullptr);
}

void step(const Object& object, Access access, const char* what) {
  await(object, access, what, nullptr, nullptr);
}

void await(const Object& object, Access access, const char* what, bool (*ready)(const void*), const void* context) {
  if (gExploration == nullptr || !gExploration->inFiber()) return;
  Touch touch;
  touch.add(object, access);
  touch.what = what;
  touch.conditional = ready != nullptr;
  gExploration->suspend(touch, ready, context);
}

void lock(const Object& mutex, bool* held) {
  if (gExploration != nullptr && gExploration->inFiber()) {
    Touch touch;
    touch.add(mutex, Access::Write);
    touch.what = "lock";
    gExploration->suspend(
        touch, [](const void* context) { return !*static_cast<const bool*>(context); }, held);
  }
  check(!*held, "a mutex is locked twice");
  *held = true;
}

void unlock(const Object& mutex, bool* held) {
  *held = false;
  if (gExploration != nullptr && gExploration->inFiber()) gExploration->release(mutex);
}

std::uint32_t choose(std::uint32_t count) {
  return gExploration != nullptr && gExploration->inFiber() ? gExploration->choose(count) : 0;
}

void fail(std::string_view message) {
  if (gExploration == nullptr) std::abort();
  gExploration->fail(message);
}

StepLimit::StepLimit(std::uint32_t steps, const char* message) {
  if (gExploration == nullptr || !gExploration->inFiber()) return;
  gExploration->running().stepsLeft = steps;
  gExploration->running().limit = message;
}

StepLimit::~StepLimit() {
  if (gExploration != nullptr && gExploration->inFiber()) gExploration->running().limit = nullptr;
}

void addFiber(const char* name, std::function<void()> body) {
  gExploration->add(name, std::move(body), false);
}

void addDaemon(const char* name, std::function<void()> body) {
  gExploration->add(name, std::move(body), true);
}

Outcome explore(const MakeScenario& make, const Options& options) {
  return std::make_unique<Exploration>(make, options)->explore();
}

}  // namespace flux::explorer
