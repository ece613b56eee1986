// Names of chunks, as debuggers and captures show them.

#include "d3d12/method_patch.hpp"
#include "d3d12/test_device.hpp"

#include <string>

namespace flux::test {
namespace {

std::string& lastName() {
  static std::string name;
  return name;
}

HRESULT WINAPI keepName(ID3D12Resource*, const WCHAR* name) {
  lastName().clear();
  for (; *name != 0; ++name) lastName().push_back(static_cast<char>(*name));
  return S_OK;
}
HRESULT WINAPI refuseName(ID3D12Resource*, const WCHAR*) {
  return E_OUTOFMEMORY;
}

using D3D12Names = D3D12Test;

TEST_F(D3D12Names, AChunkBearsTheNameThatItGets) {
  const auto chunk = context_.device().createChunk(ChunkIndex{0}, 65536);
  ASSERT_TRUE(chunk);
  // What the method itself does is checked as well: the layer hears of a name that is no text.
  context_.device().setName(ChunkIndex{0}, "chunk 0");

  MethodPatch resource(d3d12Buffer(chunk->buffer));
  resource.replace(slot::kSetName, keepName);
  context_.device().setName(ChunkIndex{0}, std::string_view("chunk 0, streaming").substr(0, 7));
  EXPECT_EQ(lastName(), "chunk 0");
  context_.device().setName(ChunkIndex{0}, std::string(500, 'x'));
  EXPECT_EQ(lastName(), std::string(63, 'x'));
  context_.device().setName(ChunkIndex{0}, "");
  EXPECT_EQ(lastName(), "");
  resource.replace(slot::kSetName, refuseName);
  context_.device().setName(ChunkIndex{0}, "nobody minds");
}

}  // namespace
}  // namespace flux::test
