#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <thread>
#include <vector>

#include "cow_table.hpp"
#include "locked_map_table.hpp"
#include "ring_table.hpp"

namespace flux::bench {

/// The tables that are written while they are read.
enum class Table : std::uint8_t { Ring, Cow, LockedMap };
inline constexpr std::size_t kTables = 3;

struct Tables {
  explicit Tables(std::uint32_t blocks) : ring(blocks), cow(blocks), lockedMap(blocks) {}
  RingTable ring;
  CowTable cow;
  LockedMapTable lockedMap;
};

/// The geometry thread, a thousand steps a second: each changes ten blocks and publishes them, in the table that is
/// measured just now. Late steps are made up for.
class Writer {
 public:
  Writer(Tables& tables, std::uint32_t blocks);
  ~Writer() { stop(); }
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  /// Any thread.
  void choose(Table table) { table_.store(table, std::memory_order_relaxed); }
  /// Ends the thread; what follows is valid then.
  void stop();

  struct Samples {
    std::vector<double> cpuNanoseconds;
    std::vector<double> wallNanoseconds;
  };
  /// Of one update: the mean of a step's ten, since the processor's clock of a thread is no finer than one of them.
  [[nodiscard]] const Samples& updates(Table table) const { return updates_[static_cast<std::size_t>(table)]; }
  /// Empty for the map, whose updates are seen at once.
  [[nodiscard]] const Samples& publishes(Table table) const { return publishes_[static_cast<std::size_t>(table)]; }
  [[nodiscard]] double updatesPerSecond() const;
  [[nodiscard]] std::uint64_t deferredPublishes() const { return deferred_; }

 private:
  void run();

  Tables& tables_;
  std::vector<std::uint32_t> order_;
  std::atomic<Table> table_{Table::Ring};
  std::atomic<bool> stop_{false};
  std::array<Samples, kTables> updates_;
  std::array<Samples, kTables> publishes_;
  std::uint64_t deferred_ = 0;
  std::int64_t ranNanoseconds_ = 0;
  std::thread thread_;
};

}  // namespace flux::bench
