#include "d3d12/range_reader.hpp"

#include <flux/host.hpp>

#include <algorithm>

namespace flux::app {
namespace {

constexpr std::size_t wholeWords(std::size_t bytes) noexcept {
  return (bytes + 3) / 4 * 4;
}

}  // namespace

RangeReader::RangeReader(ID3D12Device* device) : device_(device) {
  constexpr D3D12_COMMAND_LIST_TYPE kType = D3D12_COMMAND_LIST_TYPE_DIRECT;
  allocator_ = makeCom<ID3D12CommandAllocator>("CreateCommandAllocator", [&](void** made) {
    return device->CreateCommandAllocator(kType, IID_ID3D12CommandAllocator, made);
  });
  list_ = makeCom<ID3D12GraphicsCommandList>("CreateCommandList", [&](void** made) {
    return device->CreateCommandList(0, kType, allocator_.get(), nullptr, IID_ID3D12GraphicsCommandList, made);
  });
  checkD3D12(list_->Close(), "ID3D12GraphicsCommandList::Close");
}

ID3D12GraphicsCommandList* RangeReader::record(std::span<const Place> reads) {
  sizes_.clear();
  std::size_t total = 0;
  for (const Place& read : reads) {
    sizes_.push_back(static_cast<std::size_t>(read.bytes));
    total += wholeWords(sizes_.back());
  }
  reserve(total);
  used_ = total;
  checkD3D12(allocator_->Reset(), "ID3D12CommandAllocator::Reset");
  checkD3D12(list_->Reset(allocator_.get(), nullptr), "ID3D12GraphicsCommandList::Reset");
  std::size_t at = 0;
  for (const Place& read : reads) {
    list_->CopyBufferRegion(readback_.get(), at, d3d12Buffer(read.buffer), read.offset, read.bytes);
    at += wholeWords(static_cast<std::size_t>(read.bytes));
  }
  checkD3D12(list_->Close(), "ID3D12GraphicsCommandList::Close");
  return list_.get();
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

}  // namespace flux::app
