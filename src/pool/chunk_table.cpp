#include "pool/chunk_table.hpp"

#include <flux/assert.hpp>

namespace flux {

ChunkTable::ChunkTable(Device& device, ChunkListener* listener)
    : device_(device), listener_(listener), entries_(kMaxChunks) {
  FLUX_ASSERT(entries_.commit(kFirstChunk), "there is memory for the entry of no chunk");
}

ChunkTable::~ChunkTable() {
  forEach([this](ChunkIndex index, const ChunkInfo&) { destroy(index); });
}

Result<ChunkIndex> ChunkTable::create(ByteCount bytes, std::string_view name, std::uint64_t step) {
  const bool reuse = !freeIndices_.empty();
  const std::uint32_t index = reuse ? freeIndices_.back() : used_;
  if (!entries_.commit(index + 1)) return Unexpected(makeError(ErrorCode::TooManyChunks, "chunk table", {}, {bytes}));

  const Result<ChunkInfo> info = device_.createChunk(ChunkIndex{index}, bytes);
  if (!info) return Unexpected(info.error());
  device_.setName(ChunkIndex{index}, name);

  if (reuse) {
    freeIndices_.pop_back();
  } else {
    ++used_;
    madeIn_.resize(used_);
  }
  madeIn_[index] = step;
  entries_[index] = *info;
  reservedBytes_ += info->bytes;
  ++count_;
  if (listener_ != nullptr) listener_->chunkCreated(ChunkIndex{index}, *info);
  return ChunkIndex{index};
}

void ChunkTable::destroy(ChunkIndex index) {
  const auto i = static_cast<std::uint32_t>(index);
  if (listener_ != nullptr) listener_->chunkReleased(index);
  device_.destroyChunk(index);
  reservedBytes_ -= entries_[i].bytes;
  --count_;
  entries_[i] = {};
  freeIndices_.push_back(i);
}

}  // namespace flux
