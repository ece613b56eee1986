// Calls of Direct3D that fail.

#include "d3d12/method_patch.hpp"
#include "d3d12/test_device.hpp"

#include <array>
#include <limits>

namespace flux::test {
namespace {

constexpr HRESULT kRemoved = static_cast<HRESULT>(0x887A0005);
constexpr HRESULT kHung = static_cast<HRESULT>(0x887A0006);

HRESULT WINAPI outOfMemory() {
  return E_OUTOFMEMORY;
}
HRESULT WINAPI fails() {
  return E_FAIL;
}
HRESULT WINAPI removed() {
  return kRemoved;
}
HRESULT WINAPI hung() {
  return kHung;
}
UINT64 WINAPI lastValue() {
  return std::numeric_limits<std::uint64_t>::max();
}

class D3D12Faults : public D3D12Test {
 protected:
  D3D12Device& device() { return context_.device(); }

  ErrorCode codeOfCreate() {
    const auto made = D3D12Device::create(context_.adoption());
    EXPECT_FALSE(made);
    return made ? ErrorCode::InvalidArgument : made.error().code;
  }
};

TEST_F(D3D12Faults, AChunkThatDoesNotFitIsReportedWithItsSize) {
  {
    MethodPatch patch(context_.d3d12Device());
    patch.replace(slot::kCreateCommittedResource, outOfMemory);
    const auto made = device().createChunk(ChunkIndex{0}, 4096);
    ASSERT_FALSE(made);
    EXPECT_EQ(made.error().code, ErrorCode::OutOfDeviceMemory);
    EXPECT_EQ(made.error().nativeCode, E_OUTOFMEMORY);
    EXPECT_EQ(made.error().numbers[0], 4096U);
    EXPECT_FALSE(device().openStaging(StagingIndex{0}, 4096));
    if (const MemoryBudget budget = device().budget(); !budget.fromSystem) {
      EXPECT_EQ(budget.usedBytes, 0U);
    }
  }
  EXPECT_TRUE(device().createChunk(ChunkIndex{0}, 4096));
  EXPECT_TRUE(device().openStaging(StagingIndex{0}, 4096));
}

TEST_F(D3D12Faults, ADeviceThatCannotBeMadeLeavesNothing) {
  MethodPatch patch(context_.d3d12Device());
  patch.replace(slot::kCreateFence, fails);
  EXPECT_EQ(codeOfCreate(), ErrorCode::DriverError);
  patch.restore(slot::kCreateFence);
  patch.replace(slot::kCreateCommittedResource, outOfMemory);
  EXPECT_EQ(codeOfCreate(), ErrorCode::OutOfDeviceMemory);
  patch.restore(slot::kCreateCommittedResource);
  EXPECT_TRUE(D3D12Device::create(context_.adoption()));
}

TEST_F(D3D12Faults, ABatchThatFailedMayBeSubmittedAgain) {
  const auto bytes = patternBytes(4096, 3);
  const auto chunk = device().createChunk(ChunkIndex{0}, 4096);
  ASSERT_TRUE(chunk);
  openPage(device(), StagingIndex{0}, bytes);
  const std::array batch{CopyPiece{StagingIndex{0}, ChunkIndex{0}, 0, 0, 4096}};
  {
    MethodPatch patch(context_.d3d12Device());
    for (const std::size_t call : {slot::kCreateCommandAllocator, slot::kCreateCommandList}) {
      patch.replace(call, outOfMemory);
      const auto failed = device().submit(batch);
      ASSERT_FALSE(failed);
      EXPECT_EQ(failed.error().code, ErrorCode::OutOfDeviceMemory);
      patch.restore(call);
    }
  }
  {
    MethodPatch patch(context_.copyQueue());
    patch.replace(slot::kSignal, fails);
    const auto failed = device().submit(batch);
    ASSERT_FALSE(failed);
    EXPECT_EQ(failed.error().code, ErrorCode::DriverError);
  }
  const auto value = device().submit(batch);
  ASSERT_TRUE(value);
  EXPECT_EQ(*value, 1U);
  EXPECT_TRUE(readChunk(context_, device(), *chunk, 4096, *value) == bytes);
}

TEST_F(D3D12Faults, ADeviceMayEndWithABatchThatCouldNotBeSignalled) {
  auto other = D3D12Device::create(context_.adoption());
  ASSERT_TRUE(other);
  ASSERT_TRUE((*other)->createChunk(ChunkIndex{0}, 4096));
  openPage(**other, StagingIndex{0}, patternBytes(4096, 3));
  {
    MethodPatch patch(context_.copyQueue());
    patch.replace(slot::kSignal, fails);
    EXPECT_FALSE((*other)->submit(std::array{CopyPiece{StagingIndex{0}, ChunkIndex{0}, 0, 0, 4096}}));
  }
  other->reset();  // The layer below would say that memory in use goes.
}

TEST_F(D3D12Faults, ARemovedDeviceIsLostWithItsReason) {
  MethodPatch device12(context_.d3d12Device());
  device12.replace(slot::kGetDeviceRemovedReason, hung);
  device12.replace(slot::kCreateCommittedResource, removed);
  const auto made = device().createChunk(ChunkIndex{0}, 4096);
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code, ErrorCode::DeviceLost);
  EXPECT_EQ(made.error().nativeCode, kHung);

  const auto waited = device().wait(kCopyQueue, 1, std::chrono::seconds{60});
  ASSERT_FALSE(waited);
  EXPECT_EQ(waited.error().code, ErrorCode::DeviceLost);

  MethodPatch fence(device().copyFence());
  fence.replace(slot::kGetCompletedValue, lastValue);
  const auto polled = device().poll();
  ASSERT_FALSE(polled);
  EXPECT_EQ(polled.error().code, ErrorCode::DeviceLost);
  EXPECT_EQ(polled.error().nativeCode, kHung);
  EXPECT_EQ(device().completed(kCopyQueue), 0U);
}

TEST_F(D3D12Faults, AWaitThatTimedOutLeavesNothingBehind) {
  const auto late = device().wait(app::D3D12Context::kDrawQueue, 1, std::chrono::milliseconds{1});
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code, ErrorCode::Timeout);
  const auto unknown = device().wait(QueueId{2}, 0, std::chrono::nanoseconds{0});
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().code, ErrorCode::InvalidArgument);
  ASSERT_TRUE(SUCCEEDED(context_.drawFence()->Signal(1)));
  EXPECT_TRUE(device().wait(app::D3D12Context::kDrawQueue, 1, std::chrono::seconds{60}));
  EXPECT_EQ(device().completed(app::D3D12Context::kDrawQueue), 1U);
}

// Counts the allocators that are made.
int allocatorsMade = 0;
HRESULT(WINAPI* originalCreateAllocator)(ID3D12Device*, D3D12_COMMAND_LIST_TYPE, REFIID, void**) = nullptr;
HRESULT WINAPI countedCreateAllocator(ID3D12Device* self, D3D12_COMMAND_LIST_TYPE type, REFIID iid, void** made) {
  ++allocatorsMade;
  return originalCreateAllocator(self, type, iid, made);
}

TEST_F(D3D12Faults, AllocatorsAreUsedAgainOnceTheirBatchIsDone) {
  allocatorsMade = 0;
  MethodPatch patch(context_.d3d12Device());
  originalCreateAllocator =
      patch.original<std::remove_pointer_t<decltype(originalCreateAllocator)>>(slot::kCreateCommandAllocator);
  patch.replace(slot::kCreateCommandAllocator, countedCreateAllocator);
  for (int i = 0; i < 20; ++i) {
    const auto value = device().submit({});
    ASSERT_TRUE(value);
    ASSERT_TRUE(device().wait(kCopyQueue, *value, std::chrono::seconds{60}));
  }
  EXPECT_EQ(allocatorsMade, 1);
}

}  // namespace
}  // namespace flux::test
