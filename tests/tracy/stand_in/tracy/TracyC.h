#pragma once

/* What the adapter uses of Tracy's C interface, for a test without Tracy: the test defines the functions. */

#include <stdint.h>

enum TracyPlotFormatEnum { TracyPlotFormatNumber, TracyPlotFormatMemory };

struct ___tracy_source_location_data {
  const char* name;
  const char* function;
  const char* file;
  uint32_t line;
  uint32_t color;
};

struct ___tracy_c_zone_context {
  uint32_t id;
  int32_t active;
};
typedef struct ___tracy_c_zone_context TracyCZoneCtx;

#ifdef __cplusplus
extern "C" {
#endif
TracyCZoneCtx ___tracy_emit_zone_begin(const struct ___tracy_source_location_data* place, int32_t active);
void ___tracy_emit_zone_end(TracyCZoneCtx zone);
void ___tracy_emit_plot(const char* name, double value);
void ___tracy_emit_plot_config(const char* name, int32_t type, int32_t step, int32_t fill, uint32_t color);
#ifdef __cplusplus
}
#endif
