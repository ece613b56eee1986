#include "pool/store.hpp"

#include <gtest/gtest.h>

#include <memory>

namespace flux {
namespace {

constexpr PartId kPart{0};

Source copyOf(ByteCount bytes) {
  return Source::owned(std::shared_ptr<const std::byte[]>(new std::byte[bytes]()), bytes);
}
bool nothing(void*, const FillRequest&) {
  return false;
}

/// As for a block that leaves.
void keepCopy(Store& store, std::uint32_t block, ByteCount bytes, PartId part = kPart) {
  ASSERT_TRUE(store.fits(bytes));
  store.reserve(bytes);
  store.keep(block, part, copyOf(bytes), bytes);
}

TEST(Store, CountsCopiesAndWhatIsReserved) {
  Store store(1000);
  keepCopy(store, 1, 400);
  store.reserve(300);
  EXPECT_EQ(store.bytes(), 700U);
  EXPECT_TRUE(store.fits(300));
  EXPECT_FALSE(store.fits(301));
  store.unreserve(300);
  keepCopy(store, 1, 100, PartId{1});
  store.keep(2, kPart, Source::callback(nothing, nullptr));
  EXPECT_EQ(store.bytes(), 500U);
  store.keep(1, kPart, Source::callback(nothing, nullptr).lasting());
  EXPECT_EQ(store.bytes(), 100U) << "its copy has gone";
  store.dropBlock(1);
  EXPECT_EQ(store.bytes(), 0U);
  EXPECT_EQ(store.find(1, kPart), nullptr);
  EXPECT_NE(store.find(2, kPart), nullptr);
}

TEST(Store, LeavesAnEighthToBlocksThatLeave) {
  Store store(1000);
  EXPECT_TRUE(store.fitsNew(875));
  EXPECT_FALSE(store.fitsNew(876));
  keepCopy(store, 1, 1000);
  EXPECT_TRUE(store.fitsNew(0)) << "it needs no copy";
}

TEST(Store, SparesGoWhenTheirRoomIsNeededTheOldestFirst) {
  Store store(1000);
  for (const std::uint32_t block : {1U, 2U, 3U}) keepCopy(store, block, 300);
  for (const std::uint32_t block : {2U, 1U, 3U}) store.makeSpare(block);
  store.makeNeeded(3);
  EXPECT_TRUE(store.fits(700));
  EXPECT_FALSE(store.fits(701)) << "one is needed";
  store.reserve(200);
  EXPECT_EQ(store.find(2, kPart), nullptr);
  EXPECT_NE(store.find(1, kPart), nullptr);
  store.reserve(500);
  EXPECT_EQ(store.find(1, kPart), nullptr);
  EXPECT_NE(store.find(3, kPart), nullptr);
  EXPECT_EQ(store.bytes(), 1000U);
}

TEST(Store, ABlockThatComesBackKeepsWhatLastsAndItsCopies) {
  Store store(1000);
  store.keep(1, PartId{0}, Source::callback(nothing, nullptr));
  store.keep(1, PartId{1}, Source::callback(nothing, nullptr).lasting());
  keepCopy(store, 1, 100, PartId{2});
  store.makeSpare(1);
  EXPECT_EQ(store.find(1, PartId{0}), nullptr) << "it is asked once";
  EXPECT_NE(store.find(1, PartId{1}), nullptr);
  EXPECT_NE(store.find(1, PartId{2}), nullptr);
  store.reserve(1000);
  EXPECT_NE(store.find(1, PartId{1}), nullptr) << "it takes no room";
  EXPECT_EQ(store.find(1, PartId{2}), nullptr);
}

TEST(Store, TurnsOfBlocksThatComeAndGoDoNotPileUp) {
  Store store(1000);
  keepCopy(store, 1, 400);
  keepCopy(store, 2, 400);
  for (int i = 0; i < 10'000; ++i) {
    store.makeSpare(1);
    store.makeNeeded(1);
  }
  EXPECT_LT(store.turns(), 100U);
  store.makeSpare(2);
  store.makeSpare(1);
  store.reserve(300);
  EXPECT_EQ(store.find(2, kPart), nullptr) << "the order is that of the last turns";
  EXPECT_NE(store.find(1, kPart), nullptr);
}

}  // namespace
}  // namespace flux
