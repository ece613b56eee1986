#include "device/d3d12/command_lists.hpp"

#include "device/d3d12/errors.hpp"

#include <utility>

namespace flux::d3d12 {

Result<Commands> CommandLists::begin(TimelineValue completed) {
  if (inFlight_.empty() || inFlight_.front().value > completed) return make();
  Commands commands = std::move(inFlight_.front().commands);
  inFlight_.pop_front();
  if (const HRESULT result = commands.allocator->Reset(); FAILED(result)) {
    return failed(device_, result, "ID3D12CommandAllocator::Reset");
  }
  if (const HRESULT result = commands.list->Reset(commands.allocator.get(), nullptr); FAILED(result)) {
    return failed(device_, result, "ID3D12GraphicsCommandList::Reset");
  }
  return commands;
}

Result<Commands> CommandLists::make() {
  Commands commands;
  if (const HRESULT result =
          device_->CreateCommandAllocator(queue_.Type, kIid<ID3D12CommandAllocator>, commands.allocator.out());
      FAILED(result)) {
    return failed(device_, result, "CreateCommandAllocator");
  }
  if (const HRESULT result = device_->CreateCommandList(queue_.NodeMask, queue_.Type, commands.allocator.get(), nullptr,
                                                        kIid<ID3D12GraphicsCommandList>, commands.list.out());
      FAILED(result)) {
    return failed(device_, result, "CreateCommandList");
  }
  if (const HRESULT result = device_->CreateFence(0, D3D12_FENCE_FLAG_NONE, kIid<ID3D12Fence>, commands.done.out());
      FAILED(result)) {
    return failed(device_, result, "CreateFence");
  }
  return commands;
}

void CommandLists::submitted(Commands commands, TimelineValue value) {
  inFlight_.push_back({std::move(commands), value});
}

TimelineValue CommandLists::reached(TimelineValue completed) const {
  for (auto i = inFlight_.rbegin(); i != inFlight_.rend() && i->value > completed; ++i) {
    const TimelineValue done = i->commands.done->GetCompletedValue();
    if (done >= i->value && done != kRemoved) return i->value;
  }
  return completed;
}

}  // namespace flux::d3d12
