#include "d3d12/draw_list.hpp"

#include <cstddef>
#include <cstdint>

namespace flux::app::d3d12 {

void bindPipeline(ID3D12GraphicsCommandList* list, const DrawSetup& setup, ID3D12PipelineState* pipeline,
                  const SceneConstants& scene) {
  setup.targets.bind(list);
  list->SetGraphicsRootSignature(setup.pipelines.signature());
  list->SetPipelineState(pipeline);
  list->IASetPrimitiveTopology(D3D_PRIMITIVE_TOPOLOGY_TRIANGLELIST);
  list->SetGraphicsRoot32BitConstants(kSceneParameter, sizeof scene / sizeof(std::uint32_t), &scene, 0);
}

void DrawList::reset() noexcept {
  open_ = false;
  drawn_.clear();
  places_.clear();
}

void DrawList::record(const SceneConstants& scene, std::span<const DrawCommand> draws) {
  if (!open_) {
    bindPipeline(list_.begin(), setup_, setup_.pipelines.object(), scene);
    open_ = true;
  }
  for (const DrawCommand& command : draws) draw(command);
}

void DrawList::draw(const DrawCommand& command) {
  ID3D12GraphicsCommandList* const list = list_.get();
  const Place& vertices = command.parts[static_cast<std::size_t>(kVertexPart)];
  const Place& indices = command.parts[static_cast<std::size_t>(kIndexPart)];
  const Place& constants = command.parts[static_cast<std::size_t>(kConstantsPart)];

  const D3D12_VERTEX_BUFFER_VIEW vertexView{vertices.address, static_cast<UINT>(vertices.bytes), sizeof(Vertex)};
  list->IASetVertexBuffers(0, 1, &vertexView);
  const D3D12_INDEX_BUFFER_VIEW indexView{indices.address, static_cast<UINT>(indices.bytes), DXGI_FORMAT_R32_UINT};
  list->IASetIndexBuffer(&indexView);
  list->SetGraphicsRootConstantBufferView(kObjectParameter, constants.address);
  list->SetGraphicsRoot32BitConstants(kSceneParameter, sizeof command.placement / sizeof(std::uint32_t),
                                      &command.placement, offsetof(SceneConstants, placement) / sizeof(std::uint32_t));
  list->DrawIndexedInstanced(command.indexCount, 1, 0, 0, 0);

  if (!setup_.verify) return;
  drawn_.push_back({command.object, command.version});
  places_.insert(places_.end(), command.parts.begin(), command.parts.end());
}

ID3D12CommandList* DrawList::close() {
  if (!open_) return nullptr;
  open_ = false;
  return list_.close();
}

}  // namespace flux::app::d3d12
