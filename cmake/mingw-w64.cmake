# Cross-compiles for 64-bit Windows with Debian's g++-mingw-w64-x86-64-posix; what is built runs under Wine.
set(CMAKE_SYSTEM_NAME Windows)
set(CMAKE_SYSTEM_PROCESSOR x86_64)
set(CMAKE_CXX_COMPILER x86_64-w64-mingw32-g++-posix)
set(CMAKE_C_COMPILER x86_64-w64-mingw32-gcc-posix)
set(CMAKE_RC_COMPILER x86_64-w64-mingw32-windres)
set(CMAKE_FIND_ROOT_PATH /usr/x86_64-w64-mingw32)
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)
set(CMAKE_EXE_LINKER_FLAGS_INIT "-static")
set(ZLIB_USE_STATIC_LIBS ON)

# Libraries that are headers alone serve any target, but Debian has them for the host, beside its C library, which a
# cross compiler must not meet. So these are copied to where only they are. What is not installed is found missing by
# whoever asks for it.
get_property(trying GLOBAL PROPERTY IN_TRY_COMPILE)
if(NOT trying)
  foreach(path include/CLI include/glm include/nlohmann include/stb include/tiny_obj_loader.h
      share/cmake/CLI11 share/cmake/glm share/cmake/nlohmann_json)
    if(EXISTS /usr/${path})
      get_filename_component(folder ${path} DIRECTORY)
      file(COPY /usr/${path} DESTINATION ${CMAKE_BINARY_DIR}/host_headers/${folder})
    endif()
  endforeach()
  list(APPEND CMAKE_FIND_ROOT_PATH ${CMAKE_BINARY_DIR}/host_headers)
endif()

set(CMAKE_CROSSCOMPILING_EMULATOR ${CMAKE_CURRENT_LIST_DIR}/../tools/wine.sh ${CMAKE_BINARY_DIR}/wine)
