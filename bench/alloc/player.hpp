#pragma once

/// Plays precomputed operations on an allocator. A workload sees the `Player`; which allocator it is, is compiled in.

#include <flux/types.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "latency.hpp"

namespace flux::bench {

/// Frees what the slot holds, if anything; then allocates for it, unless `bytes` is 0. So one operation is an
/// allocation, a free, or a pair of both.
struct Operation {
  std::uint32_t slot = 0;
  std::uint32_t bytes = 0;
};

struct Place {
  std::uint32_t chunk = 0;
  ByteOffset offset = 0;
};

/// A live range of an allocator of one space that knows it by its place alone.
struct HeldBytes {
  ByteOffset offset = 0;
  ByteCount bytes = 0;
  explicit operator bool() const { return bytes != 0; }
};

/// Device memory that an allocator stands for.
struct Footprint {
  ByteCount reservedBytes = 0;
  std::uint32_t chunks = 0;
  std::uint64_t chunksMade = 0;  ///< Device allocations so far.
};

/// What a workload needs of an allocator. `Held` names a live range; a default one names none.
template <class T>
concept Allocator = requires(T allocator, const T& asked, typename T::Held held, ByteCount bytes) {
  { allocator.allocate(bytes) } -> std::same_as<typename T::Held>;
  {allocator.free(held)};
  {static_cast<bool>(held)};
  { asked.place(held) } -> std::same_as<Place>;
  { asked.footprint() } -> std::same_as<Footprint>;
};

class Player {
 public:
  virtual ~Player() = default;
  Player() = default;
  Player(const Player&) = delete;
  Player& operator=(const Player&) = delete;

  virtual void play(std::span<const Operation> operations) = 0;
  /// Measures each allocation and each free by itself.
  virtual void play(std::span<const Operation> operations, Latencies& latencies) = 0;
  /// Stops at the first failure; false if there was one.
  [[nodiscard]] virtual bool playAll(std::span<const Operation> operations) = 0;

  [[nodiscard]] virtual std::uint64_t failures() const = 0;
  [[nodiscard]] virtual Footprint footprint() const = 0;

  /// What is wrong with the live ranges, if anything: two overlap, one ends outside of its chunk (`spaceBytes`, if not
  /// 0), or one begins at no multiple of `alignment`. `bytes`: what each slot asked for last.
  [[nodiscard]] std::optional<std::string> check(std::span<const std::uint32_t> bytes, ByteCount alignment,
                                                 ByteCount spaceBytes = 0) const;

 protected:
  struct SlotPlace {
    std::uint32_t slot = 0;
    Place place;
  };
  /// Of all slots that hold something.
  [[nodiscard]] virtual std::vector<SlotPlace> places() const = 0;
};

template <Allocator A>
class PlayerOf final : public Player {
 public:
  template <class... Arguments>
  explicit PlayerOf(std::size_t slots, Arguments&&... arguments)
      : allocator_(std::forward<Arguments>(arguments)...), held_(slots) {}

  void play(std::span<const Operation> operations) override {
    for (const Operation& operation : operations) {
      typename A::Held& held = held_[operation.slot];
      if (held) {
        allocator_.free(held);
        held = {};
      }
      if (operation.bytes == 0) continue;
      held = allocator_.allocate(operation.bytes);
      if (!held) ++failures_;
    }
  }

  void play(std::span<const Operation> operations, Latencies& latencies) override {
    for (const Operation& operation : operations) {
      typename A::Held& held = held_[operation.slot];
      if (held) {
        latencies.free.measure([&] { allocator_.free(held); });
        held = {};
      }
      if (operation.bytes == 0) continue;
      latencies.allocate.measure([&] { held = allocator_.allocate(operation.bytes); });
      if (!held) ++failures_;
    }
  }

  bool playAll(std::span<const Operation> operations) override {
    for (const Operation& operation : operations) {
      typename A::Held& held = held_[operation.slot];
      if (held) allocator_.free(held);
      held = operation.bytes != 0 ? allocator_.allocate(operation.bytes) : typename A::Held{};
      if (!held && operation.bytes != 0) return false;
    }
    return true;
  }

  [[nodiscard]] std::uint64_t failures() const override { return failures_; }
  [[nodiscard]] Footprint footprint() const override { return allocator_.footprint(); }

 private:
  [[nodiscard]] std::vector<SlotPlace> places() const override {
    std::vector<SlotPlace> places;
    for (std::uint32_t slot = 0; slot < held_.size(); ++slot) {
      if (held_[slot]) places.push_back({slot, allocator_.place(held_[slot])});
    }
    return places;
  }

  A allocator_;
  std::vector<typename A::Held> held_;
  std::uint64_t failures_ = 0;
};

/// One space.
struct OneSpace {
  ByteCount bytes = 0;
  ByteCount alignment = 16;  ///< Of every offset.
};

/// Chunks, added when nothing fits.
struct Growing {
  ByteCount chunkBytes = 16 * kMiB;
  ByteCount firstChunkBytes = 16 * kMiB;  ///< Further ones double up to `chunkBytes`.
  std::uint32_t emptyChunksKept = 1;
  std::uint32_t mostChunks = ~0U;  ///< Then requests fail.
};

/// Who takes part, and how a workload gets a fresh one. `Setup` is `OneSpace` or `Growing`.
template <class Setup>
struct Contestant {
  std::string name;
  /// Live ranges in one space, or chunks, up to which a measurement ends in reasonable time.
  std::uint32_t most = ~0U;
  std::function<std::unique_ptr<Player>(std::size_t slots, const Setup& setup)> make;
};

template <Allocator A, class Setup>
Contestant<Setup> contestant(std::string name, std::uint32_t most = ~0U) {
  return {std::move(name), most,
          [](std::size_t slots, const Setup& setup) { return std::make_unique<PlayerOf<A>>(slots, setup); }};
}

}  // namespace flux::bench
