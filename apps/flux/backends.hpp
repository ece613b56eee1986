#pragma once

/// The back ends that this build of the command has. A new one is an option of CMake (FLUX_…), a folder of its name
/// beside this file, and a row in backends.cpp; nothing else of the command knows which there are.

#include "replay/target.hpp"
#include "view/renderer.hpp"

#include <flux/device.hpp>

#include <nlohmann/json.hpp>

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace flux::app {

/// One back end of the command. `--backend` calls it by `toString(backend)`.
struct AppBackend {
  Backend backend;
  const char* title;  ///< As people write it: "Direct3D 12".
  std::unique_ptr<Renderer> (*makeRenderer)(const RendererDesc& desc);
  std::unique_ptr<ReplayTarget> (*makeTarget)(const ReplayTargetDesc& desc);

  /// For `flux info`. `devices`: for each its `name`, `driver` and `flux` (`capsInfo` and `usable`: true,
  /// or false with a `reason`), found by making a Flux device there. Known besides, and printed where they are: `about`
  /// of the back end; `index`, `preferred`, `type`, `apiVersion`, `heaps`, `memoryTypes`, `queueFamilies` and `limits`
  /// of a device, and `copyKernel` in its `flux`. Where the back end cannot be used at all: why, as a whole line under
  /// `missing`, and no devices.
  nlohmann::ordered_json (*info)();
};

/// All that are built, the default first, Host last: it is always there.
[[nodiscard]] std::span<const AppBackend> builtBackends() noexcept;

/// Their names, in the same order.
[[nodiscard]] std::vector<std::string> backendNames();

/// The back end of a name; throws `Failure` (bad use) that lists the names when this build has none of it.
[[nodiscard]] const AppBackend& requireBackend(std::string_view name);

}  // namespace flux::app
