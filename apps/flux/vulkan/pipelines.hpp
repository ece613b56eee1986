#pragma once

/// The graphics pipelines of the renderer: objects, objects by handle, sky.

#include "vulkan/context.hpp"
#include "vulkan/handles.hpp"

#include <glm/glm.hpp>

#include <cstdint>

namespace flux::app {

/// As in shaders/scene.glsl. All graphics pipelines share its layout; a draw replaces only `placement`.
struct ScenePush {
  glm::mat4 viewProjection;
  glm::vec4 eye;  ///< w: distance at which the haze hides everything.
  glm::vec4 placement;
};
static_assert(sizeof(ScenePush) == 96);
inline constexpr VkShaderStageFlags kSceneStages = VK_SHADER_STAGE_VERTEX_BIT | VK_SHADER_STAGE_FRAGMENT_BIT;

/// The same for draws by handle, as in shaders/pulled.vert.
struct HandleScenePush {
  glm::mat4 viewProjection;
  glm::vec4 eye;
  VkDeviceAddress found = 0;
  std::uint64_t unused = 0;
};
static_assert(sizeof(HandleScenePush) == sizeof(ScenePush));

/// What the graphics pipelines draw into.
struct TargetFormats {
  VkFormat color = VK_FORMAT_R8G8B8A8_SRGB;
  VkFormat depth = VK_FORMAT_D32_SFLOAT;
  VkSampleCountFlagBits samples = VK_SAMPLE_COUNT_4_BIT;
};

/// Owns the pipelines and their layouts.
///
/// **Thread contract.** Constant once made; any thread.
class Pipelines {
 public:
  /// `extent` becomes the fixed viewport. `byHandle`: with the pipeline for that. Throws Failure.
  Pipelines(VulkanContext& context, VkExtent2D extent, const TargetFormats& formats, bool byHandle = false);

  /// One dynamic uniform buffer: the object's constants.
  [[nodiscard]] VkDescriptorSetLayout objectSetLayout() const noexcept { return objectSetLayout_.get(); }
  [[nodiscard]] VkPipelineLayout sceneLayout() const noexcept { return sceneLayout_.get(); }
  [[nodiscard]] VkPipeline object() const noexcept { return object_.get(); }
  [[nodiscard]] VkPipeline byHandle() const noexcept { return byHandle_.get(); }
  [[nodiscard]] VkPipeline sky() const noexcept { return sky_.get(); }

 private:
  UniqueSetLayout objectSetLayout_;
  UniquePipelineLayout sceneLayout_;
  UniquePipeline object_;
  UniquePipeline byHandle_;
  UniquePipeline sky_;
};

}  // namespace flux::app
