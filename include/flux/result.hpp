#pragma once

/// Errors as values. The library throws nothing and allocates nothing when it reports an error.

#include <flux/types.hpp>

#include <array>
#include <cstdint>
#include <source_location>
#include <string>
#include <string_view>

// One library and its users must agree on the type, whatever language mode each is compiled in;
// so the choice is made once, when the library is configured, and travels with the CMake target.
#if defined(FLUX_USE_STD_EXPECTED)
#include <expected>
#else
#include <tl/expected.hpp>
#endif

namespace flux {

enum class ErrorCode : std::uint16_t {
  InvalidArgument,  ///< The call itself is wrong: a size of 0, no parts, an unknown part.
  StaleHandle,      ///< The handle is null, forged, or its block has been removed.
  TooLarge,         ///< Larger than the device allows for one chunk.
  TooManyBlocks,    ///< `PoolDesc::maxBlocks` are in use.
  TooManyChunks,    ///< The device's limit on allocations, or the chunk table, is reached.
  OutOfBudget,      ///< It would exceed the hard limit. numbers: bytes wanted, bytes retired and pending, bytes in the
                    ///< largest free range, free bytes in all.
  OutOfDeviceMemory,  ///< The driver refused. numbers: bytes wanted, bytes reserved so far.
  StagingFull,        ///< No staging page is free now; try again after the next step. numbers: bytes wanted, limit.
  QueueFull,          ///< Too much waits for the geometry thread. numbers: instructions, bytes that wait.
  Pinned,             ///< The block is pinned, so it cannot be moved or removed. numbers: pins, 0.
  NotResident,        ///< The bytes are not on the device: not yet, or no more. numbers: 1 if they are lost.
  ShadowStale,        ///< The device has written the part since; `Pool::refreshShadow` brings its bytes back.
  SourceFailed,       ///< A source's callback could not give its bytes.
  Timeout,            ///< A wait reached its deadline.
  DeviceLost,         ///< The device is lost; nothing more can be submitted.
  DriverError,        ///< Any other failure of a driver call; `nativeCode` has its result.
  Unsupported,        ///< The device lacks something that Flux needs; `resource` names it.
  FileError,          ///< A file cannot be read or written; `nativeCode` is the `errno` of it.
};

std::string_view toString(ErrorCode code) noexcept;

using ErrorNumbers = std::array<std::uint64_t, 4>;

/// What went wrong, with what, and where the caller stood. Trivially copyable.
struct Error {
  ErrorCode code = ErrorCode::InvalidArgument;
  std::int32_t nativeCode = 0;      ///< `VkResult`, `HRESULT`, …; 0 when no driver call failed.
  BlockHandle handle{};             ///< The block concerned, if any.
  ErrorNumbers numbers{};           ///< Meaning given with the code.
  std::source_location where{};     ///< The application's call.
  std::array<char, 48> resource{};  ///< Name of the resource or of the failing call, cut to fit.

  [[nodiscard]] std::string_view resourceName() const noexcept { return resource.data(); }
};

/// Makes an error; a longer `resource` is cut.
[[nodiscard]] Error makeError(ErrorCode code, std::string_view resource, std::source_location where,
                              ErrorNumbers numbers = {}) noexcept;

/// One line for people: code, resource, numbers, file and line of the caller. Allocates.
[[nodiscard]] std::string describe(const Error& error);

#if defined(FLUX_USE_STD_EXPECTED)
template <class T>
using Result = std::expected<T, Error>;
using Unexpected = std::unexpected<Error>;
#else
template <class T>
using Result = tl::expected<T, Error>;
using Unexpected = tl::unexpected<Error>;
#endif

}  // namespace flux
