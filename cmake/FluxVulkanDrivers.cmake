# The Vulkan drivers and validation layers that tests run on. One that is missing makes its tests fail: nothing is skipped.

find_file(FLUX_LAVAPIPE_ICD NAMES lvp_icd.${CMAKE_SYSTEM_PROCESSOR}.json lvp_icd.json PATHS /usr/share/vulkan/icd.d NO_CMAKE_FIND_ROOT_PATH)
find_file(FLUX_SWIFTSHADER_ICD vk_swiftshader_icd.json PATHS /usr/lib/chromium NO_CMAKE_FIND_ROOT_PATH)
set(FLUX_ICD_lavapipe ${FLUX_LAVAPIPE_ICD})
set(FLUX_ICD_swiftshader ${FLUX_SWIFTSHADER_ICD})

# packaged: the distribution's layer. timeline: a newer one, which follows timeline semaphores (docs/validation.md).
set(FLUX_LAYERS_packaged "")
set(FLUX_LAYERS_timeline ${PROJECT_BINARY_DIR}/validation_layer)
execute_process(COMMAND ${PROJECT_SOURCE_DIR}/tools/validation_layer.sh ${FLUX_LAYERS_timeline} OUTPUT_QUIET)

# flux_vulkan_environment(variable DRIVER lavapipe|swiftshader LAYER packaged|timeline): what a test on that driver sets.
function(flux_vulkan_environment variable)
  cmake_parse_arguments(ARG "" "DRIVER;LAYER" "" ${ARGN})
  set(icd ${FLUX_ICD_${ARG_DRIVER}})
  # Old and new loaders; no layer that is not asked for.
  set(environment VK_ICD_FILENAMES=${icd} VK_DRIVER_FILES=${icd} VK_LOADER_LAYERS_DISABLE=~implicit~)
  if(FLUX_LAYERS_${ARG_LAYER})
    list(APPEND environment VK_LAYER_PATH=${FLUX_LAYERS_${ARG_LAYER}} VK_KHRONOS_VALIDATION_SYNCVAL_SHADER_ACCESSES_HEURISTIC=1)
  endif()
  # Sanitizers: what drivers and layers do themselves is left out. Leaks are not counted, because most of those have no
  # name any more once the loader has closed its libraries; a program that keeps them open asks for it by name.
  set(suppressions ${PROJECT_SOURCE_DIR}/tests/sanitizers)
  list(APPEND environment
    ASAN_OPTIONS=detect_leaks=0
    LSAN_OPTIONS=suppressions=${suppressions}/drivers.lsan.supp:print_suppressions=0
    TSAN_OPTIONS=suppressions=${suppressions}/tsan.supp:ignore_noninstrumented_modules=1:halt_on_error=1)
  set(${variable} ${environment} PARENT_SCOPE)
endfunction()

# flux_vulkan_test(name DRIVER lavapipe|swiftshader LAYER packaged|timeline COMMAND ... [ENVIRONMENT ...]): a test on one driver.
function(flux_vulkan_test name)
  cmake_parse_arguments(ARG "" "DRIVER;LAYER" "COMMAND;ENVIRONMENT" ${ARGN})
  flux_vulkan_environment(environment DRIVER ${ARG_DRIVER} LAYER ${ARG_LAYER})
  list(APPEND environment ${ARG_ENVIRONMENT})
  add_test(NAME ${name} COMMAND ${ARG_COMMAND})
  set_tests_properties(${name} PROPERTIES ENVIRONMENT "${environment}" LABELS gpu TIMEOUT 600)
endfunction()
