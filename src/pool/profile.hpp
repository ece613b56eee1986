#pragma once

#include <flux/profiler.hpp>

namespace flux {

/// A zone from here to the end of the scope; nothing without a profiler.
class ProfileScope {
 public:
  ProfileScope(const Profiler* profiler, ProfileZone zone) noexcept
      : profiler_(profiler), begun_(profiler != nullptr ? profiler->beginZone(profiler->context, zone) : 0) {}
  ~ProfileScope() {
    if (profiler_ != nullptr) profiler_->endZone(profiler_->context, begun_);
  }
  ProfileScope(const ProfileScope&) = delete;
  ProfileScope& operator=(const ProfileScope&) = delete;

 private:
  const Profiler* profiler_;
  std::uint64_t begun_;
};

}  // namespace flux
