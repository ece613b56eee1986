#pragma once

/// Direct3D 12's own headers: those of the Windows SDK or of mingw-w64, elsewhere those of vkd3d.

// Methods that return structures do so through a pointer, in Microsoft's calling convention; the headers of mingw-w64
// and vkd3d declare them so for other compilers only on demand.
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
// First, so that the others do not ask for windows.h.
#define COM_NO_WINDOWS_H
#include <vkd3d_windows.h>

#include <vkd3d_d3d12.h>
// Nor may its macros reach the standard library.
#undef min
#undef max
#endif

namespace flux::d3d12 {

/// The identifier of an interface, written out: `__uuidof` is an extension, and the names `IID_…` are defined by a
/// library on one platform and by the application on another.
template <class T>
inline constexpr IID kIid{};
template <>
inline constexpr IID kIid<IUnknown>{0x00000000, 0x0000, 0x0000, {0xC0, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x46}};
template <>
inline constexpr IID kIid<ID3D12Device>{0x189819f1, 0x1db6, 0x4b57, {0xbe, 0x54, 0x18, 0x21, 0x33, 0x9b, 0x85, 0xf7}};
template <>
inline constexpr IID kIid<ID3D12Device1>{0x77acce80, 0x638e, 0x4e65, {0x88, 0x95, 0xc1, 0xf2, 0x33, 0x86, 0x86, 0x3e}};
template <>
inline constexpr IID kIid<ID3D12Resource>{0x696442be, 0xa72e, 0x4059, {0xbc, 0x79, 0x5b, 0x5c, 0x98, 0x04, 0x0f, 0xad}};
template <>
inline constexpr IID kIid<ID3D12CommandAllocator>{
    0x6102dee4, 0xaf59, 0x4b09, {0xb9, 0x99, 0xb4, 0x4d, 0x73, 0xf0, 0x9b, 0x24}};
template <>
inline constexpr IID kIid<ID3D12GraphicsCommandList>{
    0x5b160d0f, 0xac1b, 0x4185, {0x8b, 0xa8, 0xb3, 0xae, 0x42, 0xa5, 0xa4, 0x55}};
template <>
inline constexpr IID kIid<ID3D12Fence>{0x0a753dcf, 0xc4d8, 0x4b91, {0xad, 0xf6, 0xbe, 0x5a, 0x60, 0xd9, 0x5a, 0x76}};
#if defined(_WIN32)
template <>
inline constexpr IID kIid<IDXGIDevice>{0x54ec77fa, 0x1377, 0x44e6, {0x8c, 0x32, 0x88, 0xfd, 0x5f, 0x44, 0xc8, 0x4c}};
#endif

}  // namespace flux::d3d12
