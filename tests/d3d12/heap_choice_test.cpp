// Where chunks lie, and whether the host writes to them, on devices with and without memory of their own.

#include "d3d12/method_patch.hpp"
#include "d3d12/test_device.hpp"

namespace flux::test {
namespace {

HRESULT answer(D3D12_FEATURE feature, void* data, BOOL unified, BOOL coherent) {
  if (feature != D3D12_FEATURE_ARCHITECTURE) return E_INVALIDARG;
  auto* const memory = static_cast<D3D12_FEATURE_DATA_ARCHITECTURE*>(data);
  memory->UMA = unified;
  memory->CacheCoherentUMA = coherent;
  return S_OK;
}
HRESULT WINAPI separateMemory(ID3D12Device*, D3D12_FEATURE feature, void* data, UINT) {
  return answer(feature, data, FALSE, FALSE);
}
HRESULT WINAPI memoryWithoutSharedCaches(ID3D12Device*, D3D12_FEATURE feature, void* data, UINT) {
  return answer(feature, data, TRUE, FALSE);
}

class D3D12Heaps : public D3D12Test {
 protected:
  /// A device of its own on the context's.
  std::unique_ptr<D3D12Device> adopt(std::optional<ByteCount> directWriteBytes) {
    D3D12DeviceDesc desc = context_.adoption();
    desc.directWriteBytes = directWriteBytes;
    auto made = D3D12Device::create(desc);
    EXPECT_TRUE(made);
    return std::move(made).value_or(nullptr);
  }

  /// Of a new chunk.
  static D3D12_HEAP_PROPERTIES heapOf(D3D12Device& device) {
    const auto chunk = device.createChunk(ChunkIndex{0}, 64 * kKiB);
    EXPECT_TRUE(chunk);
    D3D12_HEAP_PROPERTIES heap{};
    D3D12_HEAP_FLAGS flags{};
    EXPECT_EQ(d3d12Buffer(chunk->buffer)->GetHeapProperties(&heap, &flags), S_OK);
    return heap;
  }
};

TEST_F(D3D12Heaps, UnifiedMemoryIsWrittenByTheHost) {
  const auto device = adopt(std::nullopt);
  EXPECT_EQ(device->caps().directWriteBytes, kAllBytes);
  const D3D12_HEAP_PROPERTIES heap = heapOf(*device);
  EXPECT_EQ(heap.Type, D3D12_HEAP_TYPE_CUSTOM);
  EXPECT_EQ(heap.CPUPageProperty, D3D12_CPU_PAGE_PROPERTY_WRITE_BACK);
  EXPECT_EQ(heap.MemoryPoolPreference, D3D12_MEMORY_POOL_L0);
  EXPECT_EQ(device->mapped(ChunkIndex{0}, 4096, 256).data(), device->mapped(ChunkIndex{0}, 0, 256).data() + 4096);
}

TEST_F(D3D12Heaps, TheApplicationDecidesHowMuch) {
  EXPECT_EQ(adopt(5000)->caps().directWriteBytes, 5000U);
  const auto device = adopt(0);
  EXPECT_EQ(device->caps().directWriteBytes, 0U);
  EXPECT_EQ(heapOf(*device).Type, D3D12_HEAP_TYPE_DEFAULT);
}

TEST_F(D3D12Heaps, WithoutSharedCachesTheHostsWritesAreCombined) {
  MethodPatch patch(context_.d3d12Device());
  patch.replace(slot::kCheckFeatureSupport, memoryWithoutSharedCaches);
  const auto device = adopt(std::nullopt);
  EXPECT_EQ(device->caps().directWriteBytes, kAllBytes);
  EXPECT_EQ(heapOf(*device).CPUPageProperty, D3D12_CPU_PAGE_PROPERTY_WRITE_COMBINE);
}

TEST_F(D3D12Heaps, MemoryOfTheDeviceIsReachedByCopies) {
  MethodPatch patch(context_.d3d12Device());
  patch.replace(slot::kCheckFeatureSupport, separateMemory);
  for (const std::optional<ByteCount> wanted : {std::optional<ByteCount>{}, std::optional<ByteCount>{kAllBytes}}) {
    const auto device = adopt(wanted);
    EXPECT_EQ(device->caps().directWriteBytes, 0U) << "without GPU upload heaps, of which this runtime does not know";
    EXPECT_EQ(heapOf(*device).Type, D3D12_HEAP_TYPE_DEFAULT);
  }
}

}  // namespace
}  // namespace flux::test
