#pragma once

#include <flux/inspect.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace flux {

/// The last few refusals. One that comes again and again, because a step tries again what it could not do, is one entry
/// that counts.
///
/// **Thread contract.** Geometry thread only. **Cost.** O(kMost) a call; no heap allocation.
class RefusalLog {
 public:
  static constexpr std::size_t kMost = 16;

  void note(const Error& error, const PlaceRequest& request, const FitReport& fit, std::uint64_t step) noexcept {
    const auto same = [&](const Refusal& known) {
      return known.request == request && known.error.code == error.code && known.error.handle == error.handle &&
             known.error.resource == error.resource;
    };
    const auto end = entries_.begin() + static_cast<std::ptrdiff_t>(count_);
    auto entry = std::find_if(entries_.begin(), end, same);
    if (entry == end) {
      if (count_ < kMost) {
        ++count_;
      } else {
        entry = entries_.begin();
      }
      *entry = {.firstStep = step};
    }
    entry->error = error;
    entry->request = request;
    entry->fit = fit;
    entry->lastStep = step;
    ++entry->times;
    std::rotate(entry, entry + 1, entries_.begin() + static_cast<std::ptrdiff_t>(count_));
  }

  /// The newest is the last.
  [[nodiscard]] std::span<const Refusal> entries() const noexcept { return {entries_.data(), count_}; }

 private:
  std::array<Refusal, kMost> entries_{};
  std::size_t count_ = 0;
};

}  // namespace flux
