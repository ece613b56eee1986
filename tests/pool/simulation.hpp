#pragma once

/// An application that does at random whatever a pool can be asked for, on a device that may be late and may fail, and
/// compares everything with a plain model.

#include "pool/pool_test_tools.hpp"
#include "pool/simulation_model.hpp"

#include <flux/decorators.hpp>
#include <flux/passing_device.hpp>

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <random>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

namespace flux::test {

struct SimulationDesc {
  std::uint32_t seed = 1;
  PoolDesc pool;
  bool budgets = false;     ///< Limits of device memory fall and rise.
  bool faults = false;      ///< Calls of the driver fail.
  bool stalls = false;      ///< Queues stand still for a while.
  bool overwrites = false;  ///< Some parts are updated in place.
  std::uint32_t maxAllocations = 4096;
};

/// Anything of the above, and of what a pool may be told.
[[nodiscard]] SimulationDesc randomSimulation(std::uint32_t seed);
[[nodiscard]] std::string describe(const SimulationDesc& desc);

class Simulation {
 public:
  explicit Simulation(const SimulationDesc& desc);

  /// So many random operations; then everything arrives, is looked at, and goes.
  void run(int operations);
  /// Of moments of a run in which the pool is to be looked at from outside.
  void onLook(std::function<void(const Pool&, int operation)> look) { look_ = std::move(look); }

  [[nodiscard]] const PoolStats stats() const { return pool_->stats(); }
  /// Contents that simulated draws have found to be right.
  [[nodiscard]] std::uint64_t verified() const { return verified_; }
  [[nodiscard]] std::uint64_t failures() const { return failures_; }

 private:
  /// A device whose budget the test decides.
  class BudgetDevice : public PassingDevice {
   public:
    using PassingDevice::PassingDevice;
    MemoryBudget budget() override { return {bytes, 0, true}; }
    ByteCount bytes = kGiB;
  };
  /// An application's frame on the simulated GPU: reads that complete late, and what they should find.
  struct Submitted {
    struct Expected {
      std::shared_ptr<const ContentHistory> history;  ///< Null: `version` is the hash.
      std::uint64_t version = 0;
    };
    TimelineValue value = 0;
    std::vector<std::uint64_t> hashes;
    std::vector<Expected> expected;
  };
  struct Reading {
    Readback bytes;
    std::size_t size = 0;
    std::shared_ptr<const ContentHistory> history;
  };
  struct Operation {
    std::uint32_t weight;
    void (Simulation::*run)();
  };
  static const std::vector<Operation> kOperations;

  [[nodiscard]] std::uint32_t below(std::uint32_t bound) { return static_cast<std::uint32_t>(random_() % bound); }
  [[nodiscard]] bool chance(std::uint32_t outOf) { return below(outOf) == 0; }

  // What is asked of the pool.
  void add();
  void addParts();
  void addShared();
  void update();
  void overwrite();
  void removeParts();
  void remove();
  void owners();
  void pin();
  void request();
  void demote();
  void goal();
  void readBack();
  void step();
  void beginFrame();
  void endFrame();
  // What happens to it.
  void setBudget();
  void failCalls();
  void stall();
  void submitBeside();

  [[nodiscard]] std::size_t size() { return 1 + below(chance(10) ? 40000 : 2000); }
  [[nodiscard]] PartKind kind() { return static_cast<PartKind>(below(kPartKindCount)); }
  std::vector<PartDesc> newParts(std::uint32_t count, ContentVersion version);
  [[nodiscard]] Source sourceOf(const ModelPart& part, ContentVersion version, std::span<const std::byte> bytes);
  static bool fill(void* simulation, const FillRequest& request);
  [[nodiscard]] ModelBlock* anyBlock();
  void die(ModelBlock& model);
  void forgetGone();

  // What is held to.
  [[nodiscard]] bool allowed(const Error& error) const;
  [[nodiscard]] static bool isFault(const Error& error);
  template <class Call>
  std::invoke_result_t<Call> call(const Call& make);
  void checkInvariants();
  void checkModel() const;
  void checkPins();
  void checkOwners() const;
  void look(const Frame& frame, const ModelBlock& model, Submitted& submitted, std::vector<HostRead>& reads);
  void collect();
  void expectLimitIsReached() const;
  void calm();
  void bringBack(const ModelBlock& model);
  void expectAllRight();
  void expectNothingLeft();

  SimulationDesc desc_;
  std::mt19937 random_;
  std::deque<std::unique_ptr<Submitted>> gpu_;  ///< The device writes there as long as it lives.
  std::unique_ptr<HostDevice> host_;
  std::unique_ptr<Device> checked_;
  BudgetDevice budget_;
  std::unique_ptr<FaultyDevice> faulty_;
  std::unique_ptr<Pool> pool_;
  Producer producer_;  ///< Of the same thread: it asks, and the next step does it.
  bool instructed_ = false;
  std::chrono::steady_clock::time_point now_{std::chrono::hours{1}};
  int stalled_ = 0;  ///< Operations until the queues go on.
  ByteCount reservedBefore_ = 0;
  ByteCount limitBefore_ = 0;
  std::uint32_t waitingBlocks_ = 0;  ///< After the last step.
  bool toldOverLimit_ = false;       ///< Since the limits were set last.
  std::uint32_t nextKey_ = 0;
  std::vector<ModelBlock> blocks_;
  std::vector<ModelPart> newParts_;
  std::vector<Frame> frames_;
  std::vector<Reading> readings_;
  std::function<void(const Pool&, int)> look_;
  std::uint64_t verified_ = 0;
  std::uint64_t failures_ = 0;
};

}  // namespace flux::test
