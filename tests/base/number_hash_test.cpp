#include "base/number_hash.hpp"

#include <gtest/gtest.h>

#include <set>

namespace flux {
namespace {

std::uint64_t hashOf(std::initializer_list<std::uint64_t> numbers) {
  NumberHash hash;
  for (const std::uint64_t number : numbers) hash.add(number);
  return hash.value();
}

TEST(NumberHash, EachNumberAndTheirOrderTell) {
  EXPECT_EQ(hashOf({1, 2, 3}), hashOf({1, 2, 3}));
  const std::set<std::uint64_t> different{hashOf({1, 2, 3}), hashOf({1, 3, 2}), hashOf({2, 1, 3}), hashOf({1, 2}),
                                          hashOf({1, 2, 4})};
  EXPECT_EQ(different.size(), 5U);
}

TEST(NumberHash, EachBitOfOneChangesIt) {
  std::set<std::uint64_t> different{hashOf({0})};
  for (unsigned bit = 0; bit < 64; ++bit) different.insert(hashOf({std::uint64_t{1} << bit}));
  EXPECT_EQ(different.size(), 65U);
}

TEST(NumberHash, MixedTellsWhichOfTheThreeItIs) {
  std::set<std::uint64_t> different;
  for (std::uint64_t i = 1; i <= 1000; ++i) different.merge(std::set{mixed(i, 0), mixed(0, i), mixed(0, 0, i)});
  EXPECT_EQ(different.size(), 3000U);
}

}  // namespace
}  // namespace flux
