#include "printable.hpp"

#include <gtest/gtest.h>

namespace flux::app {
namespace {

TEST(Printable, ShowsWhatWouldSteerATerminal) {
  EXPECT_EQ(printable("plain, fünf, 名前, 🧊"), "plain, fünf, 名前, 🧊");
  EXPECT_EQ(printable("\x1B[31m\n\t\x7F"), "\\x1B[31m\\x0A\\x09\\x7F");
  EXPECT_EQ(printable("\xC2\x9B"), "\\u009B") << "a control of one byte in other encodings";
  EXPECT_EQ(printable("\xE2\x80\xAEgnp"), "\\u202Egnp") << "the other direction of writing";
  EXPECT_EQ(printable("bad \xC3 end \xFF"), "bad \\xC3 end \\xFF");
  EXPECT_EQ(printable("cut \xE2\x80"), "cut \\xE2\\x80");
  EXPECT_EQ(printable(""), "");
}

}  // namespace
}  // namespace flux::app
