#include "webgpu/api.hpp"

#include "failure.hpp"

#include <cstdlib>
#include <string>

#if defined(_WIN32)
#include <windows.h>
#else
#include <dlfcn.h>
#endif

namespace flux::app {
namespace {

#if defined(_WIN32)
constexpr const char* kUsualName = "webgpu_dawn.dll";
void* openLibrary(const std::filesystem::path& path) {
  return LoadLibraryW(path.c_str());
}
void* findSymbol(void* library, const char* name) {
  return reinterpret_cast<void*>(GetProcAddress(static_cast<HMODULE>(library), name));
}
#else
constexpr const char* kUsualName = "libwebgpu_dawn.so";
void* openLibrary(const std::filesystem::path& path) {
  return dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
}
void* findSymbol(void* library, const char* name) {
  return dlsym(library, name);
}
#endif

}  // namespace

std::filesystem::path webGpuLibrary() {
  if (const char* chosen = std::getenv("FLUX_WEBGPU_LIBRARY"); chosen != nullptr && *chosen != '\0') return chosen;
  constexpr std::string_view kInstalled = FLUX_INSTALLED_DAWN;
  return kInstalled.empty() ? std::filesystem::path(kUsualName) : std::filesystem::path(kInstalled);
}

WebGpuApi::WebGpuApi() {
  const std::filesystem::path path = webGpuLibrary();
  library = openLibrary(path);
  if (library == nullptr) {
    throw Failure("WebGPU: cannot open " + path.string() +
                  " (tools/dawn.sh installs it, FLUX_WEBGPU_LIBRARY names another)");
  }
#define FLUX_LOAD(name)                                                             \
  this->name = reinterpret_cast<WGPUProc##name>(findSymbol(library, "wgpu" #name)); \
  if (this->name == nullptr) throw Failure("WebGPU: " + path.string() + " has no wgpu" #name);
  FLUX_APP_WEBGPU_FUNCTIONS(FLUX_LOAD)
#undef FLUX_LOAD
}

WebGpuFunction WebGpuApi::find(void* context, const char* name) {
  return reinterpret_cast<WebGpuFunction>(findSymbol(static_cast<const WebGpuApi*>(context)->library, name));
}

const WebGpuApi& webGpu() {
  static const WebGpuApi api;
  return api;
}

}  // namespace flux::app
