#include "lookups.hpp"

#include <array>
#include <barrier>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "array_table.hpp"
#include "clock.hpp"
#include "draw_list.hpp"
#include "statistics.hpp"
#include "writer.hpp"

namespace flux::bench {
namespace {

enum Kind : std::uint8_t { Array, RingBlock, RingPart, CowBlock, CowPart, LockedMap };
constexpr std::size_t kKinds = 6;

/// Nanoseconds a lookup, by round.
using Times = std::array<std::vector<double>, kKinds>;

/// One render thread. In a slice it records one frame, in several passes over the same blocks, as renderers do (depth,
/// shadows, colour); the first pass is not counted: it has the caches to fill that the slice before this one left.
class Reader {
 public:
  Reader(std::uint32_t blocks, std::uint32_t seed) : handles_(randomHandles(blocks, seed)), draws_(handles_.size()) {}

  /// Nanoseconds a lookup.
  template <class Table, class Lookup>
  double slice(Table& table, int passes, const Lookup& lookup) {
    auto&& view = table.begin();
    pass(view, lookup);
    const double nanoseconds = cpuNanosecondsOf([&] {
      for (int i = 0; i < passes; ++i) pass(view, lookup);
    });
    return nanoseconds / passes / static_cast<double>(handles_.size());
  }

  Times times;

 private:
  template <class View, class Lookup>
  [[gnu::noinline]] void pass(View& view, const Lookup& lookup) {
    recordDraws(handles_, draws_, [&](const BlockHandle& handle) { return lookup(view, handle); });
    asm volatile("" : : "r"(draws_.data()) : "memory");  // the draws are wanted
  }

  std::vector<BlockHandle> handles_;
  std::vector<Draw> draws_;
};

/// Passes in a slice: enough of them for a few updates of the writer.
constexpr int kFastPasses = 16;
constexpr int kSlowPasses = 2;

class Contest {
 public:
  explicit Contest(const LookupRun& run) : run_(run), array_(run.blocks), tables_(run.blocks), together_(run.readers) {
    for (std::uint32_t i = 0; i < run.readers; ++i) readers_.push_back(std::make_unique<Reader>(run.blocks, i));
    clockNanoseconds();
    writer_ = std::make_unique<Writer>(tables_, run.blocks);
    std::vector<std::thread> threads;
    threads.reserve(run.readers);
    for (const auto& reader : readers_) threads.emplace_back([this, &reader] { readRounds(*reader); });
    for (std::thread& thread : threads) thread.join();
    writer_->stop();
  }

  /// The samples of all readers.
  [[nodiscard]] Times times() const {
    Times all;
    for (const auto& reader : readers_) {
      for (std::size_t kind = 0; kind < kKinds; ++kind) {
        all[kind].insert(all[kind].end(), reader->times[kind].begin(), reader->times[kind].end());
      }
    }
    return all;
  }
  [[nodiscard]] const Writer& writer() const { return *writer_; }

 private:
  void readRounds(Reader& reader) {
    for (std::uint32_t round = 0; round < run_.rounds; ++round) {
      // Each round begins with another one, so that none is always behind the same.
      for (std::size_t i = 0; i < kKinds; ++i) {
        const auto kind = static_cast<Kind>((round + i) % kKinds);
        together_.arrive_and_wait();
        writer_->choose(tableOf(kind));
        reader.times[kind].push_back(slice(reader, kind));
      }
    }
  }

  /// The array has no writer: what is written while it is read is the ring, so that the machine is as busy.
  static Table tableOf(Kind kind) {
    if (kind == LockedMap) return Table::LockedMap;
    return kind == CowBlock || kind == CowPart ? Table::Cow : Table::Ring;
  }

  double slice(Reader& reader, Kind kind) {
    switch (kind) {
      case Array:
        return reader.slice(array_, kFastPasses, ArrayTable::block);
      case RingBlock:
        return reader.slice(tables_.ring, kFastPasses, RingTable::block);
      case RingPart:
        return reader.slice(tables_.ring, kFastPasses, RingTable::part);
      case CowBlock:
        return reader.slice(tables_.cow, kFastPasses, CowTable::block);
      case CowPart:
        return reader.slice(tables_.cow, kFastPasses, CowTable::part);
      case LockedMap:
        break;
    }
    return reader.slice(tables_.lockedMap, kSlowPasses, LockedMapTable::block);
  }

  LookupRun run_;
  ArrayTable array_;
  Tables tables_;
  std::barrier<> together_;
  std::vector<std::unique_ptr<Reader>> readers_;
  std::unique_ptr<Writer> writer_;
};

void addWriter(const Writer& writer, const LookupRun& run, Results& results) {
  const auto addSamples = [&](const std::string& what, const Writer::Samples& samples, bool limited) {
    if (samples.cpuNanoseconds.empty()) return;
    results.add(what + ": processor time, p50", median(samples.cpuNanoseconds) / 1e3, "us");
    const double p99 = percentile(samples.cpuNanoseconds, 0.99) / 1e3;
    if (limited) {
      results.requireAtMost(what + ": processor time, p99", p99, "us", 1);
    } else {
      results.add(what + ": processor time, p99", p99, "us");
    }
    results.add(what + ": wall clock, p99", percentile(samples.wallNanoseconds, 0.99) / 1e3, "us");
  };
  const auto add = [&](Table table, const std::string& name) {
    addSamples("update, " + name, writer.updates(table), table == Table::Ring && run.limits);
    addSamples("publish of ten, " + name, writer.publishes(table), false);
  };
  add(Table::Ring, "ring");
  add(Table::Cow, "copy-on-write pages");
  add(Table::LockedMap, "rwlock and hash map");
  results.add("updates a second", writer.updatesPerSecond(), "");
  results.add("steps of the ring", static_cast<double>(writer.updates(Table::Ring).cpuNanoseconds.size()), "");
  results.add("publishes of the ring that were deferred", static_cast<double>(writer.deferredPublishes()), "");
}

}  // namespace

void measureLookups(const LookupRun& run, Results& results) {
  results.section("Lookups: " + std::to_string(run.blocks) + " blocks, readers: " + std::to_string(run.readers) +
                  ", 10,000 updates a second");
  const Contest contest(run);
  const Times times = contest.times();
  results.add("array read, unsynchronised", median(times[Array]), "ns");
  results.add("block, ring", median(times[RingBlock]), "ns");
  results.add("part, ring", median(times[RingPart]), "ns");
  results.add("block, copy-on-write pages", median(times[CowBlock]), "ns");
  results.add("part, copy-on-write pages", median(times[CowPart]), "ns");
  results.add("block, rwlock and hash map", median(times[LockedMap]), "ns");

  const double block = medianRatio(times[RingBlock], times[Array]);
  const double part = medianRatio(times[RingPart], times[Array]);
  const double faster = medianRatio(times[LockedMap], times[RingBlock]);
  if (run.limits) {
    results.requireAtMost("block, ring / array", block, "x", 1.3);
    results.requireAtMost("part, ring / array", part, "x", 2);
    results.requireAtLeast("rwlock and hash map / block, ring", faster, "x", 8);
  } else {
    results.add("block, ring / array", block, "x");
    results.add("part, ring / array", part, "x");
    results.add("rwlock and hash map / block, ring", faster, "x");
  }
  results.add("block, copy-on-write pages / array", medianRatio(times[CowBlock], times[Array]), "x");
  results.add("part, copy-on-write pages / array", medianRatio(times[CowPart], times[Array]), "x");
  addWriter(contest.writer(), run, results);
}

}  // namespace flux::bench
