#include <gtest/gtest.h>
#include <flux/host.hpp>

#include <string_view>
#include <utility>
#include <vector>

namespace flux {
namespace {

std::uint64_t hashOf(std::string_view text) {
  return hashBytes(std::as_bytes(std::span(text)));
}

// The expected numbers come from a program of its own in another language.
TEST(HashBytes, HasTheDocumentedValues) {
  EXPECT_EQ(hashBytes({}), 0U);
  EXPECT_EQ(hashBytes(std::vector<std::byte>(4)), 0xE490ADD9FF3E17D3U);
  EXPECT_EQ(hashOf("Flux"), 0x3A559D7EA7617D7DU);
  EXPECT_EQ(hashOf("Flux moves"), 0x79556ADC7CA31B20U);

  std::vector<std::byte> all;
  for (unsigned i = 0; i < 256; ++i) all.push_back(static_cast<std::byte>(i));
  EXPECT_EQ(hashBytes(all), 0x6497D7A0FD31862EU);

  std::vector<std::byte> many;
  for (std::uint64_t i = 0; i < 100003; ++i) many.push_back(static_cast<std::byte>(i * i + i / 7));
  EXPECT_EQ(hashBytes(many), 0xD5ED316DE59D43BAU);
}

TEST(HashBytes, SeesEveryBitOfEveryByte) {
  std::vector<std::byte> data(67, kPoison);
  const std::uint64_t before = hashBytes(data);
  for (std::byte& byte : data) {
    for (unsigned bit = 0; bit < 8; ++bit) {
      byte ^= static_cast<std::byte>(1U << bit);
      EXPECT_NE(hashBytes(data), before);
      byte ^= static_cast<std::byte>(1U << bit);
    }
  }
  EXPECT_EQ(hashBytes(data), before);
}

TEST(HashBytes, SeesSwappedWords) {
  EXPECT_NE(hashOf("aaaabbbb"), hashOf("bbbbaaaa"));
}

TEST(HashBytes, DoesNotCareWhereTheBytesLie) {
  std::vector<std::byte> data(65, std::byte{7});
  EXPECT_EQ(hashBytes(std::span(data).subspan(1)), hashBytes(std::span(data).first(64)));
}

}  // namespace
}  // namespace flux
