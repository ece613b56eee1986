#include <flux/assert.hpp>

#include "alloc/chunk_space.hpp"
#include "resources/strategies/strategy_base.hpp"

namespace flux {
namespace {

/// Chunks are added and never replaced: a `ChunkSpace` chooses, as for a pool's blocks.
class Chunked final : public StrategyBase {
 public:
  Chunked(std::string_view name, Device& device, const StrategyOptions& options)
      : StrategyBase(name, device, options),
        space_({.chunkBytes = this->options().chunkBytes,
                .firstChunkBytes = this->options().firstBytes,
                .maxChunkBytes = this->options().maxBufferBytes}) {}

  void trim() override {
    while (const std::optional<ChunkIndex> empty = space_.anyEmpty()) remove(*empty);
  }

 private:
  Result<Place> place(ByteCount bytes, ByteCount alignment, std::source_location where) override {
    std::optional<Placement> found = space_.allocate(bytes, alignment);
    if (!found) {
      const ByteCount next = space_.nextChunkBytes(bytes, alignment);
      if (next == 0) {
        return Unexpected(makeError(ErrorCode::TooLarge, "bytes", where, {bytes, options().maxBufferBytes}));
      }
      const Result<ChunkIndex> made = makeBuffer(next, where);
      if (!made) return Unexpected(made.error());
      space_.addChunk(*made, next, space_.dedicated(bytes));
      found = space_.allocate(bytes, alignment);
      FLUX_ASSERT(found, "a chunk that was made for a request has room for it");
    }
    return Place{found->chunk, found->offset, found->bytes, found->range};
  }

  void reclaim(const Place& place) override {
    space_.free({place.range, place.buffer, place.offset, place.bytes}, stepNumber(), {});
  }

  /// Age counts in steps alone, so that the same calls give the same places.
  void endStep() override {
    if (const std::optional<ChunkIndex> old = space_.releasable(stepNumber(), {})) remove(*old);
  }

  void remove(ChunkIndex chunk) {
    space_.removeChunk(chunk);
    releaseBuffer(chunk);
  }

  ChunkSpace space_;
};

}  // namespace

std::unique_ptr<Strategy> makeChunked(std::string_view name, Device& device, const StrategyOptions& options) {
  return std::make_unique<Chunked>(name, device, options);
}

}  // namespace flux
