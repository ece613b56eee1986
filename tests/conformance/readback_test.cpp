// What batches write into pages for readback, as the host reads it.

#include "conformance/conformance.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <thread>
#include <vector>

namespace flux::test {
namespace {

constexpr ByteCount kChunkBytes = 256 * kKiB;
constexpr ByteCount kPageBytes = 64 * kKiB;
constexpr StagingIndex kBack{7};
constexpr StagingIndex kOtherBack{8};

class ReadbackPages : public ConformanceTest {
 protected:
  ReadbackPages() {
    makeChunk(kChunk, kChunkBytes);
    makeChunk(kOther, kChunkBytes);
    openPage(kPage, bytes_);
    submit(std::array{fromPage(kPage, 0, kChunk, 0, kChunkBytes)});
    back_ = openForReadback(kBack, kPageBytes);
    std::ranges::fill(back_, kUntouched);
  }

  std::span<std::byte> openForReadback(StagingIndex index, ByteCount bytes) {
    const auto page = device().openStaging(index, bytes, StagingUse::Readback);
    EXPECT_TRUE(page) << describe(page.error());
    return page.value_or(std::span<std::byte>{});
  }

  /// What `back_` has to hold after a piece.
  void expectPiece(const CopyPiece& piece) {
    apply(bytes_, piece.sourceOffset, expected_, piece.destinationOffset, piece.bytes);
  }
  static void apply(std::span<const std::byte> from, ByteOffset source, std::vector<std::byte>& to, ByteOffset at,
                    ByteCount bytes) {
    std::copy_n(from.begin() + static_cast<std::ptrdiff_t>(source), bytes,
                to.begin() + static_cast<std::ptrdiff_t>(at));
  }
  [[nodiscard]] bool arrived() const { return std::ranges::equal(back_, expected_); }

  static constexpr std::byte kUntouched{0x5A};
  std::vector<std::byte> bytes_ = patternBytes(kChunkBytes, 1);
  std::span<std::byte> back_;
  std::vector<std::byte> expected_ = std::vector<std::byte>(kPageBytes, kUntouched);
};

TEST_F(ReadbackPages, HoldWhatTheChunkHasOnceTheBatchIsDone) {
  std::vector<CopyPiece> batch;
  ByteOffset to = 0;
  for (ByteOffset i = 0; to + 1024 < kPageBytes; ++i) {
    batch.push_back(toPage(kChunk, 4 * (i * 509 % 60000), kBack, to, 4 + 4 * (i * 7 % 200)));
    expectPiece(batch.back());
    to += batch.back().bytes;
  }
  waitFor(kCopyQueue, submit(batch));
  EXPECT_TRUE(arrived());
}

TEST_F(ReadbackPages, KeepWhatNoPieceWrites) {
  const std::array batch{toPage(kChunk, 1000, kBack, 4, 4), toPage(kChunk, 5004, kBack, 12, 20004)};
  for (const CopyPiece& piece : batch) expectPiece(piece);
  waitFor(kCopyQueue, submit(batch));
  const std::array later{toPage(kChunk, 0, kBack, 40000, 400)};
  expectPiece(later[0]);
  waitFor(kCopyQueue, submit(later));
  EXPECT_TRUE(arrived());
}

TEST_F(ReadbackPages, SeeWhatEarlierBatchesWrote) {  // D1
  const auto staged = patternBytes(4096, 2);
  openPage(StagingIndex{1}, staged);
  submit(std::array{fromPage(StagingIndex{1}, 0, kChunk, 8192, 4096)});
  submit(std::array{fromChunk(kChunk, 8192, kOther, 0, 4096)});
  const TimelineValue read = submit(std::array{toPage(kOther, 0, kBack, 0, 4096)});
  submit(std::array{fromPage(kPage, 0, kOther, 0, 4096)});  // and nothing that later ones write
  waitFor(kCopyQueue, read);
  EXPECT_TRUE(std::ranges::equal(back_.first(4096), staged));
}

TEST_F(ReadbackPages, ComeWithUploadsAndMovesInOneBatch) {
  const std::array batch{fromPage(kPage, 4096, kOther, 0, 4096), toPage(kChunk, 64, kBack, 128, 12292),
                         fromChunk(kChunk, 0, kOther, 8192, 4096), fromChunk(kChunk, 32768, kChunk, 131072, 4096)};
  expectPiece(batch[1]);
  const TimelineValue done = submit(batch);
  waitFor(kCopyQueue, done);
  EXPECT_TRUE(arrived());
  EXPECT_TRUE(holds(kOther, 0, std::span(bytes_).subspan(4096, 4096), done));
  EXPECT_TRUE(holds(kOther, 8192, std::span(bytes_).first(4096), done));
  EXPECT_TRUE(holds(kChunk, 131072, std::span(bytes_).subspan(32768, 4096), done));
}

TEST_F(ReadbackPages, FillPartByPartWhileOthersAreRead) {
  const std::span<std::byte> other = openForReadback(kOtherBack, kPageBytes);
  std::vector<std::pair<CopyPiece, TimelineValue>> pieces;
  for (ByteOffset i = 0; i < 32; ++i) {  // D4: none of these calls needs a wait before it
    const CopyPiece piece =
        toPage(kChunk, 4 * i + 8192 * (i % 31), i % 2 == 0 ? kBack : kOtherBack, 2048 * (i / 2), 2048);
    pieces.emplace_back(piece, submit(std::array{piece}));
  }
  for (const auto& [piece, value] : pieces) {
    waitFor(kCopyQueue, value);
    const std::span<const std::byte> page = piece.destination.page() == kBack ? back_ : other;
    EXPECT_TRUE(std::ranges::equal(page.subspan(piece.destinationOffset, piece.bytes),
                                   std::span(bytes_).subspan(piece.sourceOffset, piece.bytes)))
        << value;
  }
}

TEST_F(ReadbackPages, MayBeReadByAnyThreadThatSeesTheValue) {  // D2
  const std::array batch{toPage(kChunk, 4096, kBack, 0, kPageBytes)};
  expectPiece(batch[0]);
  const TimelineValue value = submit(batch);
  std::atomic<bool> equal{false};
  std::thread reader([&] {
    while (device().completed(kCopyQueue) < value) std::this_thread::yield();
    equal = arrived();
  });
  waitFor(kCopyQueue, value);
  reader.join();
  EXPECT_TRUE(equal);
}

TEST_F(ReadbackPages, OpenAgainUnderTheirIndexForEitherUse) {
  for (std::uint32_t i = 0; i < 4; ++i) {
    waitFor(kCopyQueue, submit(std::array{toPage(kChunk, 4096 * i, kBack, 0, 4096)}));
    EXPECT_TRUE(std::ranges::equal(back_.first(4096), std::span(bytes_).subspan(4096 * i, 4096)));
    device().closeStaging(kBack);
    const auto staged = patternBytes(4096, 20 + i);
    openPage(kBack, staged);
    const TimelineValue copied = submit(std::array{fromPage(kBack, 0, kOther, 0, 4096)});
    EXPECT_TRUE(holds(kOther, 0, staged, copied));
    waitFor(kCopyQueue, copied);
    device().closeStaging(kBack);
    back_ = openForReadback(kBack, kPageBytes);
  }
}

}  // namespace
}  // namespace flux::test
