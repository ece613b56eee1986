#include "memory.hpp"

#include <malloc.h>
#include <unistd.h>

#include <fstream>
#include <memory>
#include <string>

#include "array_table.hpp"
#include "cow_table.hpp"
#include "locked_map_table.hpp"
#include "ring_table.hpp"

namespace flux::bench {
namespace {

double residentBytes() {
  std::ifstream file("/proc/self/statm");
  double size = 0;
  double resident = 0;
  file >> size >> resident;
  return resident * static_cast<double>(sysconf(_SC_PAGESIZE));
}

/// Bytes a record after `use(table)`.
template <class Table, class Use>
double bytesARecord(std::uint32_t records, const Use& use) {
  malloc_trim(0);
  const double before = residentBytes();
  Table table(records);
  use(table);
  return (residentBytes() - before) / records;
}

/// Every record changes while slow frames hold the slots one after the other, so that all three slots and their lists
/// have been as full as they get.
void fillSlots(RingTable& ring, std::uint32_t records) {
  for (std::uint32_t version = 2; version < 6; ++version) {
    const Frame frame = ring.begin();
    for (std::uint32_t i = 1; i <= records; ++i) ring.edit(i, version);
    ring.publish();
    ring.edit(1, version);
    ring.publish();
  }
}

}  // namespace

void measureMemory(std::uint32_t records, Results& results) {
  results.section("Memory: " + std::to_string(records) + " records");
  constexpr std::size_t kColumnBytes = sizeof(HotRecord) + sizeof(PartsRecord) + sizeof(ColdRecord);
  results.add("ring: the master and three slots of columns, computed",
              static_cast<double>(kColumnBytes * (kSnapshotSlots + 1)), "B");
  results.add("ring, all of it", bytesARecord<RingTable>(records, [&](RingTable& ring) { fillSlots(ring, records); }),
              "B");
  const auto nothing = [](const auto&) {};
  results.add("plain array of hot records", bytesARecord<ArrayTable>(records, nothing), "B");
  results.add("copy-on-write pages, one version", bytesARecord<CowTable>(records, nothing), "B");
  results.add("hash map of places", bytesARecord<LockedMapTable>(records, nothing), "B");
}

}  // namespace flux::bench
