// The table of docs/backends.md is what the suite knows, and what the device says.

#include "conformance/conformance.hpp"

#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>
#include <string>

namespace flux::test {
namespace {

using Row = std::vector<std::string>;

Row cells(const std::string& line) {
  Row row;
  std::istringstream in(line.substr(1));
  for (std::string cell; std::getline(in, cell, '|');) {
    const std::size_t first = cell.find_first_not_of(' ');
    row.push_back(first == std::string::npos ? "" : cell.substr(first, cell.find_last_not_of(' ') + 1 - first));
  }
  return row;
}

/// The rows of the table whose first column is called "capability", its head first.
std::vector<Row> readTable() {
  std::ifstream in(std::filesystem::path(FLUX_SOURCE_DIR) / "docs/backends.md");
  std::vector<Row> rows;
  for (std::string line; std::getline(in, line);) {
    if (rows.empty() ? line.starts_with("| capability |") : line.starts_with("|")) {
      rows.push_back(cells(line));
    } else if (!rows.empty()) {
      break;
    }
  }
  if (rows.size() > 1) rows.erase(rows.begin() + 1);  // the line of dashes
  return rows;
}

/// What a cell says of the tested driver: "yes" or "no" of all, else for each that the tests run on "NAME: yes, NAME:
/// no", and "as described" where the application decides. Nothing: either is right.
std::optional<std::string> promised(const std::string& cell) {
  if (cell == "as described") return std::nullopt;
  if (cell.find(':') == std::string::npos) return cell;
  if (tested().driver.empty()) return std::nullopt;
  std::istringstream in(cell);
  for (std::string entry; std::getline(in >> std::ws, entry, ',');) {
    const std::size_t colon = entry.find(": ");
    if (entry.substr(0, colon) == tested().driver) return entry.substr(colon + 2);
  }
  return "nothing about " + tested().driver;
}

using Capabilities = ConformanceTest;

TEST_F(Capabilities, TheTableHasEachOnce) {
  const std::vector<Row> table = readTable();
  ASSERT_EQ(table.size(), 1 + kCapabilities.size());
  for (std::size_t i = 0; i < kCapabilities.size(); ++i) {
    EXPECT_EQ(table[i + 1].front(), nameOf(kCapabilities[i]));
    EXPECT_EQ(table[i + 1].size(), table.front().size());
    EXPECT_FALSE(table[i + 1].back().empty()) << "what Flux does instead";
  }
}

TEST_F(Capabilities, TheDeviceSaysWhatItsColumnSays) {
  const std::vector<Row> table = readTable();
  ASSERT_FALSE(table.empty());
  const auto column = std::find(table.front().begin(), table.front().end(), tested().backend->title);
  ASSERT_NE(column, table.front().end()) << tested().backend->title << " has no column";
  for (std::size_t i = 0; i < kCapabilities.size(); ++i) {
    const std::string& cell = table.at(i + 1).at(static_cast<std::size_t>(column - table.front().begin()));
    const std::string found = has(kCapabilities[i]) ? "yes" : "no";
    EXPECT_EQ(promised(cell).value_or(found), found) << nameOf(kCapabilities[i]) << ", in the table: " << cell;
  }
}

TEST_F(Capabilities, NoTestSkipsForAnotherReason) {
  for (const auto& entry : std::filesystem::directory_iterator(FLUX_SOURCE_DIR "/tests/conformance")) {
    if (entry.path().extension() != ".cpp" || entry.path().filename() == "capabilities_test.cpp") continue;
    std::ifstream in(entry.path());
    const std::string text(std::istreambuf_iterator<char>(in), {});
    EXPECT_EQ(text.find("GTEST_SKIP"), std::string::npos) << entry.path();
  }
}

}  // namespace
}  // namespace flux::test
