#include <flux/growth.hpp>

#include <algorithm>

namespace flux {
namespace {

/// One growth, at least by 1; `limit` instead of anything larger.
ByteCount nextCapacity(GrowthPolicy policy, ByteCount current, ByteCount needed, ByteCount limit) {
  const ByteCount missing = needed - current;
  ByteCount more = missing;
  switch (policy) {
    case GrowthPolicy::Exponential:
      more = current;
      break;
    case GrowthPolicy::OneAndAHalf:
      more = current / 2;
      break;
    case GrowthPolicy::FixedStep:
      more = kGrowthStepBytes * ((missing - 1) / kGrowthStepBytes + 1);
      break;
    case GrowthPolicy::Exact:
      break;
  }
  more = std::max<ByteCount>(more, 1);
  return more >= limit - current ? limit : current + more;
}

}  // namespace

std::string_view toString(GrowthPolicy policy) noexcept {
  switch (policy) {
    case GrowthPolicy::Exponential:
      return "exponential";
    case GrowthPolicy::OneAndAHalf:
      return "one and a half";
    case GrowthPolicy::FixedStep:
      return "fixed step";
    case GrowthPolicy::Exact:
      return "exact";
  }
  return "unknown";
}

Result<ByteCount> grownCapacity(GrowthPolicy policy, ByteCount current, ByteCount needed, ByteCount limit,
                                std::source_location where) {
  if (needed > limit) return Unexpected(makeError(ErrorCode::TooLarge, "capacity", where, {needed, limit}));
  while (current < needed) current = nextCapacity(policy, current, needed, limit);
  return current;
}

}  // namespace flux
