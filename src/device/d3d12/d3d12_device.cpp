#include "device/d3d12/api.hpp"
#include "device/d3d12/batch_recorder.hpp"
#include "device/d3d12/buffers.hpp"
#include "device/d3d12/com_ptr.hpp"
#include "device/d3d12/command_lists.hpp"
#include "device/d3d12/device_caps.hpp"
#include "device/d3d12/errors.hpp"
#include "device/d3d12/heap_choice.hpp"
#include "device/d3d12/queue_fences.hpp"
#include "device/slots.hpp"

#include <flux/assert.hpp>
#include <flux/d3d12.hpp>

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

namespace flux::d3d12 {
namespace {

/// Without an adapter: a share of the memory that leaves something to the system and to other programs.
constexpr ByteCount estimatedBudget(ByteCount memoryBytes) noexcept {
  return memoryBytes / 5 * 4;
}

/// The Direct3D 12 back end.
///
/// **Invariants.** Chunk and staging buffers are empty exactly where there is no such index. `submitted_` is the last
/// value that the copy queue was told to signal.
class AdoptedDevice final : public D3D12Device {
 public:
  AdoptedDevice(const D3D12DeviceDesc& desc, const D3D12_COMMAND_QUEUE_DESC& queue)
      : device_(ComPtr<ID3D12Device>::share(desc.device)),
        copyQueue_(ComPtr<ID3D12CommandQueue>::share(desc.copyQueue)),
#if defined(_WIN32)
        adapter_(ComPtr<IDXGIAdapter3>::share(desc.adapter)),
#endif
        deviceMemoryBytes_(desc.deviceMemoryBytes),
        buffers_(desc.device, chooseHeaps(desc.device, queue.NodeMask, desc.directWriteBytes)),
        commandLists_(desc.device, queue),
        fences_(desc.device, commandLists_) {
  }
  ~AdoptedDevice() override;

  /// The part of the construction that can fail.
  Result<void> init(const D3D12DeviceDesc& desc);

  const DeviceCaps& caps() const noexcept override {
    return caps_;
  }
  Result<ChunkInfo> createChunk(ChunkIndex index, ByteCount bytes) override;
  void destroyChunk(ChunkIndex index) noexcept override;
  std::span<std::byte> mapped(ChunkIndex index, ByteOffset offset, ByteCount bytes) noexcept override {
    return {usedSlot(chunks_, static_cast<std::uint32_t>(index)).mapped + offset, static_cast<std::size_t>(bytes)};
  }
  Result<std::span<std::byte>> openStaging(StagingIndex index, ByteCount bytes, StagingUse use) override;
  Result<void> sealStaging(StagingIndex, ByteCount) override {
    return {};
  }  // What is mapped is coherent.
  void closeStaging(StagingIndex index) noexcept override;
  Result<TimelineValue> submit(std::span<const CopyPiece> batch, std::span<const QueueValue> waits) override;
  Result<void> poll() override {
    return fences_.poll();
  }
  TimelineValue completed(QueueId queue) const noexcept override {
    return fences_.completed(queue);
  }
  Result<void> wait(QueueId queue, TimelineValue value, std::chrono::nanoseconds timeout) override {
    return fences_.wait(queue, value, timeout);
  }
  MemoryBudget budget() override;
  void setName(ChunkIndex index, std::string_view name) noexcept override;
  void raisePriority(ChunkIndex index) noexcept override;
  ID3D12Fence* copyFence() const noexcept override {
    return fences_.copyFence();
  }

 private:
  [[nodiscard]] HRESULT signal(TimelineValue value) {
    return copyQueue_->Signal(fences_.copyFence(), value);
  }

  const ComPtr<ID3D12Device> device_;
  ComPtr<ID3D12Device1> device1_;  // Null before Windows 10, version 1607.
  const ComPtr<ID3D12CommandQueue> copyQueue_;
#if defined(_WIN32)
  const ComPtr<IDXGIAdapter3> adapter_;
#endif
  const ByteCount deviceMemoryBytes_;
  DeviceCaps caps_;
  Buffers buffers_;
  CommandLists commandLists_;
  QueueFences fences_;
  BatchRecorder recorder_;
  std::vector<Buffer> chunks_;
  std::vector<Buffer> staging_;
  ByteCount chunkBytes_ = 0;
  TimelineValue submitted_ = 0;
  bool unsignalled_ = false;  // A list is on the queue whose value could not be signalled.
};

AdoptedDevice::~AdoptedDevice() {
  // On a removed device nothing executes any more, the wait fails at once and everything may be released.
  if (unsignalled_ && SUCCEEDED(signal(submitted_ + 1))) ++submitted_;
  if (submitted_ != 0) (void)fences_.wait(kCopyQueue, submitted_, std::chrono::nanoseconds::max());
}

Result<void> AdoptedDevice::init(const D3D12DeviceDesc& desc) {
  if (auto created = fences_.create(desc.fences); !created) return created;
  if (auto created = recorder_.create(buffers_); !created) return created;
  if (FAILED(desc.device->QueryInterface(kIid<ID3D12Device1>, device1_.out()))) device1_.reset();
  caps_ = queryCaps(desc.device, desc.adapter, fences_.count());
  caps_.directWriteBytes = buffers_.directWriteBytes();
  return {};
}

Result<ChunkInfo> AdoptedDevice::createChunk(ChunkIndex index, ByteCount bytes) {
  Buffer& slot = freeSlot(chunks_, static_cast<std::uint32_t>(index));
  // What is above the limit a driver may grant without being able to use it.
  if (bytes > caps_.maxChunkBytes) {
    return Unexpected(makeError(ErrorCode::OutOfDeviceMemory, "maxChunkBytes", {}, {bytes, buffers_.allocatedBytes()}));
  }
  auto made = buffers_.create(BufferUse::Chunk, bytes);
  if (!made) return Unexpected(made.error());
  slot = std::move(*made);
  chunkBytes_ += slot.allocatedBytes;
  ID3D12Resource* const resource = slot.resource.get();
  return ChunkInfo{reinterpret_cast<NativeHandle>(resource), resource->GetGPUVirtualAddress(), bytes};
}

void AdoptedDevice::destroyChunk(ChunkIndex index) noexcept {
  Buffer& slot = usedSlot(chunks_, static_cast<std::uint32_t>(index));
  chunkBytes_ -= slot.allocatedBytes;
  buffers_.destroy(slot);
}

Result<std::span<std::byte>> AdoptedDevice::openStaging(StagingIndex index, ByteCount bytes, StagingUse use) {
  Buffer& slot = freeSlot(staging_, static_cast<std::uint32_t>(index));
  auto made = buffers_.create(use == StagingUse::Upload ? BufferUse::Upload : BufferUse::Readback, bytes);
  if (!made) return Unexpected(made.error());
  slot = std::move(*made);
  return std::span(slot.mapped, static_cast<std::size_t>(bytes));
}

void AdoptedDevice::closeStaging(StagingIndex index) noexcept {
  buffers_.destroy(usedSlot(staging_, static_cast<std::uint32_t>(index)));
}

Result<TimelineValue> AdoptedDevice::submit(std::span<const CopyPiece> batch, std::span<const QueueValue> waits) {
  auto commands = commandLists_.begin(fences_.completed(kCopyQueue));
  if (!commands) return Unexpected(commands.error());
  recorder_.record(commands->list.get(), batch, chunks_, staging_);
  if (const HRESULT result = commands->list->Close(); FAILED(result)) {
    return failed(device_.get(), result, "ID3D12GraphicsCommandList::Close");
  }
  for (const QueueValue& wait : waits) {
    if (const HRESULT result = copyQueue_->Wait(fences_.fence(wait.queue), wait.value); FAILED(result)) {
      return failed(device_.get(), result, "ID3D12CommandQueue::Wait");
    }
  }
  ID3D12CommandList* const list = commands->list.get();
  copyQueue_->ExecuteCommandLists(1, &list);
  const TimelineValue value = submitted_ + 1;
  HRESULT result = copyQueue_->Signal(commands->done.get(), value);
  commandLists_.submitted(std::move(*commands), value);
  if (SUCCEEDED(result)) result = signal(value);
  if (FAILED(result)) {
    // To copy once more is harmless, as no piece reads what the batch writes: the next batch may have the same value.
    unsignalled_ = true;
    return failed(device_.get(), result, "ID3D12CommandQueue::Signal");
  }
  unsignalled_ = false;
  submitted_ = value;
  return value;
}

MemoryBudget AdoptedDevice::budget() {
#if defined(_WIN32)
  if (adapter_) {
    if (const MemoryBudget known = queryBudget(adapter_.get()); known.fromSystem) return known;
  }
#endif
  return {estimatedBudget(deviceMemoryBytes_), chunkBytes_, false};
}

void AdoptedDevice::raisePriority(ChunkIndex index) noexcept {
  if (!device1_) return;
  ID3D12Pageable* const chunk = usedSlot(chunks_, static_cast<std::uint32_t>(index)).resource.get();
  constexpr D3D12_RESIDENCY_PRIORITY kHigh = D3D12_RESIDENCY_PRIORITY_HIGH;
  (void)device1_->SetResidencyPriority(1, &chunk, &kHigh);  // A wish that is not heard is no error.
}

void AdoptedDevice::setName(ChunkIndex index, std::string_view name) noexcept {
  std::array<WCHAR, 64> text{};  // Ends with a zero, which a view need not.
  std::transform(name.begin(), name.begin() + static_cast<std::ptrdiff_t>(std::min(name.size(), text.size() - 1)),
                 text.begin(), [](char c) { return static_cast<WCHAR>(static_cast<unsigned char>(c)); });
  // A name that could not be set is no reason to fail anything.
  (void)usedSlot(chunks_, static_cast<std::uint32_t>(index)).resource->SetName(text.data());
}

Unexpected invalid(std::string_view field) {
  return Unexpected(makeError(ErrorCode::InvalidArgument, field, {}));
}

/// COM identity: one object may have several interface pointers, but only one IUnknown.
bool isOf(ID3D12DeviceChild* child, ID3D12Device* device) {
  ComPtr<ID3D12Device> owner;
  ComPtr<IUnknown> ownerIdentity;
  ComPtr<IUnknown> identity;
  return SUCCEEDED(child->GetDevice(kIid<ID3D12Device>, owner.out())) &&
         SUCCEEDED(owner->QueryInterface(kIid<IUnknown>, ownerIdentity.out())) &&
         SUCCEEDED(device->QueryInterface(kIid<IUnknown>, identity.out())) && ownerIdentity.get() == identity.get();
}

Result<void> checkDesc(const D3D12DeviceDesc& desc) {
  if (desc.device == nullptr) return invalid("device");
  if (desc.copyQueue == nullptr || !isOf(desc.copyQueue, desc.device)) return invalid("copyQueue");
  if (desc.fences.size() >= kMaxQueues) return invalid("fences");
  for (ID3D12Fence* const fence : desc.fences) {
    if (fence == nullptr || !isOf(fence, desc.device)) return invalid("fences");
  }
#if !defined(_WIN32)
  if (desc.adapter != nullptr) return invalid("adapter");
#endif
  if (desc.adapter == nullptr && desc.deviceMemoryBytes == 0) return invalid("deviceMemoryBytes");
  return {};
}

}  // namespace
}  // namespace flux::d3d12

namespace flux {

Result<std::unique_ptr<D3D12Device>> D3D12Device::create(const D3D12DeviceDesc& desc) {
  if (auto checked = d3d12::checkDesc(desc); !checked) return Unexpected(checked.error());
  auto device = std::make_unique<d3d12::AdoptedDevice>(desc, desc.copyQueue->GetDesc());
  if (auto made = device->init(desc); !made) return Unexpected(made.error());
  return device;
}

}  // namespace flux
