// `flux view --indirect`: what is drawn is what the mirror of the records names, and a mirror that is wrong is seen.

#include "app/view_options.hpp"

#include <flux/passing_device.hpp>
#include <flux/snapshot.hpp>

#include <cstddef>
#include <cstring>
#include <sstream>
#include <unordered_map>

namespace flux::app {
namespace {

ViewOptions indirectView(const TestFolder& folder) {
  ViewOptions options = smallView(folder);
  options.backend = "vulkan";
  options.indirect = true;
  options.frames = 80;
  return options;
}

RunReport run(const ViewOptions& options, const ViewHooks& hooks = {}) {
  std::ostringstream progress;
  return runView(options, progress, hooks);
}

/// Puts the vertices of all resident blocks of the mirrors 16 bytes beside where they are.
class WrongMirrorDevice final : public PassingDevice {
 public:
  using PassingDevice::PassingDevice;
  Result<std::span<std::byte>> openStaging(StagingIndex index, ByteCount bytes, StagingUse use) override {
    Result<std::span<std::byte>> page = inner_.openStaging(index, bytes, use);
    if (page) pages_[index] = *page;
    return page;
  }
  Result<TimelineValue> submit(std::span<const CopyPiece> batch, std::span<const QueueValue> waits) override {
    for (const CopyPiece& piece : batch) {
      if (piece.source.isPage() && piece.source.index() >= kFirstMirrorPage) damage(piece);
    }
    return inner_.submit(batch, waits);
  }

 private:
  /// The last quarter of the default pool's 64 MiB of staging in pages of 4 MiB.
  static constexpr std::uint32_t kFirstMirrorPage = 12;

  void damage(const CopyPiece& piece) {
    std::byte* const bytes = pages_[piece.source.page()].data() + piece.sourceOffset;
    for (ByteOffset at = 0; at < piece.bytes; at += sizeof(DeviceRecord)) {
      DeviceRecord record;
      std::memcpy(&record, bytes + at, sizeof record);
      if (record.sizeUnits != 0) record.parts.offsetBytes[0] ^= 16U;  // still inside the block
      std::memcpy(bytes + at, &record, sizeof record);
    }
  }

  std::unordered_map<StagingIndex, std::span<std::byte>> pages_;
};

TEST(IndirectView, DrawsAVerifiedWorldByOneCallAFrame) {
  const TestFolder folder;
  const RunReport report = run(indirectView(folder));
  EXPECT_EQ(failureOf(report), "");
  EXPECT_EQ(report.indirectCalls, report.frames);
  EXPECT_EQ(report.drawsWanted, report.drawsIssued + report.drawsFallback + report.drawsSkipped);
  EXPECT_GT(report.drawsIssued, 0U);
  EXPECT_GE(10 * report.verifiedBlocks, 9 * report.wantedBlocks);  // the last ones may not have arrived
  EXPECT_GT(report.verifiedAddedParts, 0U);
  EXPECT_EQ(report.framesWithoutDrawsFrom10, 0U);
  EXPECT_GT(report.recordMirrors, 1U);
  EXPECT_GT(report.mirroredRecords, report.blocksAdded);
}

TEST(IndirectView, DrawsOnASingleThread) {
  const TestFolder folder;
  ViewOptions options = indirectView(folder);
  options.singleThread = true;
  const RunReport report = run(options);
  EXPECT_EQ(failureOf(report), "");
  EXPECT_EQ(report.indirectCalls, report.frames);
  EXPECT_EQ(report.deferredPublishes, 0U) << "there is a mirror for each frame";
}

TEST(IndirectView, AMirrorThatNamesAnotherPlaceIsSeen) {
  const TestFolder folder;
  ViewHooks hooks;
  hooks.wrapDevice = [](Device& inner) { return std::make_unique<WrongMirrorDevice>(inner); };
  const RunReport report = run(indirectView(folder), hooks);
  ASSERT_GT(report.invalidDraws, 0U);
  EXPECT_EQ(report.firstInvalid.front().part, "vertex");
}

}  // namespace
}  // namespace flux::app
