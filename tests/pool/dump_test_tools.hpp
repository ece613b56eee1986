#pragma once

#include <flux/pool.hpp>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace flux::test {

/// The pool's dump. Where FLUX_DUMPS names a folder it is also written there, under the names of the running test and
/// of the moment: scripts/check_dump.py then holds it to the published schema.
inline nlohmann::json dumpOf(const Pool& pool, const std::string& moment) {
  const std::string text = pool.dump();
  if (const char* folder = std::getenv("FLUX_DUMPS")) {
    std::string test = testing::UnitTest::GetInstance()->current_test_info()->name();
    for (char& c : test) c = c == '/' ? '_' : c;
    std::ofstream file(std::filesystem::path(folder) / (test + "." + moment + ".json"), std::ios::binary);
    file << text;
    EXPECT_TRUE(file.good());
  }
  return nlohmann::json::parse(text);
}

}  // namespace flux::test
