// Batches that need transitions, or the bounce buffer.

#include "d3d12/test_device.hpp"

#include <array>

namespace flux::test {
namespace {

constexpr ByteCount kChunkBytes = 8 * kMiB;

class D3D12Batches : public D3D12Test {
 protected:
  D3D12Batches() {
    for (std::uint32_t i = 0; i < chunks_.size(); ++i) {
      contents_[i] = patternBytes(kChunkBytes, i);
      chunks_[i] = device().createChunk(ChunkIndex{i}, kChunkBytes).value_or(ChunkInfo{});
      openPage(device(), StagingIndex{i}, contents_[i]);
      copied_ = submit(std::array{CopyPiece{StagingIndex{i}, ChunkIndex{i}, 0, 0, kChunkBytes}});
    }
  }

  D3D12Device& device() { return context_.device(); }

  TimelineValue submit(std::span<const CopyPiece> batch) {
    const auto value = device().submit(batch);
    EXPECT_TRUE(value);
    return value.value_or(0);
  }

  // Submits moves between chunks, does them to what is expected as well, and compares.
  void expectMoves(std::span<const CopyPiece> batch) {
    copied_ = submit(batch);
    const auto before = contents_;
    for (const CopyPiece& piece : batch) {
      std::copy_n(before[piece.source].begin() + static_cast<std::ptrdiff_t>(piece.sourceOffset), piece.bytes,
                  contents_[piece.destination.index()].begin() + static_cast<std::ptrdiff_t>(piece.destinationOffset));
    }
    for (std::size_t i = 0; i < chunks_.size(); ++i) {
      EXPECT_TRUE(readChunk(context_, device(), chunks_[i], kChunkBytes, copied_) == contents_[i]) << "chunk " << i;
    }
  }

  static CopyPiece move(std::uint32_t source, ByteOffset from, std::uint32_t destination, ByteOffset to,
                        ByteCount bytes) {
    return {ChunkIndex{source}, ChunkIndex{destination}, from, to, bytes};
  }

  std::array<ChunkInfo, 2> chunks_;
  std::array<std::vector<std::byte>, 2> contents_;
  TimelineValue copied_ = 0;
};

TEST_F(D3D12Batches, AMoveInsideAChunkMayBeLargerThanTheBounceBuffer) {
  expectMoves(std::array{move(0, 12, 0, 4 * kMiB + 4, 3 * kMiB + 1000)});
}

TEST_F(D3D12Batches, ManySmallMovesInsideAChunkShareTheBounceBuffer) {
  std::vector<CopyPiece> batch;
  // 3000 bytes, so that rounds end in the middle of a piece; every other one, so that none merge.
  for (ByteOffset at = 0; at + 3000 < 3 * kMiB; at += 6000) batch.push_back(move(1, at, 1, 4 * kMiB + at, 3000));
  expectMoves(batch);
}

TEST_F(D3D12Batches, ChunksMayBeReadAndWrittenByOneBatch) {
  expectMoves(std::array{move(0, 0, 1, 4 * kMiB, kMiB), move(1, 0, 0, 4 * kMiB, kMiB), move(0, kMiB, 0, 6 * kMiB, kMiB),
                         move(1, kMiB, 1, 6 * kMiB, kMiB)});
}

TEST_F(D3D12Batches, BatchesBehindEachOtherShareTheBounceBuffer) {
  for (ByteOffset at = 0; at + 2 * kMiB <= 6 * kMiB; at += 2 * kMiB)
    submit(std::array{move(0, at, 0, at + 2 * kMiB, 2 * kMiB)});
  for (std::size_t at = 2 * kMiB; at < kChunkBytes; ++at) contents_[0][at] = contents_[0][at - 2 * kMiB];
  expectMoves({});
}

}  // namespace
}  // namespace flux::test
