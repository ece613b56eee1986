#include "base/fixed_name.hpp"

#include <flux/result.hpp>

namespace flux {

std::string_view toString(ErrorCode code) noexcept {
  switch (code) {
    case ErrorCode::InvalidArgument:
      return "invalid argument";
    case ErrorCode::StaleHandle:
      return "stale handle";
    case ErrorCode::TooLarge:
      return "too large";
    case ErrorCode::TooManyBlocks:
      return "too many blocks";
    case ErrorCode::TooManyChunks:
      return "too many chunks";
    case ErrorCode::OutOfBudget:
      return "out of budget";
    case ErrorCode::OutOfDeviceMemory:
      return "out of device memory";
    case ErrorCode::StagingFull:
      return "staging full";
    case ErrorCode::QueueFull:
      return "queue full";
    case ErrorCode::Pinned:
      return "pinned";
    case ErrorCode::NotResident:
      return "not resident";
    case ErrorCode::ShadowStale:
      return "shadow stale";
    case ErrorCode::SourceFailed:
      return "source failed";
    case ErrorCode::Timeout:
      return "timeout";
    case ErrorCode::DeviceLost:
      return "device lost";
    case ErrorCode::DriverError:
      return "driver error";
    case ErrorCode::Unsupported:
      return "unsupported";
    case ErrorCode::FileError:
      return "file error";
  }
  return "unknown error";
}

Error makeError(ErrorCode code, std::string_view resource, std::source_location where, ErrorNumbers numbers) noexcept {
  Error error;
  error.code = code;
  error.where = where;
  error.numbers = numbers;
  copyName(error.resource, resource);
  return error;
}

namespace {

/// What an error's numbers are, in words; empty where they have no general meaning.
std::string describeNumbers(const Error& error) {
  if (error.numbers == decltype(error.numbers){}) return {};
  const std::string first = std::to_string(error.numbers[0]);
  const std::string second = std::to_string(error.numbers[1]);
  switch (error.code) {
    case ErrorCode::TooLarge:
      return first + " bytes wanted, at most " + second;
    case ErrorCode::OutOfBudget:
      return first + " bytes wanted, " + second + " retired and pending; largest free range " +
             std::to_string(error.numbers[2]) + " of " + std::to_string(error.numbers[3]) + " free";
    case ErrorCode::OutOfDeviceMemory:
      return first + " bytes wanted, " + second + " reserved";
    case ErrorCode::StagingFull:
      return first + " bytes wanted, limit " + second;
    case ErrorCode::TooManyBlocks:
      return first + " in use";
    case ErrorCode::QueueFull:
      return first + " instructions, " + second + " bytes waiting";
    case ErrorCode::Pinned:
      return first + " pins";
    default:
      return first + ", " + second;
  }
}

}  // namespace

std::string describe(const Error& error) {
  std::string text{toString(error.code)};
  if (!error.resourceName().empty()) text += ": '" + std::string{error.resourceName()} + "'";
  if (error.handle) {
    text += " [block " + std::to_string(error.handle.index) + ", generation " +
            std::to_string(error.handle.generation) + "]";
  }
  if (const std::string numbers = describeNumbers(error); !numbers.empty()) text += " (" + numbers + ")";
  if (error.nativeCode != 0) text += ", native code " + std::to_string(error.nativeCode);
  if (error.where.line() != 0) {
    text += " at " + std::string{error.where.file_name()} + ":" + std::to_string(error.where.line());
  }
  return text;
}

}  // namespace flux
