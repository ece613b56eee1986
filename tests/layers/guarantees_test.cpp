// docs/guarantees.md names the tests that hold each guarantee; a test that was renamed must not be promised any more.

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <regex>
#include <set>
#include <sstream>
#include <string>

namespace fs = std::filesystem;

namespace {

std::string contents(const fs::path& file) {
  std::ostringstream text;
  text << std::ifstream(file).rdbuf();
  return text.str();
}

// All `first.second` that the pattern's two groups match.
std::set<std::string> namesIn(const std::string& text, const std::regex& pattern) {
  std::set<std::string> names;
  for (std::sregex_iterator match(text.begin(), text.end(), pattern), end; match != end; ++match) {
    names.insert((*match)[1].str() + "." + (*match)[2].str());
  }
  return names;
}

TEST(Guarantees, EveryTestThatIsNamedExists) {
  const fs::path root(FLUX_REPOSITORY);
  std::set<std::string> tests;
  for (const fs::directory_entry& entry : fs::recursive_directory_iterator(root / "tests")) {
    if (entry.path().extension() != ".cpp") continue;
    tests.merge(namesIn(contents(entry.path()), std::regex(R"(TEST(?:_F|_P)?\((\w+),\s*(\w+)\))")));
  }
  const std::string guarantees = contents(root / "docs" / "guarantees.md");
  const std::set<std::string> named = namesIn(guarantees, std::regex(R"(`([A-Z]\w+)\.([A-Z]\w+)`)"));
  EXPECT_GT(named.size(), 10U);
  for (const std::string& name : named) EXPECT_TRUE(tests.contains(name)) << name;
  for (int number = 1; number <= 11; ++number) {
    EXPECT_NE(guarantees.find("\n## G" + std::to_string(number) + " "), std::string::npos) << number;
  }
}

}  // namespace
