#include "inspect/diff.hpp"

#include "printable.hpp"
#include "text_table.hpp"

#include <algorithm>
#include <ostream>
#include <string>
#include <unordered_map>

namespace flux::app {
namespace {

constexpr std::size_t kNamed = 8;  // blocks of each change

BlockChange changeOf(const DumpBlock& before, const DumpBlock& after) {
  if (after.liveBytes != before.liveBytes) {
    return after.liveBytes > before.liveBytes ? BlockChange::Grew : BlockChange::Shrank;
  }
  if (after.place != before.place) return BlockChange::Moved;
  return after.version != before.version ? BlockChange::Updated : BlockChange::Same;
}

std::string difference(std::uint64_t before, std::uint64_t after) {
  if (after == before) return "no change";
  return (after > before ? "+" : "-") + bytesText(after > before ? after - before : before - after);
}

}  // namespace

DumpDiff diffOf(const DumpFile& before, const DumpFile& after) {
  std::unordered_map<std::uint32_t, std::size_t> byIndex;
  byIndex.reserve(before.blocks.size());
  for (std::size_t i = 0; i < before.blocks.size(); ++i) byIndex.emplace(before.blocks[i].index, i);

  DumpDiff diff;
  std::vector<bool> stayed(before.blocks.size());
  for (std::size_t i = 0; i < after.blocks.size(); ++i) {
    const DumpBlock& block = after.blocks[i];
    const auto found = byIndex.find(block.index);
    const DumpBlock* const old = found != byIndex.end() ? &before.blocks[found->second] : nullptr;
    if (old == nullptr || old->generation != block.generation || old->name != block.name) {
      diff.entries.push_back({BlockChange::Came, 0, i});
      continue;
    }
    stayed[found->second] = true;
    diff.entries.push_back({changeOf(*old, block), found->second, i});
  }
  for (std::size_t i = 0; i < before.blocks.size(); ++i) {
    if (!stayed[i]) diff.entries.push_back({BlockChange::Went, i, 0});
  }
  return diff;
}

void printDiff(const DumpFile& before, const DumpFile& after, const DumpDiff& diff, std::ostream& out) {
  const auto blockOf = [&](const DumpDiff::Entry& entry) -> const DumpBlock& {
    return entry.change == BlockChange::Went ? before.blocks[entry.before] : after.blocks[entry.after];
  };
  out << "flux inspect: from " << printable(before.name) << " to " << printable(after.name) << '\n';
  TextTable table(out);
  for (const char* field : {"liveBytes", "reservedBytes", "retiredBytes"}) {
    const auto from = before.head.at("stats").at(field).get<ByteCount>();
    const auto to = after.head.at("stats").at(field).get<ByteCount>();
    table.row(std::string_view(field).substr(0, std::string_view(field).size() - 5), bytesText(to),
              difference(from, to));
  }
  table.row("chunks", countText(after.chunks.size()), "of " + countText(before.chunks.size()) + " before");
  table.row("blocks", countText(after.blocks.size()), "of " + countText(before.blocks.size()) + " before");
  for (std::size_t c = 0; c < kChangeNames.size(); ++c) {
    std::vector<const DumpDiff::Entry*> entries;
    ByteCount bytes = 0;
    for (const DumpDiff::Entry& entry : diff.entries) {
      if (entry.change != BlockChange{static_cast<std::uint8_t>(c)}) continue;
      entries.push_back(&entry);
      bytes += blockOf(entry).liveBytes;
    }
    if (entries.empty()) continue;
    table.row(kChangeNames[c], countText(entries.size()), bytesText(bytes));
    if (BlockChange{static_cast<std::uint8_t>(c)} == BlockChange::Same) continue;
    const std::size_t named = std::min(kNamed, entries.size());
    std::ranges::partial_sort(entries, entries.begin() + static_cast<std::ptrdiff_t>(named), {},
                              [&](const DumpDiff::Entry* entry) { return ~blockOf(*entry).liveBytes; });
    for (const DumpDiff::Entry* entry : std::span(entries).first(named)) {
      const DumpBlock& block = blockOf(*entry);
      const bool sized = entry->change == BlockChange::Grew || entry->change == BlockChange::Shrank;
      const std::string by =
          sized ? ", " + difference(before.blocks[entry->before].liveBytes, block.liveBytes) : std::string();
      out << "    " << printable(block.name) << "  (" << bytesText(block.liveBytes) << by << ")\n";
    }
    if (entries.size() > named) out << "    and " << countText(entries.size() - named) << " smaller ones\n";
  }
}

}  // namespace flux::app
