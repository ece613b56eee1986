// What the device takes and refuses to adopt, and that it gives everything back.

#include "d3d12/test_device.hpp"

#include <array>
#include <string>

namespace flux::test {
namespace {

class D3D12Adoption : public D3D12Test {
 protected:
  // The field that `desc` is refused for; empty: it is not.
  std::string refusal(const D3D12DeviceDesc& desc) {
    const auto made = D3D12Device::create(desc);
    if (made) return {};
    EXPECT_EQ(made.error().code, ErrorCode::InvalidArgument);
    return std::string(made.error().resourceName());
  }

  D3D12DeviceDesc desc_ = context_.adoption();
};

TEST_F(D3D12Adoption, EachMissingFieldIsNamed) {
  EXPECT_EQ(refusal(desc_), "");
  D3D12DeviceDesc desc = desc_;
  desc.device = nullptr;
  EXPECT_EQ(refusal(desc), "device");
  desc = desc_;
  desc.copyQueue = nullptr;
  EXPECT_EQ(refusal(desc), "copyQueue");
  desc = desc_;
  desc.adapter = nullptr;
  desc.deviceMemoryBytes = 0;
  EXPECT_EQ(refusal(desc), "deviceMemoryBytes");
}

TEST_F(D3D12Adoption, FencesAreAtMostSevenAndNoneIsNull) {
  std::array<ID3D12Fence*, kMaxQueues> fences{};
  fences.fill(context_.drawFence());
  D3D12DeviceDesc desc = desc_;
  desc.fences = fences;
  EXPECT_EQ(refusal(desc), "fences");
  desc.fences = std::span(fences).first(kMaxQueues - 1);
  EXPECT_EQ(refusal(desc), "");
  fences[2] = nullptr;
  EXPECT_EQ(refusal(desc), "fences");
}

#if !defined(_WIN32)  // On Windows an adapter has one device, and DXGI.
TEST_F(D3D12Adoption, ThingsOfAnotherDeviceAreRefused) {
  app::D3D12Context other({});
  D3D12DeviceDesc desc = desc_;
  desc.copyQueue = other.copyQueue();
  EXPECT_EQ(refusal(desc), "copyQueue");
  desc = desc_;
  ID3D12Fence* const fence = other.drawFence();
  desc.fences = {&fence, 1};
  EXPECT_EQ(refusal(desc), "fences");
}

TEST_F(D3D12Adoption, AnAdapterNeedsDxgi) {
  D3D12DeviceDesc desc = desc_;
  desc.adapter = reinterpret_cast<IDXGIAdapter3*>(desc.device);
  EXPECT_EQ(refusal(desc), "adapter");
}
#endif

ULONG references(IUnknown* object) {
  object->AddRef();
  return object->Release();
}

TEST_F(D3D12Adoption, AllReferencesAreGivenBack) {
  const std::array<IUnknown*, 3> adopted{desc_.device, desc_.copyQueue, context_.drawFence()};
  std::array<ULONG, 3> before{};
  std::transform(adopted.begin(), adopted.end(), before.begin(), references);
  {
    const auto device = D3D12Device::create(desc_);
    ASSERT_TRUE(device);
    for (std::size_t i = 0; i < adopted.size(); ++i) EXPECT_GT(references(adopted[i]), before[i]);
    ASSERT_TRUE((*device)->createChunk(ChunkIndex{0}, 4096));
    openPage(**device, StagingIndex{0}, patternBytes(4096, 1));
    const CopyPiece piece{StagingIndex{0}, ChunkIndex{0}, 0, 0, 4096};
    ASSERT_TRUE((*device)->submit({&piece, 1}));
  }
  for (std::size_t i = 0; i < adopted.size(); ++i) EXPECT_EQ(references(adopted[i]), before[i]);
}

#if defined(_WIN32)
TEST_F(D3D12Adoption, AnAdapterKnowsTheBudgetAndTheName) {
  EXPECT_TRUE(context_.device().budget().fromSystem);
  EXPECT_GT(context_.device().budget().budgetBytes, 0U);
  EXPECT_NE(context_.device().caps().deviceName, "Direct3D 12 device");
}
#endif

TEST_F(D3D12Adoption, TheBudgetIsEstimatedAndCoversTheChunks) {
  D3D12DeviceDesc desc = desc_;
  desc.adapter = nullptr;
  desc.deviceMemoryBytes = 100 * kMiB;
  const auto made = D3D12Device::create(desc);
  ASSERT_TRUE(made);
  D3D12Device& device = **made;
  const MemoryBudget before = device.budget();
  EXPECT_FALSE(before.fromSystem);
  EXPECT_EQ(before.budgetBytes, 80 * kMiB);
  ASSERT_TRUE(device.createChunk(ChunkIndex{0}, 16 * kMiB));
  EXPECT_EQ(device.budget().usedBytes, before.usedBytes + 16 * kMiB);
  device.destroyChunk(ChunkIndex{0});
  EXPECT_EQ(device.budget().usedBytes, before.usedBytes);
}

}  // namespace
}  // namespace flux::test
