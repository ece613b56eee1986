#include "backends.hpp"

#include "failure.hpp"
#include "host_info.hpp"

#if defined(FLUX_APP_D3D12)
#include "d3d12/device_info.hpp"
#include "d3d12/renderer.hpp"
#include "d3d12/replay_target.hpp"
#endif
#if defined(FLUX_APP_OPENGL)
#include "opengl/device_info.hpp"
#include "opengl/renderer.hpp"
#include "opengl/replay_target.hpp"
#endif
#if defined(FLUX_APP_VULKAN)
#include "vulkan/device_info.hpp"
#include "vulkan/renderer.hpp"
#include "vulkan/replay_target.hpp"
#endif

namespace flux::app {
namespace {

constexpr AppBackend kBackends[] = {
#if defined(FLUX_APP_VULKAN)
    {Backend::Vulkan, "Vulkan", makeVulkanRenderer, makeVulkanTarget, vulkanInfo},
#endif
#if defined(FLUX_APP_D3D12)
    {Backend::D3D12, "Direct3D 12", makeD3D12Renderer, makeD3D12Target, d3d12Info},
#endif
#if defined(FLUX_APP_OPENGL)
    {Backend::OpenGL, "OpenGL", makeOpenGlRenderer, makeOpenGlTarget, openGlInfo},
#endif
    {Backend::Host, "Host", makeHostRenderer, makeHostTarget, hostInfo},
};

}  // namespace

std::span<const AppBackend> builtBackends() noexcept {
  return kBackends;
}

std::vector<std::string> backendNames() {
  std::vector<std::string> names;
  for (const AppBackend& row : kBackends) names.emplace_back(toString(row.backend));
  return names;
}

const AppBackend& requireBackend(std::string_view name) {
  std::string names;
  for (const AppBackend& row : kBackends) {
    if (toString(row.backend) == name) return row;
    names += (names.empty() ? "" : ", ") + std::string(toString(row.backend));
  }
  throw badUse("unknown backend '" + std::string(name) + "'; this build has " + names);
}

}  // namespace flux::app
