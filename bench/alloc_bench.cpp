#include "alloc/range_allocator.hpp"

#include <benchmark/benchmark.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <random>
#include <vector>

#include "best_fit_baseline.hpp"

// Range allocator against exact best fit with ordered containers: time of an alloc and free pair, and packing.
// Sizes are log-uniform from 256 B to 64 KiB, in units of 16 bytes.

namespace flux::bench {
namespace {

constexpr std::uint32_t kChunkUnits = 1U << 20U;  // 16 MiB

class FluxRanges {
 public:
  struct Held {
    RangeId id;
    std::uint32_t units = 0;
  };

  void addSpace(std::uint32_t space, std::uint32_t units) { ranges_.addSpace(space, units); }
  std::optional<Held> allocate(std::uint32_t units) {
    const RangeAllocator::Allocation allocation = ranges_.allocate(units);
    if (allocation.status != RangeStatus::Ok) return std::nullopt;
    return Held{allocation.range.id, units};
  }
  void free(const Held& held) { ranges_.free(held.id); }

 private:
  RangeAllocator ranges_;
};

class BaselineRanges {
 public:
  struct Held {
    BestFitBaseline::Place place;
    std::uint32_t units = 0;
  };

  void addSpace(std::uint32_t space, std::uint32_t units) { ranges_.addSpace(space, units); }
  std::optional<Held> allocate(std::uint32_t units) {
    const std::optional<BestFitBaseline::Place> place = ranges_.allocate(units);
    if (!place) return std::nullopt;
    return Held{*place, units};
  }
  void free(const Held& held) { ranges_.free(held.place, held.units); }

 private:
  BestFitBaseline ranges_;
};

/// Random sizes, drawn before the measurement.
class Draws {
 public:
  Draws() : values_(1U << 16U) {
    std::mt19937 random(7);
    for (Draw& value : values_) {
      const std::uint32_t octave = 16U << static_cast<std::uint32_t>(random()) % 8U;
      value = {octave + static_cast<std::uint32_t>(random()) % octave, static_cast<std::uint32_t>(random())};
    }
  }

  struct Draw {
    std::uint32_t units = 0;
    std::uint32_t which = 0;
  };
  const Draw& next() { return values_[at_++ % values_.size()]; }

 private:
  std::vector<Draw> values_;
  std::size_t at_ = 0;
};

/// A full set of live ranges, of which `exchange` frees any one and allocates another.
template <class Ranges>
class Churn {
 public:
  Churn(std::size_t live, std::uint32_t spaceUnits) : spaceUnits_(spaceUnits) {
    held_.reserve(live);
    while (held_.size() < live) held_.push_back(take(draws_.next().units));
    for (std::size_t i = 0; i < 2 * live; ++i) exchange();
  }

  void exchange() {
    const Draws::Draw& draw = draws_.next();
    typename Ranges::Held& held = held_[draw.which % held_.size()];
    liveUnits_ -= held.units;
    ranges_.free(held);
    held = take(draw.units);
  }

  [[nodiscard]] std::uint32_t spaces() const { return spaces_; }
  [[nodiscard]] double reservedOverLive() const {
    return static_cast<double>(spaces_) * spaceUnits_ / static_cast<double>(liveUnits_);
  }

 private:
  typename Ranges::Held take(std::uint32_t units) {
    liveUnits_ += units;
    for (;;) {
      if (const auto held = ranges_.allocate(units)) return *held;
      ranges_.addSpace(spaces_++, spaceUnits_);
    }
  }

  Draws draws_;
  Ranges ranges_;
  std::uint32_t spaceUnits_;
  std::uint32_t spaces_ = 0;
  std::uint64_t liveUnits_ = 0;
  std::vector<typename Ranges::Held> held_;
};

template <class Ranges>
void oneSpace(benchmark::State& state) {
  Churn<Ranges> churn(static_cast<std::size_t>(state.range(0)), ~0U);
  for (auto _ : state) churn.exchange();
}

template <class Ranges>
void chunks(benchmark::State& state) {
  Churn<Ranges> churn(static_cast<std::size_t>(state.range(0)), kChunkUnits);
  for (auto _ : state) churn.exchange();
  state.counters["chunks"] = churn.spaces();
  state.counters["reserved/live"] = churn.reservedOverLive();
}

BENCHMARK(oneSpace<FluxRanges>)->Name("alloc+free/one space/flux")->RangeMultiplier(10)->Range(1000, 1000000);
BENCHMARK(oneSpace<BaselineRanges>)->Name("alloc+free/one space/map+set")->RangeMultiplier(10)->Range(1000, 1000000);
BENCHMARK(chunks<FluxRanges>)->Name("alloc+free/16 MiB chunks/flux")->RangeMultiplier(10)->Range(1000, 1000000);
BENCHMARK(chunks<BaselineRanges>)->Name("alloc+free/16 MiB chunks/map+set")->RangeMultiplier(10)->Range(1000, 1000000);

}  // namespace
}  // namespace flux::bench
