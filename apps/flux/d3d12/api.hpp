#pragma once

/// Direct3D 12's own headers, and ownership of its objects.

// As the library has it: structures are returned through a pointer, which these headers say only on demand.
#if !defined(WIDL_EXPLICIT_AGGREGATE_RETURNS)
#define WIDL_EXPLICIT_AGGREGATE_RETURNS
#endif

#if defined(_WIN32)
#if !defined(NOMINMAX)
#define NOMINMAX
#endif
#if !defined(WIN32_LEAN_AND_MEAN)
#define WIN32_LEAN_AND_MEAN
#endif
#include <d3d12.h>
#include <dxgi1_4.h>
#else
#define COM_NO_WINDOWS_H
#include <vkd3d_windows.h>

#include <vkd3d.h>
#include <vkd3d_utils.h>
#undef min
#undef max
#endif

#include <cstdint>
#include <memory>
#include <span>

namespace flux::app {

struct ComRelease {
  void operator()(IUnknown* object) const noexcept { object->Release(); }
};
/// Owns one reference.
template <class T>
using Com = std::unique_ptr<T, ComRelease>;

/// Throws Failure that names the call and its result.
void checkD3D12(HRESULT result, const char* call);

/// The object that `make(void**)` makes. Throws Failure.
template <class T, class Make>
[[nodiscard]] Com<T> makeCom(const char* call, Make make) {
  void* object = nullptr;
  checkD3D12(make(&object), call);
  return Com<T>(static_cast<T*>(object));
}

/// A committed buffer of the command's own.
/// Throws Failure.
[[nodiscard]] Com<ID3D12Resource> makeBuffer(ID3D12Device* device, D3D12_HEAP_TYPE heap, std::uint64_t bytes);

/// Maps all of an upload or readback buffer for as long as it lives. Throws Failure.
[[nodiscard]] void* mapBuffer(ID3D12Resource* buffer);

/// Records that a whole resource changes its state.
void transition(ID3D12GraphicsCommandList* list, ID3D12Resource* resource, D3D12_RESOURCE_STATES before,
                D3D12_RESOURCE_STATES after);

/// A root signature of parameters alone. Throws Failure.
[[nodiscard]] Com<ID3D12RootSignature> makeRootSignature(ID3D12Device* device,
                                                         std::span<const D3D12_ROOT_PARAMETER> parameters,
                                                         D3D12_ROOT_SIGNATURE_FLAGS flags);

}  // namespace flux::app
