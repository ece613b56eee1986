#include "d3d12/range_reader.hpp"

#include <flux/host.hpp>

#include <algorithm>

namespace flux::app::d3d12 {
namespace {

constexpr std::size_t wholeWords(std::size_t bytes) noexcept {
  return (bytes + 3) / 4 * 4;
}

}  // namespace

RangeReader::RangeReader(ID3D12Device* device) : device_(device), list_(device) {}

ID3D12CommandList* RangeReader::record(std::span<const Place> reads) {
  sizes_.clear();
  std::size_t total = 0;
  for (const Place& read : reads) {
    sizes_.push_back(static_cast<std::size_t>(read.bytes));
    total += wholeWords(sizes_.back());
  }
  reserve(total);
  used_ = total;
  ID3D12GraphicsCommandList* const list = list_.begin();
  std::size_t at = 0;
  for (const Place& read : reads) {
    list->CopyBufferRegion(readback_.get(), at, d3d12Buffer(read.buffer), read.offset, read.bytes);
    at += wholeWords(static_cast<std::size_t>(read.bytes));
  }
  return list_.close();
}

std::span<const std::uint64_t> RangeReader::hashes() {
  hashes_.clear();
  std::size_t at = 0;
  for (const std::size_t size : sizes_) {
    hashes_.push_back(hashBytes(bytes().subspan(at, size)));
    at += wholeWords(size);
  }
  return hashes_;
}

void RangeReader::reserve(std::size_t bytes) {
  if (bytes <= capacity_) return;
  const std::size_t capacity = std::max<std::size_t>({bytes, 2 * capacity_, 64 * 1024});
  readback_ = makeBuffer(device_, D3D12_HEAP_TYPE_READBACK, capacity);
  mapped_ = static_cast<const std::byte*>(mapBuffer(readback_.get()));
  capacity_ = capacity;
}

}  // namespace flux::app::d3d12
