#include <flux/strategies.hpp>

#include <algorithm>

#include "alloc/size_classes.hpp"
#include "resources/strategies/strategy_base.hpp"

namespace flux {
namespace {

constexpr std::array<std::string_view, 4> kNames{"chunked", "megabuffer", "tiered", "linear"};
constexpr std::array kFactories{makeChunked, makeMegabuffer, makeTiered, makeLinear};
static_assert(kNames.size() == kFactories.size());

}  // namespace

std::span<const std::string_view> strategyNames() noexcept {
  return kNames;
}

Result<std::unique_ptr<Strategy>> makeStrategy(std::string_view name, Device& device, const StrategyOptions& options,
                                               std::source_location where) {
  const auto found = std::find(kNames.begin(), kNames.end(), name);
  if (found == kNames.end()) return Unexpected(makeError(ErrorCode::InvalidArgument, name, where));
  if (options.firstBytes == 0 || options.chunkBytes == 0 || options.maxBufferBytes < kMiB ||
      options.maxBuffers > kMaxChunks - static_cast<std::uint32_t>(options.firstBuffer)) {
    return Unexpected(makeError(ErrorCode::InvalidArgument, "strategy options", where));
  }
  if (!validLimits(options.tierLimits) || !validLimits(onLadder(options.tierLimits))) {
    return Unexpected(makeError(ErrorCode::InvalidArgument, "tierLimits", where));
  }
  const auto index = static_cast<std::size_t>(found - kNames.begin());
  return kFactories[index](*found, device, options);
}

}  // namespace flux
