#include "models/loader.hpp"

#include "app/test_files.hpp"
#include "failure.hpp"

#include <atomic>

namespace flux::app {
namespace {

ModelLoading withCommand() {
  ModelLoading loading;
  loading.executable = FLUX_COMMAND;
  return loading;
}

ModelLoading withCrashingLoader() {
  ModelLoading loading;
  loading.executable = CRASHING_LOADER;
  return loading;
}

TEST(LoaderTest, FindsModelsInFoldersByTheirExtension) {
  const TestFolder folder;
  folder.write("b.obj", kSquares);
  folder.write("deep/er/a.OBJ", "");
  folder.write("notes.txt", "");
  folder.write("picture.png", "");
  const auto files = findModelFiles({folder.path()});
  ASSERT_EQ(files.size(), 2U);
  EXPECT_EQ(files[0].filename(), "b.obj");
  EXPECT_EQ(files[1].filename(), "a.OBJ");
}

TEST(LoaderTest, TakesAFileThatIsNamedWhateverItsExtension) {
  const TestFolder folder;
  EXPECT_EQ(findModelFiles({folder.write("notes.txt", "")}).size(), 1U);
}

TEST(LoaderTest, NamesAPathThatDoesNotExist) {
  try {
    (void)findModelFiles({"/nowhere/at all.obj"});
    FAIL();
  } catch (const Failure& failure) {
    EXPECT_NE(std::string(failure.what()).find("/nowhere/at all.obj"), std::string::npos);
    EXPECT_EQ(failure.exitCode(), 1);
  }
}

TEST(LoaderTest, LoadsThroughTheCommandAndSkipsBrokenFilesByName) {
  const TestFolder folder;
  folder.write("a.obj", kTetrahedron);
  folder.write("b.obj", kBroken);
  folder.write("c c.obj", kSquares);
  const LoadedModels loaded = loadModels(findModelFiles({folder.path()}), withCommand());
  ASSERT_EQ(loaded.meshes.size(), 2U);
  EXPECT_EQ(loaded.meshes[0].name, "a.obj");
  EXPECT_EQ(loaded.meshes[1].name, "c c.obj");
  ASSERT_EQ(loaded.skipped.size(), 1U);
  EXPECT_EQ(loaded.skipped[0].file.filename(), "b.obj");
}

TEST(LoaderTest, GoesOnAfterLoadersThatCrash) {
  const TestFolder folder;
  // More files than a batch, crashes at its beginning, in its middle, twice in a row, and at the very end.
  for (int i = 0; i < 20; ++i) {
    const bool crashes = i == 0 || i == 5 || i == 6 || i == 19;
    folder.write(std::to_string(10 + i) + (crashes ? "/crash.obj" : "/model.obj"), kSquares);
  }
  const LoadedModels loaded = loadModels(findModelFiles({folder.path()}), withCrashingLoader());
  EXPECT_EQ(loaded.meshes.size(), 16U);
  ASSERT_EQ(loaded.skipped.size(), 4U);
  for (const SkippedModel& skipped : loaded.skipped) {
    EXPECT_EQ(skipped.file.filename(), "crash.obj");
    EXPECT_EQ(skipped.reason, "its loader crashed");
  }
}

TEST(LoaderTest, GivesUpOnLoadersThatHang) {
  const TestFolder folder;
  folder.write("a.obj", kSquares);
  folder.write("hang.obj", kSquares);
  folder.write("z.obj", kSquares);
  ModelLoading loading = withCrashingLoader();
  loading.fileTimeout = std::chrono::seconds(3);
  const LoadedModels loaded = loadModels(findModelFiles({folder.path()}), loading);
  EXPECT_EQ(loaded.meshes.size(), 2U);
  ASSERT_EQ(loaded.skipped.size(), 1U);
  EXPECT_EQ(loaded.skipped[0].reason, "loading it takes too long");
}

TEST(LoaderTest, DoesNotTrustTheChildsOutput) {
  const TestFolder folder;
  folder.write("a.obj", kSquares);
  folder.write("garbage.obj", kSquares);
  folder.write("z.obj", kSquares);
  const LoadedModels loaded = loadModels(findModelFiles({folder.path()}), withCrashingLoader());
  EXPECT_EQ(loaded.meshes.size(), 2U);
  EXPECT_EQ(loaded.skipped.size(), 1U);
}

TEST(LoaderTest, StopsWhenCancelled) {
  const TestFolder folder;
  folder.write("hang.obj", kSquares);
  ModelLoading loading = withCrashingLoader();
  loading.fileTimeout = std::chrono::hours(1);
  std::atomic<int> asked{0};
  loading.cancelled = [&] { return ++asked > 3; };
  const LoadedModels loaded = loadModels(findModelFiles({folder.path()}), loading);
  EXPECT_TRUE(loaded.meshes.empty());
  EXPECT_TRUE(loaded.skipped.empty());
}

TEST(LoaderTest, SaysThatTheCommandCannotBeStarted) {
  const TestFolder folder;
  ModelLoading loading;
  loading.executable = folder.path() / "no such program";
  EXPECT_THROW((void)loadModels({folder.write("a.obj", kSquares)}, loading), Failure);
}

}  // namespace
}  // namespace flux::app
