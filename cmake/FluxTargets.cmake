# One place for what all targets share: language level, warnings, sanitizers, the Result type.

# The back ends of graphics APIs that there may be: of each the option FLUX_NAME, folders of its name, a target Flux::name.
set(FLUX_GRAPHICS_BACKENDS vulkan d3d12 opengl webgpu)
# Of them, those that are built.
set(FLUX_BUILT_BACKENDS)
foreach(backend ${FLUX_GRAPHICS_BACKENDS})
  string(TOUPPER FLUX_${backend} option)
  if(${option})
    list(APPEND FLUX_BUILT_BACKENDS ${backend})
  endif()
endforeach()

include(CheckCXXSourceCompiles)
find_package(Threads REQUIRED)

if(NOT CMAKE_CXX_STANDARD)
  set(CMAKE_CXX_STANDARD 20)
endif()
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
if(NOT CMAKE_CONFIGURATION_TYPES AND NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release)
endif()

find_program(FLUX_CCACHE ccache)
if(FLUX_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  # What is compiled with precompiled headers is cached only with these.
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros ${FLUX_CCACHE})
endif()

# flux::Result is std::expected where the library is compiled with it; its users get the same choice.
set(CMAKE_REQUIRED_FLAGS ${CMAKE_CXX${CMAKE_CXX_STANDARD}_STANDARD_COMPILE_OPTION})
check_cxx_source_compiles("
  #include <expected>
  #if !defined(__cpp_lib_expected)
  #error
  #endif
  int main() { std::expected<int, int> e = 1; return e.value() - 1; }" FLUX_HAVE_STD_EXPECTED)
unset(CMAKE_REQUIRED_FLAGS)
if(NOT FLUX_HAVE_STD_EXPECTED)
  find_path(FLUX_TL_EXPECTED_DIR tl/expected.hpp NO_CMAKE_FIND_ROOT_PATH REQUIRED)
endif()

# The queue by which other threads reach the geometry thread (Debian and vcpkg put its header into different folders).
find_path(FLUX_CONCURRENTQUEUE_DIR concurrentqueue.h PATH_SUFFIXES concurrentqueue concurrentqueue/moodycamel
  NO_CMAKE_FIND_ROOT_PATH REQUIRED)

# flux_options(target): warnings and sanitizers, for every target of this repository.
function(flux_options target)
  if(MSVC)
    target_compile_options(${target} PRIVATE /W4 /permissive- /utf-8 $<$<BOOL:${FLUX_WARNINGS_AS_ERRORS}>:/WX>)
    target_compile_definitions(${target} PRIVATE NOMINMAX)
  else()
    # -Wrestrict: GCC 12 sees overlaps in "text" + std::string that are not there (GCC bug 105651).
    target_compile_options(${target} PRIVATE -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-missing-field-initializers
      $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict>
      # In a unity build, GCC takes the sources themselves for headers, which must not have such fields.
      $<$<AND:$<CXX_COMPILER_ID:GNU>,$<BOOL:$<TARGET_PROPERTY:UNITY_BUILD>>>:-Wno-subobject-linkage>
      $<$<BOOL:${FLUX_WARNINGS_AS_ERRORS}>:-Werror>)
  endif()
  if(FLUX_SANITIZE)
    # -Wmaybe-uninitialized: GCC 12 loses track of initialisation in instrumented code (std::regex, std::function).
    # -Wtsan: the instruction queue's fences; what they order is ordered by atomics of ours as well.
    target_compile_options(${target} PRIVATE -fsanitize=${FLUX_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all
      $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized -Wno-tsan>)
    target_link_options(${target} PRIVATE -fsanitize=${FLUX_SANITIZE})
  endif()
endfunction()

# flux_library(name SOURCES ...): a library target flux_<name> with the alias Flux::<name>.
function(flux_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES" ${ARGN})
  add_library(flux_${name} ${ARG_SOURCES})
  add_library(Flux::${name} ALIAS flux_${name})
  set_target_properties(flux_${name} PROPERTIES EXPORT_NAME ${name})
  target_include_directories(flux_${name}
    PUBLIC $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include> $<INSTALL_INTERFACE:include>
    PRIVATE ${PROJECT_SOURCE_DIR}/src)
  target_compile_features(flux_${name} PUBLIC cxx_std_20)
  flux_options(flux_${name})
endfunction()
