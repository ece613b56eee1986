# The shared libraries that PROGRAM asks for, as far as they belong to graphics APIs, are those of BACKEND.

find_program(READELF readelf REQUIRED)
execute_process(COMMAND ${READELF} -d ${PROGRAM} OUTPUT_VARIABLE dynamic COMMAND_ERROR_IS_FATAL ANY)
string(REGEX MATCHALL "\\(NEEDED\\)[^\n]*\\[[^]]*" needed "${dynamic}")
if(NOT needed)
  message(FATAL_ERROR "${PROGRAM} asks for nothing: is it the program?")
endif()

# How the libraries of each API are called. Flux loads Vulkan and OpenGL through the application, so it links neither.
set(libraries_vulkan "libvulkan")
set(libraries_d3d12 "libvkd3d|libdxgi|d3d12")
set(libraries_opengl "libGL|libEGL|libOpenGL|libepoxy")
set(libraries_webgpu "dawn|wgpu|webgpu")
foreach(api vulkan d3d12 opengl webgpu)
  if(NOT api STREQUAL BACKEND)
    foreach(library ${needed})
      if(library MATCHES "${libraries_${api}}")
        message(FATAL_ERROR "a program that links Flux::${BACKEND} alone asks for ${library}]")
      endif()
    endforeach()
  endif()
endforeach()
