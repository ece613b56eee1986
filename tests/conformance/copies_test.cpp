// Staging pages and batches: (D1), (D2), and every shape that a batch may have.

#include "conformance/conformance.hpp"

#include <algorithm>
#include <array>
#include <numeric>
#include <random>

namespace flux::test {
namespace {

constexpr ByteCount kChunkBytes = 256 * kKiB;

class Copies : public ConformanceTest {
 protected:
  static constexpr StagingIndex kOtherPage{1};

  /// Both chunks, full of what pattern 1 says, which `bytes_` has too.
  Copies() {
    makeChunk(kChunk, kChunkBytes);
    makeChunk(kOther, kChunkBytes);
    openPage(kPage, bytes_);
    copied_ =
        submit(std::array{fromPage(kPage, 0, kChunk, 0, kChunkBytes), fromPage(kPage, 0, kOther, 0, kChunkBytes)});
  }

  /// What a copy does, to bytes of the host.
  static void apply(std::span<const std::byte> from, ByteOffset at, std::vector<std::byte>& to, ByteOffset place,
                    ByteCount bytes) {
    std::ranges::copy(from.subspan(at, bytes), to.begin() + static_cast<std::ptrdiff_t>(place));
  }

  std::vector<std::byte> bytes_ = patternBytes(kChunkBytes, 1);
  TimelineValue copied_ = 0;
};

TEST_F(Copies, ThousandsOfPiecesArriveAtOddPlacesOfSeveralChunks) {
  const auto staged = patternBytes(kChunkBytes, 2);
  openPage(kOtherPage, staged);
  std::mt19937 random(7);
  std::array expected{bytes_, bytes_};
  std::vector<CopyPiece> batch;
  for (std::uint32_t chunk = 0; chunk < 2; ++chunk) {
    for (ByteOffset to = 4; to + 256 < kChunkBytes;) {
      const ByteCount bytes = 4 * (1 + random() % 40);
      const ByteOffset from = 4 * (random() % ((kChunkBytes - bytes) / 4));
      batch.push_back(fromPage(kOtherPage, from, ChunkIndex{chunk}, to, bytes));
      apply(staged, from, expected[chunk], to, bytes);
      to += bytes + 4 * (random() % 3);
    }
  }
  std::shuffle(batch.begin(), batch.end(), random);
  ASSERT_GT(batch.size(), 5000U);
  const TimelineValue copied = submit(batch);
  EXPECT_TRUE(holds(kChunk, 0, expected[0], copied));
  EXPECT_TRUE(holds(kOther, 0, expected[1], copied));
}

TEST_F(Copies, SingleWordsArriveAtOddMultiplesOfFour) {
  const auto staged = patternBytes(kChunkBytes, 3);
  openPage(kOtherPage, staged);
  std::vector<ByteOffset> sources(4096);
  std::iota(sources.begin(), sources.end(), ByteOffset{0});
  std::mt19937 random(8);
  std::shuffle(sources.begin(), sources.end(), random);
  auto expected = bytes_;
  std::vector<CopyPiece> batch;
  for (ByteOffset i = 0; i < sources.size(); ++i) {
    const ByteOffset to = 4 * (2 * i + 1);
    batch.push_back(fromPage(kOtherPage, 4 * sources[i], kChunk, to, 4));
    apply(staged, 4 * sources[i], expected, to, 4);
  }
  EXPECT_TRUE(holds(kChunk, 0, expected, submit(batch)));
}

TEST_F(Copies, PiecesMoveInsideAChunkAndBetweenChunks) {
  constexpr ByteCount kPiece = 4 * 1001;
  const TimelineValue copied =
      submit(std::array{fromChunk(kChunk, 12, kChunk, 100'000, kPiece), fromChunk(kChunk, 12, kOther, 2000, kPiece)});
  auto expected = bytes_;
  apply(bytes_, 12, expected, 100'000, kPiece);
  EXPECT_TRUE(holds(kChunk, 0, expected, copied));
  expected = bytes_;
  apply(bytes_, 12, expected, 2000, kPiece);
  EXPECT_TRUE(holds(kOther, 0, expected, copied));
}

TEST_F(Copies, ABatchMayHavePiecesOfEveryKind) {
  const auto staged = patternBytes(8192, 4);
  openPage(kOtherPage, staged);
  std::array expected{bytes_, bytes_};
  std::vector<CopyPiece> batch;
  for (ByteOffset i = 0; i < 64; ++i) {
    const ByteOffset to = 128 * kKiB + 1028 * i;
    batch.push_back(fromPage(kOtherPage, 64 * i, kChunk, to, 64));
    apply(staged, 64 * i, expected[0], to, 64);
    batch.push_back(fromChunk(kChunk, 256 * i, kChunk, to + 64, 128));
    apply(bytes_, 256 * i, expected[0], to + 64, 128);
    batch.push_back(fromChunk(kOther, 256 * i, kChunk, to + 192, 132));
    apply(bytes_, 256 * i, expected[0], to + 192, 132);
    batch.push_back(fromChunk(kChunk, 256 * i, kOther, to, 100));
    apply(bytes_, 256 * i, expected[1], to, 100);
  }
  const TimelineValue copied = submit(batch);
  EXPECT_TRUE(holds(kChunk, 0, expected[0], copied));
  EXPECT_TRUE(holds(kOther, 0, expected[1], copied));
}

TEST_F(Copies, NeighboursInsideAChunkMayTouch) {
  // The source ends where the destination begins, and the other way round: they share no byte, but alignment blocks.
  const TimelineValue copied =
      submit(std::array{fromChunk(kChunk, 1000, kChunk, 1500, 500), fromChunk(kChunk, 5004, kChunk, 4004, 1000)});
  auto expected = bytes_;
  apply(bytes_, 1000, expected, 1500, 500);
  apply(bytes_, 5004, expected, 4004, 1000);
  EXPECT_TRUE(holds(kChunk, 0, expected, copied));
}

TEST_F(Copies, ABatchSeesWhatEarlierBatchesWrote) {  // D1
  TimelineValue copied = 0;
  for (ByteOffset at = 0; at + 8192 <= kChunkBytes; at += 4096) {
    copied = submit(std::array{fromChunk(kChunk, at, kChunk, at + 4096, 4096)});
  }
  std::vector<std::byte> expected;
  while (expected.size() < kChunkBytes) expected.insert(expected.end(), bytes_.begin(), bytes_.begin() + 4096);
  EXPECT_TRUE(holds(kChunk, 0, expected, copied));
}

TEST_F(Copies, ABatchDoesNotDisturbWhatEarlierBatchesRead) {  // D1
  const auto staged = patternBytes(128 * kKiB, 5);
  openPage(kOtherPage, staged);
  submit(std::array{fromChunk(kChunk, 0, kOther, 128 * kKiB, 128 * kKiB)});
  const TimelineValue copied = submit(std::array{fromPage(kOtherPage, 0, kChunk, 0, 128 * kKiB)});
  EXPECT_TRUE(holds(kOther, 128 * kKiB, std::span(bytes_).first(128 * kKiB), copied));
  EXPECT_TRUE(holds(kChunk, 0, staged, copied));
}

TEST_F(Copies, TheLastOfTwoBatchesStays) {  // D1
  TimelineValue copied = 0;
  for (ByteOffset i = 0; i < 32; ++i) copied = submit(std::array{fromPage(kPage, 4096 * i, kChunk, 0, 4096)});
  EXPECT_TRUE(holds(kChunk, 0, std::span(bytes_).subspan(4096 * 31, 4096), copied));
}

TEST_F(Copies, APageIsFreeWhenItsBatchIsDone) {  // D2
  const std::span<std::byte> page = openPage(kOtherPage, 4096);
  std::vector<std::vector<std::byte>> rounds;
  TimelineValue copied = 0;
  for (std::uint32_t i = 0; i < 32; ++i) {
    rounds.push_back(patternBytes(4096, 100 + i));
    std::ranges::copy(rounds.back(), page.begin());
    ASSERT_TRUE(device().sealStaging(kOtherPage, 4096));
    copied = submit(std::array{fromPage(kOtherPage, 0, kChunk, ByteOffset{4096} * i, 4096)});
    waitFor(kCopyQueue, copied);
    EXPECT_GE(device().completed(kCopyQueue), copied);
    std::ranges::fill(page, std::byte{0xEE});
  }
  for (std::uint32_t i = 0; i < 32; ++i) EXPECT_TRUE(holds(kChunk, ByteOffset{4096} * i, rounds[i], copied)) << i;
}

TEST_F(Copies, APageGrowsBySealsWhileItsFirstBytesAreRead) {
  const std::span<std::byte> page = openPage(kOtherPage, 64 * kKiB);
  const auto staged = patternBytes(64 * kKiB, 6);
  TimelineValue copied = 0;
  for (ByteOffset at = 0; at < staged.size(); at += 2048) {
    std::ranges::copy(std::span(staged).subspan(at, 2048), page.begin() + static_cast<std::ptrdiff_t>(at));
    ASSERT_TRUE(device().sealStaging(kOtherPage, at + 2048));
    copied = submit(std::array{fromPage(kOtherPage, at, kOther, at, 2048)});
  }
  EXPECT_TRUE(holds(kOther, 0, staged, copied));
}

TEST_F(Copies, PagesOpenAgainUnderTheirIndexWithAnotherSize) {
  for (std::uint32_t i = 0; i < 8; ++i) {
    const auto bytes = patternBytes(4 * (1 + 1000 * i), 200 + i);
    openPage(kOtherPage, bytes);
    const TimelineValue copied = submit(std::array{fromPage(kOtherPage, 0, kChunk, 4096, bytes.size())});
    EXPECT_TRUE(holds(kChunk, 4096, bytes, copied));
    waitFor(kCopyQueue, copied);
    device().closeStaging(kOtherPage);
  }
  EXPECT_TRUE(holds(kOther, 0, bytes_, copied_)) << "nothing else was touched";
}

TEST_F(Copies, SeveralPagesFeedOneBatch) {
  constexpr std::uint32_t kPages = 16;
  auto expected = bytes_;
  std::vector<CopyPiece> batch;
  for (std::uint32_t i = 0; i < kPages; ++i) {
    const auto bytes = patternBytes(1024, 300 + i);
    openPage(StagingIndex{1 + i}, bytes);
    batch.push_back(fromPage(StagingIndex{1 + i}, 4, kChunk, ByteOffset{8192} * i + 4, 1016));
    apply(bytes, 4, expected, ByteOffset{8192} * i + 4, 1016);
  }
  EXPECT_TRUE(holds(kChunk, 0, expected, submit(batch)));
}

TEST_F(Copies, ManyBatchesWaitForNobody) {  // D4: not one of these calls may need a wait before it
  const auto staged = patternBytes(1024, 7);
  openPage(kOtherPage, staged);
  TimelineValue last = 0;
  for (std::uint32_t i = 0; i < 300; ++i) {
    last = submit(std::array{fromPage(kOtherPage, 4 * (i % 128), kChunk, ByteOffset{512} * (i % 256), 512)});
  }
  EXPECT_EQ(last, copied_ + 300);
  EXPECT_TRUE(holds(kChunk, ByteOffset{512} * (299 % 256), std::span(staged).subspan(4 * (299 % 128), 512), last));
}

}  // namespace
}  // namespace flux::test
