#include "explorer/explorer.hpp"

#include "base/sync.hpp"

#include <algorithm>
#include <map>
#include <mutex>
#include <random>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace flux::explorer {
namespace {

using Bodies = std::vector<std::function<void()>>;

/// A scenario from functions; `State` is made anew for each run.
template <class State>
Outcome exploreWith(const std::function<Bodies(State&)>& fibers, const std::function<void(State&)>& finish = {},
                    const Options& options = {}) {
  class Made : public Scenario {
   public:
    Made(const std::function<Bodies(State&)>& fibers, const std::function<void(State&)>& finish)
        : fibers_(fibers), finish_(finish) {}
    void start() override {
      for (std::function<void()>& body : fibers_(state_)) addFiber("fiber", std::move(body));
    }
    void finish() override {
      if (finish_) finish_(state_);
    }

   private:
    const std::function<Bodies(State&)>& fibers_;
    const std::function<void(State&)>& finish_;
    State state_;
  };
  return explore([&] { return std::make_unique<Made>(fibers, finish); }, options);
}

struct Counter {
  sync::Atomic<int> value{0};
  sync::Atomic<int> other{0};
  sync::Mutex mutex;
  sync::Mutex second;
};

Outcome lostUpdate(const Options& options = {}) {
  return exploreWith<Counter>(
      [](Counter& c) {
        const auto add = [&c] { c.value.store(c.value.load() + 1); };
        return Bodies{add, add};
      },
      [](Counter& c) { check(c.value.load() == 2, "an update is lost"); }, options);
}

TEST(Explorer, FindsALostUpdate) {
  EXPECT_EQ(lostUpdate().failure, "an update is lost");
}

TEST(Explorer, ReplaysAScheduleThatFailed) {
  const Outcome found = lostUpdate();
  ASSERT_FALSE(found.schedule.empty());
  Options replay;
  replay.replay = found.schedule;
  const Outcome again = lostUpdate(replay);
  EXPECT_EQ(again.failure, found.failure);
  EXPECT_EQ(again.schedule, found.schedule);
  EXPECT_NE(again.trace.find("fiber: load atomic"), std::string::npos) << again.trace;
}

TEST(Explorer, RefusesAScheduleOfAnotherScenario) {
  Options replay;
  replay.replay = "1 1 1 1 1 1";
  EXPECT_NE(lostUpdate(replay).failure.find("not one of this scenario"), std::string::npos);
}

TEST(Explorer, FindsNothingWhereAMutexProtects) {
  const Outcome outcome = exploreWith<Counter>(
      [](Counter& c) {
        const auto add = [&c] {
          const std::lock_guard lock(c.mutex);
          c.value.store(c.value.load() + 1);
        };
        return Bodies{add, add, add};
      },
      [](Counter& c) { check(c.value.load() == 3, "an update is lost"); });
  EXPECT_EQ(outcome.failure, "");
  EXPECT_EQ(outcome.interleavings, 6U) << "the orders of three critical sections";
}

TEST(Explorer, FindsADeadlock) {
  const Outcome outcome = exploreWith<Counter>([](Counter& c) {
    const auto both = [](sync::Mutex& first, sync::Mutex& second) {
      const std::lock_guard outer(first);
      const std::lock_guard inner(second);
    };
    return Bodies{[&c, both] { both(c.mutex, c.second); }, [&c, both] { both(c.second, c.mutex); }};
  });
  EXPECT_NE(outcome.failure.find("deadlock: fiber waits to lock mutex"), std::string::npos) << outcome.failure;
}

TEST(Explorer, FindsAFiberThatWaitsInALoop) {
  const Outcome outcome = exploreWith<Counter>([](Counter& c) {
    return Bodies{[&c] {
      while (c.value.load() == 0) {
      }
    }};
  });
  EXPECT_EQ(outcome.failure, "the run does not come to an end");
}

TEST(Explorer, LimitsTheStepsOfACall) {
  const auto limited = [](std::uint32_t steps) {
    return exploreWith<Counter>([steps](Counter& c) {
             return Bodies{[&c, steps] {
               const StepLimit limit(steps, "too long");
               c.value.store(1);
               c.value.store(2);
             }};
           })
        .failure;
  };
  EXPECT_EQ(limited(2), "");
  EXPECT_EQ(limited(1), "too long");
}

/// All orders of two fibers with n steps each: (2n)! / n!².
TEST(Explorer, CountsAllInterleavings) {
  for (const auto& [length, count] : std::map<int, std::uint64_t>{{1, 2}, {2, 6}, {3, 20}, {4, 70}}) {
    const int steps = length;
    const auto fibers = [steps](Counter& c) {
      const auto write = [steps](sync::Atomic<int>& to) {
        for (int i = 0; i < steps; ++i) to.store(i);
      };
      return Bodies{[&c, write] { write(c.value); }, [&c, write] { write(c.value); }};
    };
    EXPECT_EQ(exploreWith<Counter>(fibers).interleavings, count) << "dependent steps: none can be left out";
    const auto independent = [steps](Counter& c) {
      const auto write = [steps](sync::Atomic<int>& to) {
        for (int i = 0; i < steps; ++i) to.store(i);
      };
      return Bodies{[&c, write] { write(c.value); }, [&c, write] { write(c.other); }};
    };
    Options all;
    all.reduce = false;
    EXPECT_EQ(exploreWith<Counter>(independent, {}, all).interleavings, count);
    EXPECT_EQ(exploreWith<Counter>(independent).interleavings, 1U) << "independent steps: one order stands for all";
  }
}

TEST(Explorer, ReadersCommuteWithReadersAlone) {
  const Outcome outcome = exploreWith<Counter>([](Counter& c) {
    const auto read = [&c] { (void)c.value.load(); };
    return Bodies{read, read, [&c] { c.value.store(1); }};
  });
  EXPECT_EQ(outcome.interleavings, 4U) << "each reader before or after the writer";
}

TEST(Explorer, TriesEveryChoice) {
  std::set<std::pair<std::uint32_t, std::uint32_t>> seen;
  exploreWith<Counter>([&](Counter&) {
    return Bodies{[&] {
      const std::uint32_t a = choose(3);
      seen.insert({a, choose(2)});
    }};
  });
  EXPECT_EQ(seen.size(), 6U);
}

TEST(Explorer, ADaemonMayBeLeftWaiting) {
  struct Queue : Scenario {
    Object object{"queue"};
    int submitted = 0;
    int done = 0;
    void start() override {
      addDaemon("device", [this] {
        for (;;) {
          await(object, Access::Write, "take", [this] { return submitted > done; });
          ++done;
        }
      });
      addFiber("application", [this] {
        for (int i = 0; i < 2; ++i) {
          step(object, Access::Write, "submit");
          ++submitted;
        }
      });
    }
    void finish() override { check(done == 2, "work is left"); }
  };
  const Outcome outcome = explore([] { return std::make_unique<Queue>(); });
  EXPECT_EQ(outcome.failure, "");
  EXPECT_EQ(outcome.interleavings, 2U) << "the first piece of work is done before or after the second is submitted";
}

// ---- The reduction loses nothing ---------------------------------------------------------------------------------

/// A made-up program: what each fiber does to three variables and two mutexes.
struct Program {
  struct Operation {
    enum class Kind : std::uint8_t { Load, Add, Lock, Unlock, AwaitEven, Choose } kind;
    std::uint32_t object;
  };
  std::vector<std::vector<Operation>> fibers;
};

Program randomProgram(std::mt19937& random) {
  using Kind = Program::Operation::Kind;
  Program program;
  program.fibers.resize(2 + random() % 2);
  for (auto& fiber : program.fibers) {
    const std::size_t length = 2 + random() % 3;
    for (std::size_t i = 0; i < length; ++i) {
      constexpr std::array kKinds{Kind::Load, Kind::Load, Kind::Add,    Kind::Add,       Kind::Add,
                                  Kind::Lock, Kind::Lock, Kind::Unlock, Kind::AwaitEven, Kind::Choose};
      const Kind kind = kKinds[random() % kKinds.size()];
      const bool mutex = kind == Kind::Lock || kind == Kind::Unlock;
      fiber.push_back({kind, static_cast<std::uint32_t>(random() % (mutex ? 2 : 3))});
    }
  }
  return program;
}

std::string describe(const Program& program) {
  std::string text;
  for (const auto& fiber : program.fibers) {
    for (const auto& [kind, object] : fiber) text += "LAluec"[static_cast<int>(kind)] + std::to_string(object) + " ";
    text += "| ";
  }
  return text;
}

/// Every outcome that the program can have: what each fiber read, what the variables hold in the end, or who waits
/// for ever. Mutexes that are not unlocked are held until the fiber's end, so that orders can deadlock.
std::set<std::string> outcomes(const Program& program, bool reduce, std::uint64_t& runs) {
  using Kind = Program::Operation::Kind;
  std::set<std::string> seen;
  struct Machine : Scenario {
    const Program& program;
    std::set<std::string>& seen;
    std::array<Object, 3> variables{Object("a"), Object("b"), Object("c")};
    std::array<int, 3> values{};
    std::array<Object, 2> mutexes{Object("m"), Object("n")};
    std::array<bool, 2> held{};
    std::vector<std::string> reads;
    Machine(const Program& made, std::set<std::string>& into) : program(made), seen(into), reads(made.fibers.size()) {}

    void start() override {
      for (std::size_t i = 0; i < program.fibers.size(); ++i) addDaemon("fiber", [this, i] { body(i); });
    }
    void body(std::size_t fiber) {
      std::array<bool, 2> mine{};
      for (const auto& [kind, object] : program.fibers[fiber]) {
        switch (kind) {
          case Kind::Load:
            step(variables[object], Access::Read, "load");
            reads[fiber] += std::to_string(values[object]);
            break;
          case Kind::Add:
            step(variables[object], Access::Write, "add");
            reads[fiber] += std::to_string(values[object]++);
            break;
          case Kind::Lock:
            if (mine[object]) break;
            lock(mutexes[object], &held[object]);
            mine[object] = true;
            break;
          case Kind::Unlock:
            if (mine[object]) unlock(mutexes[object], &held[object]);
            mine[object] = false;
            break;
          case Kind::AwaitEven:
            await(variables[object], Access::Read, "await", [this, index = object] { return values[index] % 2 == 0; });
            reads[fiber] += std::to_string(values[object]);
            break;
          case Kind::Choose:
            reads[fiber] += "?" + std::to_string(choose(2));
            break;
        }
      }
      for (std::size_t m = 0; m < mine.size(); ++m) {
        if (mine[m]) unlock(mutexes[m], &held[m]);
      }
      reads[fiber] += "|";
    }
    void finish() override {
      std::string text;
      for (const std::string& read : reads) text += read + " ";
      for (const int value : values) text += std::to_string(value);
      seen.insert(text);
    }
  };
  Options options;
  options.reduce = reduce;
  const Outcome outcome = explore([&] { return std::make_unique<Machine>(program, seen); }, options);
  EXPECT_EQ(outcome.failure, "");
  runs += outcome.interleavings + outcome.redundant;
  return seen;
}

TEST(Explorer, TheReductionLosesNoOutcome) {
  std::mt19937 random(3);
  std::uint64_t all = 0;
  std::uint64_t reduced = 0;
  for (int i = 0; i < 1500; ++i) {
    const Program program = randomProgram(random);
    const std::set<std::string> found = outcomes(program, true, reduced);
    for (const std::string& outcome : outcomes(program, false, all)) {
      ASSERT_TRUE(found.contains(outcome)) << "program " << i << ": " << describe(program) << "\n" << outcome;
    }
  }
  EXPECT_LT(reduced * 5, all) << reduced << " runs instead of " << all;
}

}  // namespace
}  // namespace flux::explorer
