#include "report/json_writer.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <string>

namespace flux {
namespace {

TEST(JsonWriter, IndentsByTwoSpaces) {
  std::string text;
  JsonWriter json(text);
  json.beginObject().member("a", std::uint32_t{1}).key("list").beginArray().value(true).value(2.5).endArray();
  json.key("none").beginObject().endObject().endObject();
  EXPECT_EQ(text,
            "{\n"
            "  \"a\": 1,\n"
            "  \"list\": [\n"
            "    true,\n"
            "    2.5\n"
            "  ],\n"
            "  \"none\": {}\n"
            "}");
}

TEST(JsonWriter, ALineHoldsAllThatIsInItAndEndsWithIt) {
  std::string text;
  JsonWriter json(text);
  json.beginArray();
  json.beginLine().member("a", std::uint32_t{1}).key("in").beginLine().member("b", false).endLine();
  json.key("list").beginArray().value(std::uint32_t{1}).value(std::uint32_t{2}).endArray().endLine();
  json.beginLine().endLine();
  json.beginObject().member("c", "after").endObject();
  json.endArray();
  EXPECT_EQ(text,
            "[\n"
            "  {\"a\":1,\"in\":{\"b\":false},\"list\":[1,2]},\n"
            "  {},\n"
            "  {\n"
            "    \"c\": \"after\"\n"
            "  }\n"
            "]");
}

TEST(JsonWriter, NumbersKeepAllTheirDigits) {
  std::string text;
  JsonWriter json(text);
  json.beginLine().member("n", std::numeric_limits<std::uint64_t>::max()).member("d", 0.1).endLine();
  EXPECT_EQ(text, "{\"n\":18446744073709551615,\"d\":0.1}");
}

TEST(JsonWriter, NamesAreEscapedAndWhatIsNoUtf8IsReplaced) {
  std::string text;
  JsonWriter json(text);
  json.beginLine().member("quote \"", "back \\ line\n \xC3\xA4 \xFF \xED\xA0\x80").endLine();
  EXPECT_TRUE(text.starts_with("{\"quote \\\"\":\"back \\\\ line")) << text;
  EXPECT_EQ(text.find('\n'), std::string::npos) << text;
  EXPECT_NE(text.find("\xC3\xA4"), std::string::npos) << text;
  EXPECT_EQ(text.find('\xFF'), std::string::npos) << text;
  EXPECT_EQ(text.find("\xED\xA0\x80"), std::string::npos) << text;
}

}  // namespace
}  // namespace flux
