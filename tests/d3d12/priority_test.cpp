// What the system should keep in device memory when it is short. Not every runtime knows such wishes: here it is one of
// the test's own that hears them.

#include "d3d12/method_patch.hpp"
#include "d3d12/test_device.hpp"

#include <array>
#include <cstring>
#include <utility>
#include <vector>

namespace flux::test {
namespace {

using Wish = std::pair<ID3D12Pageable*, D3D12_RESIDENCY_PRIORITY>;
using Query = HRESULT WINAPI(ID3D12Device*, REFIID, void**);

/// An ID3D12Device1 of which only what is called exists.
struct Listener {
  void** methods = table.data();
  static inline std::array<void*, 47> table{};
  static inline std::vector<Wish> wishes;
  static inline HRESULT answer = S_OK;
  static inline int references = 0;
  static inline Query* next = nullptr;

  static ULONG WINAPI addRef(Listener*) { return static_cast<ULONG>(++references); }
  static ULONG WINAPI release(Listener*) { return static_cast<ULONG>(--references); }
  static HRESULT WINAPI hear(Listener*, UINT count, ID3D12Pageable* const* objects,
                             const D3D12_RESIDENCY_PRIORITY* priorities) {
    for (UINT i = 0; i < count; ++i) wishes.emplace_back(objects[i], priorities[i]);
    return answer;
  }
  static HRESULT WINAPI query(ID3D12Device* device, REFIID wanted, void** found) {
    constexpr IID kDevice1{0x77acce80, 0x638e, 0x4e65, {0x88, 0x95, 0xc1, 0xf2, 0x33, 0x86, 0x86, 0x3e}};
    if (std::memcmp(&wanted, &kDevice1, sizeof(kDevice1)) != 0) return next(device, wanted, found);
    static Listener listener;
    addRef(&listener);
    *found = &listener;
    return S_OK;
  }
};

using D3D12Priority = D3D12Test;

TEST_F(D3D12Priority, AChunkStaysLongerThanOthers) {
  Listener::table[slot::kAddRef] = reinterpret_cast<void*>(&Listener::addRef);
  Listener::table[slot::kRelease] = reinterpret_cast<void*>(&Listener::release);
  Listener::table[slot::kSetResidencyPriority] = reinterpret_cast<void*>(&Listener::hear);
  MethodPatch patch(context_.d3d12Device());
  Listener::next = patch.original<Query>(slot::kQueryInterface);
  patch.replace(slot::kQueryInterface, &Listener::query);
  {
    const auto device = D3D12Device::create(context_.adoption()).value();
    const ChunkInfo chunk = device->createChunk(ChunkIndex{0}, 65536).value();
    device->raisePriority(ChunkIndex{0});
    EXPECT_EQ(Listener::wishes, std::vector<Wish>({{d3d12Buffer(chunk.buffer), D3D12_RESIDENCY_PRIORITY_HIGH}}));
    Listener::answer = E_OUTOFMEMORY;
    device->raisePriority(ChunkIndex{0});  // What is not heard is no error.
    device->destroyChunk(ChunkIndex{0});
  }
  EXPECT_EQ(Listener::references, 0);
}

HRESULT WINAPI knowNoWishes(ID3D12Device* device, REFIID wanted, void** found) {
  const int before = Listener::references;
  const HRESULT result = Listener::query(device, wanted, found);
  if (Listener::references == before) return result;
  Listener::references = before;
  *found = nullptr;
  return E_NOINTERFACE;
}

TEST_F(D3D12Priority, NothingIsAskedWhereNothingWouldBeHeard) {
  MethodPatch patch(context_.d3d12Device());
  Listener::next = patch.original<Query>(slot::kQueryInterface);
  patch.replace(slot::kQueryInterface, &knowNoWishes);
  const auto device = D3D12Device::create(context_.adoption()).value();
  ASSERT_TRUE(device->createChunk(ChunkIndex{0}, 65536));
  device->raisePriority(ChunkIndex{0});
  device->destroyChunk(ChunkIndex{0});
}

}  // namespace
}  // namespace flux::test
