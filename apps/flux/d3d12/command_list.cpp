#include "d3d12/command_list.hpp"

namespace flux::app::d3d12 {

CommandList::CommandList(ID3D12Device* device) {
  constexpr D3D12_COMMAND_LIST_TYPE kType = D3D12_COMMAND_LIST_TYPE_DIRECT;
  allocator_ = makeCom<ID3D12CommandAllocator>("CreateCommandAllocator", [&](void** made) {
    return device->CreateCommandAllocator(kType, IID_ID3D12CommandAllocator, made);
  });
  list_ = makeCom<ID3D12GraphicsCommandList>("CreateCommandList", [&](void** made) {
    return device->CreateCommandList(0, kType, allocator_.get(), nullptr, IID_ID3D12GraphicsCommandList, made);
  });
  checkD3D12(list_->Close(), "ID3D12GraphicsCommandList::Close");
}

ID3D12GraphicsCommandList* CommandList::begin() {
  checkD3D12(allocator_->Reset(), "ID3D12CommandAllocator::Reset");
  checkD3D12(list_->Reset(allocator_.get(), nullptr), "ID3D12GraphicsCommandList::Reset");
  return list_.get();
}

ID3D12CommandList* CommandList::close() {
  checkD3D12(list_->Close(), "ID3D12GraphicsCommandList::Close");
  return list_.get();
}

}  // namespace flux::app::d3d12
