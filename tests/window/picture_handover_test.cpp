#include "window/picture_handover.hpp"

#include <gtest/gtest.h>

#include <array>
#include <thread>

namespace flux::app {
namespace {

constexpr std::chrono::milliseconds kLong{60'000};
constexpr std::chrono::milliseconds kNone{0};

TEST(PictureHandover, GivesEachPictureOnceAndInOrder) {
  PictureHandover handover;
  constexpr std::uint64_t kCount = 200;
  std::thread frames([&] {
    for (std::uint64_t frame = 1; frame <= kCount; ++frame) {
      const std::array bytes{static_cast<std::byte>(frame), std::byte{7}};
      handover.put(frame, bytes);
    }
  });
  Picture picture;
  for (std::uint64_t frame = 1; frame <= kCount; ++frame) {
    ASSERT_TRUE(handover.take(picture, kLong));
    EXPECT_EQ(picture.frame, frame);
    ASSERT_EQ(picture.rgba.size(), 2U);
    EXPECT_EQ(picture.rgba[0], static_cast<std::byte>(frame));
  }
  frames.join();
  EXPECT_FALSE(handover.take(picture, kNone));
  EXPECT_EQ(picture.frame, kCount);
}

TEST(PictureHandover, LetsNobodyWaitOnceItIsClosed) {
  PictureHandover handover;
  const std::array bytes{std::byte{1}};
  handover.put(1, bytes);
  std::thread frames([&] {
    handover.put(2, bytes);  // would wait for the first one to be taken
    handover.put(3, bytes);
  });
  handover.close();
  frames.join();
  Picture picture;
  EXPECT_TRUE(handover.take(picture, kNone));
  EXPECT_EQ(picture.frame, 1U);
  EXPECT_FALSE(handover.take(picture, kNone));
}

}  // namespace
}  // namespace flux::app
