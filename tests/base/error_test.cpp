#include <flux/result.hpp>

#include <string>
#include <type_traits>

#include <gtest/gtest.h>

namespace flux {
namespace {

static_assert(std::is_trivially_copyable_v<Error>, "errors are copied without allocating");

TEST(Error, CarriesWhatAndWhere) {
  const Error error = makeError(ErrorCode::OutOfBudget, "terrain", std::source_location::current(), {10, 20});
  EXPECT_EQ(error.resourceName(), "terrain");
  const std::string text = describe(error);
  EXPECT_NE(text.find("out of budget"), std::string::npos) << text;
  EXPECT_NE(text.find("'terrain'"), std::string::npos) << text;
  EXPECT_NE(text.find("10"), std::string::npos) << text;
  EXPECT_NE(text.find("20"), std::string::npos) << text;
  EXPECT_NE(text.find("error_test.cpp:"), std::string::npos) << text;
}

TEST(Error, LongNamesAreCutNotOverrun) {
  const std::string name(500, 'x');
  const Error error = makeError(ErrorCode::TooLarge, name, {});
  EXPECT_EQ(error.resourceName(), std::string(error.resource.size() - 1, 'x'));
}

TEST(Error, EveryCodeHasAName) {
  for (auto code = static_cast<std::uint16_t>(ErrorCode::InvalidArgument);
       code <= static_cast<std::uint16_t>(ErrorCode::Unsupported); ++code) {
    EXPECT_NE(toString(static_cast<ErrorCode>(code)), "unknown error") << code;
  }
}

}  // namespace
}  // namespace flux
