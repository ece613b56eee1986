#include "report_files.hpp"

#include "app/test_files.hpp"
#include "failure.hpp"

namespace flux::app {
namespace {

namespace fs = std::filesystem;

std::size_t entries(const fs::path& folder) {
  return static_cast<std::size_t>(std::distance(fs::directory_iterator(folder), fs::directory_iterator()));
}

TEST(ReportFilesTest, WritesWholeFilesAndNothingElse) {
  const TestFolder folder;
  writeWhole(folder.path() / "report.json", "one");
  writeWhole(folder.path() / "report.json", "two");
  EXPECT_EQ(readText(folder.path() / "report.json"), "two");
  EXPECT_EQ(entries(folder.path()), 1U);
}

TEST(ReportFilesTest, LeavesTheOldFileWhenWritingFails) {
  const TestFolder folder;
  const fs::path file = folder.write("report.json", "old");
  EXPECT_THROW(writeWhole(file,
                          [](const fs::path& temporary) {
                            std::ofstream(temporary) << "half";
                            throw Failure("disk full");
                          }),
               Failure);
  EXPECT_EQ(readText(file), "old");
  EXPECT_EQ(entries(folder.path()), 1U);
}

TEST(ReportFilesTest, AWriterThatMakesNoFileLeavesNone) {
  const TestFolder folder;
  writeWhole(folder.path() / "world.png", [](const fs::path&) {});
  EXPECT_EQ(entries(folder.path()), 0U);
}

TEST(ReportFilesTest, TheTemporaryFileKeepsTheExtension) {
  const TestFolder folder;
  writeWhole(folder.path() / "world.png", [](const fs::path& temporary) { EXPECT_EQ(temporary.extension(), ".png"); });
}

TEST(ReportFilesTest, AFolderThatStayedEmptyGoesAgain) {
  const TestFolder folder;
  { const OutputFolder out(folder.path() / "new/er"); }
  EXPECT_FALSE(fs::exists(folder.path() / "new/er"));
  { const OutputFolder out(folder.path()); }
  EXPECT_TRUE(fs::exists(folder.path()));
  {
    const OutputFolder out(folder.path() / "new");
    writeWhole(out.file("x"), "x");
  }
  EXPECT_TRUE(fs::exists(folder.path() / "new/x"));
}

TEST(ReportFilesTest, NamesAFolderThatCannotBeMade) {
  const TestFolder folder;
  folder.write("file", "");
  try {
    const OutputFolder out(folder.path() / "file/folder");
    FAIL();
  } catch (const Failure& failure) {
    EXPECT_NE(std::string(failure.what()).find("file/folder"), std::string::npos);
  }
}

}  // namespace
}  // namespace flux::app
