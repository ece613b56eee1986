#pragma once

/// Flux in Tracy (https://github.com/wolfpld/tracy): the geometry thread's zones, and plots of its memory.
///
///     flux::PoolDesc desc;
///     desc.profiler = flux::tracyProfiler();
///
/// Needs Tracy's headers and client, 0.9 or newer, compiled with TRACY_ENABLE; Flux itself needs neither. Without
/// TRACY_ENABLE the profiler is null, and costs nothing.

#include <flux/profiler.hpp>

#include <tracy/TracyC.h>

namespace flux {

#if defined(TRACY_ENABLE)

namespace detail {

inline std::uint64_t beginTracyZone(void*, ProfileZone zone) noexcept {
  // Tracy keeps the addresses, so each zone has a constant of its own.
  static const auto places = [] {
    std::array<___tracy_source_location_data, kProfileZoneNames.size()> all{};
    for (std::size_t i = 0; i < all.size(); ++i) {
      const char* name = kProfileZoneNames[i].data();
      all[i] = {.name = name, .function = name, .file = "flux", .line = 0, .color = 0x3A7CA5};
    }
    return all;
  }();
  const TracyCZoneCtx begun = ___tracy_emit_zone_begin(&places[static_cast<std::size_t>(zone)], 1);
  return begun.id | (begun.active != 0 ? std::uint64_t{1} << 32U : 0);
}

inline void endTracyZone(void*, std::uint64_t begun) noexcept {
  TracyCZoneCtx zone{};
  zone.id = static_cast<std::uint32_t>(begun);
  zone.active = static_cast<int>(begun >> 32U);
  ___tracy_emit_zone_end(zone);
}

inline void plotInTracy(void*, ProfilePlot plot, double value) noexcept {
  ___tracy_emit_plot(toString(plot).data(), value);
}

}  // namespace detail

/// The table for `PoolDesc::profiler`. Any thread; the first call tells Tracy which plots are of memory.
inline const Profiler* tracyProfiler() noexcept {
  static const Profiler table = [] {
    for (std::size_t i = 0; i < kProfilePlotNames.size(); ++i) {
      const bool memory = kProfilePlotNames[i].ends_with("bytes");
      ___tracy_emit_plot_config(kProfilePlotNames[i].data(), memory ? TracyPlotFormatMemory : TracyPlotFormatNumber, 0,
                                1, 0);
    }
    return Profiler{nullptr, &detail::beginTracyZone, &detail::endTracyZone, &detail::plotInTracy};
  }();
  return &table;
}

#else

inline const Profiler* tracyProfiler() noexcept {
  return nullptr;
}

#endif

}  // namespace flux
