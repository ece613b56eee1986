#include "d3d12/context.hpp"

#include "direct_writes.hpp"
#include "failure.hpp"

#include <chrono>
#include <thread>

#if !defined(_WIN32)
#include <unistd.h>
#endif

namespace flux::app {
namespace {

Com<ID3D12CommandQueue> makeQueue(ID3D12Device* device, D3D12_COMMAND_LIST_TYPE type) {
  D3D12_COMMAND_QUEUE_DESC desc{};
  desc.Type = type;
  return makeCom<ID3D12CommandQueue>("CreateCommandQueue", [&](void** made) {
    return device->CreateCommandQueue(&desc, IID_ID3D12CommandQueue, made);
  });
}

#if defined(_WIN32)
Com<IDXGIAdapter3> firstAdapter() {
  const auto factory = makeCom<IDXGIFactory1>("CreateDXGIFactory1",
                                              [](void** made) { return CreateDXGIFactory1(IID_IDXGIFactory1, made); });
  IDXGIAdapter1* first = nullptr;
  checkD3D12(factory->EnumAdapters1(0, &first), "EnumAdapters1");
  const Com<IDXGIAdapter1> adapter(first);
  return makeCom<IDXGIAdapter3>("IDXGIAdapter3",
                                [&](void** made) { return adapter->QueryInterface(IID_IDXGIAdapter3, made); });
}
#else
ByteCount hostMemoryBytes() noexcept {
  return static_cast<ByteCount>(sysconf(_SC_PHYS_PAGES)) * static_cast<ByteCount>(sysconf(_SC_PAGESIZE));
}
#endif

Com<ID3D12Device> makeDevice(IUnknown* adapter) {
  return makeCom<ID3D12Device>("D3D12CreateDevice", [&](void** made) {
    return D3D12CreateDevice(adapter, D3D_FEATURE_LEVEL_11_0, IID_ID3D12Device, made);
  });
}

}  // namespace

D3D12Context::D3D12Context(const Options& options) {
#if defined(_WIN32)
  if (options.validate)
    throw Failure("Direct3D 12: the command has no checks here; use the debug layer's own settings");
  adapter_ = firstAdapter();
  d3d12Device_ = makeDevice(adapter_.get());
#else
  if (options.validate) checks_.emplace(messages_);
  d3d12Device_ = checks_ ? checks_->makeDevice() : makeDevice(nullptr);
#endif
  drawQueue_ = makeQueue(d3d12Device_.get(), D3D12_COMMAND_LIST_TYPE_DIRECT);
  if (!options.singleQueue) copyQueue_ = makeQueue(d3d12Device_.get(), D3D12_COMMAND_LIST_TYPE_COPY);
  drawFence_ = makeCom<ID3D12Fence>("CreateFence", [&](void** made) {
    return d3d12Device_->CreateFence(0, D3D12_FENCE_FLAG_NONE, IID_ID3D12Fence, made);
  });
  fences_[0] = drawFence_.get();
  auto device = D3D12Device::create(adoption());
  if (!device) throw Failure(describe(device.error()));
  device_ = std::move(*device);
}

D3D12Context::~D3D12Context() {
  waitIdle();
}

D3D12DeviceDesc D3D12Context::adoption() {
  D3D12DeviceDesc desc;
  desc.device = d3d12Device_.get();
  desc.copyQueue = copyQueue();
  desc.fences = fences_;
#if defined(_WIN32)
  desc.adapter = adapter_.get();
#else
  desc.deviceMemoryBytes = hostMemoryBytes();  // vkd3d does not say what the driver has.
#endif
  desc.directWriteBytes = wantedDirectWrites();
  return desc;
}

TimelineValue D3D12Context::submit(std::span<ID3D12CommandList* const> lists, std::span<const QueueValue> waits) {
  for (const QueueValue& wait : waits) {
    ID3D12Fence* const fence = wait.queue == kCopyQueue ? device_->copyFence() : drawFence_.get();
    checkD3D12(drawQueue_->Wait(fence, wait.value), "ID3D12CommandQueue::Wait");
  }
  drawQueue_->ExecuteCommandLists(static_cast<UINT>(lists.size()), lists.data());
  checkD3D12(drawQueue_->Signal(drawFence_.get(), submitted_ + 1), "ID3D12CommandQueue::Signal");
  return ++submitted_;
}

bool D3D12Context::reaches(TimelineValue value) const {
  constexpr std::chrono::seconds kPatience{60};
  constexpr std::chrono::microseconds kLookAgain{50};
  constexpr std::uint32_t kLooksPerSignal = 400;
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  for (std::uint32_t looks = 1; drawFence_->GetCompletedValue() < value; ++looks) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    // Of two values that wait on one fence vkd3d may set the earlier one last, and stay there: so the last one is said
    // again, which changes nothing elsewhere.
    if (looks % kLooksPerSignal == 0) {
      (void)drawQueue_->Signal(drawFence_.get(), submitted_);  // Where it fails, patience ends.
    }
    std::this_thread::sleep_for(kLookAgain);
  }
  return true;
}

void D3D12Context::wait(TimelineValue value) const {
  if (!reaches(value)) throw Failure("Direct3D 12: the queue does not move on");
  checkD3D12(d3d12Device_->GetDeviceRemovedReason(), "ID3D12Fence::GetCompletedValue");
}

void D3D12Context::waitIdle() const {
  (void)reaches(submitted_);  // Nothing more can be done about a queue that hangs.
}

}  // namespace flux::app
