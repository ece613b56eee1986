#pragma once

/// What has changed from one dump to another of the same run.

#include "inspect/dump_file.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <iosfwd>
#include <string_view>
#include <vector>

namespace flux::app {

/// What happened to a block. Of several things the first one counts, in this order.
enum class BlockChange : std::uint8_t { Came, Went, Grew, Shrank, Moved, Updated, Same };
inline constexpr std::array<std::string_view, 7> kChangeNames{"came",  "went",         "grew",     "shrank",
                                                              "moved", "new contents", "no change"};

struct DumpDiff {
  struct Entry {
    BlockChange change = BlockChange::Same;
    std::size_t before = 0;  ///< Position in the blocks of the first dump; means nothing for what came.
    std::size_t after = 0;   ///< Likewise, of the second; means nothing for what went.
  };
  std::vector<Entry> entries;  ///< Those of the second dump, in its order; then those that went.
};

/// Blocks are the same if index, generation and name are. O(blocks).
[[nodiscard]] DumpDiff diffOf(const DumpFile& before, const DumpFile& after);

void printDiff(const DumpFile& before, const DumpFile& after, const DumpDiff& diff, std::ostream& out);

}  // namespace flux::app
