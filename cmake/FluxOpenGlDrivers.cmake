# The OpenGL driver that tests run on: Mesa's llvmpipe, whatever else there is. Where it is missing, tests fail: nothing is skipped.

set(FLUX_LLVMPIPE_ENVIRONMENT
  LIBGL_ALWAYS_SOFTWARE=true GALLIUM_DRIVER=llvmpipe
  LSAN_OPTIONS=suppressions=${PROJECT_SOURCE_DIR}/tests/sanitizers/drivers.lsan.supp:print_suppressions=0
  TSAN_OPTIONS=suppressions=${PROJECT_SOURCE_DIR}/tests/sanitizers/tsan.supp:ignore_noninstrumented_modules=1:halt_on_error=1)
