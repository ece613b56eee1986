#include "replay/pattern.hpp"

#include <gtest/gtest.h>

#include <array>
#include <vector>

namespace flux::app {
namespace {

std::vector<std::byte> pattern(const PatternId& id, ByteOffset offset, std::size_t bytes) {
  std::vector<std::byte> out(bytes);
  fillPattern(id, offset, out);
  return out;
}

TEST(PatternTest, PiecesAreThoseOfTheWhole) {
  const PatternId id{{7, 3}, PartId{2}, 5};
  const std::vector<std::byte> whole = pattern(id, 0, 64);
  for (std::size_t offset = 0; offset <= 9; ++offset) {
    for (std::size_t bytes = 0; bytes <= 13; ++bytes) {
      const std::vector<std::byte> piece = pattern(id, offset, bytes);
      EXPECT_TRUE(std::equal(piece.begin(), piece.end(), whole.begin() + static_cast<std::ptrdiff_t>(offset)))
          << bytes << " bytes at " << offset;
    }
  }
}

TEST(PatternTest, EveryFieldOfTheIdCounts) {
  const std::array ids{PatternId{{7, 3}, PartId{2}, 5}, PatternId{{8, 3}, PartId{2}, 5},
                       PatternId{{7, 5}, PartId{2}, 5}, PatternId{{7, 3}, PartId{3}, 5},
                       PatternId{{7, 3}, PartId{2}, 6}};
  for (std::size_t i = 0; i < ids.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) EXPECT_NE(pattern(ids[i], 0, 16), pattern(ids[j], 0, 16));
  }
}

TEST(PatternTest, WordsOfOneObjectDiffer) {
  const PatternId id{{1, 1}, PartId{0}, 1};
  for (std::size_t word = 1; word < 1000; ++word) EXPECT_NE(pattern(id, 4 * word, 4), pattern(id, 0, 4));
}

}  // namespace
}  // namespace flux::app
