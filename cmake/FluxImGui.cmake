# Dear ImGui, where there is one: the target imgui::imgui. Installed with Flux, whose package includes it.

# vcpkg has a package for CMake (with the features glfw-binding and opengl3-binding); Debian a library, which needs
# another one, and its headers.
if(NOT TARGET imgui::imgui)
  find_package(imgui CONFIG QUIET)
endif()
if(NOT TARGET imgui::imgui)
  find_path(FLUX_IMGUI_HEADERS imgui.h PATH_SUFFIXES imgui)
  find_library(FLUX_IMGUI_LIBRARY imgui)
  find_library(FLUX_STB_LIBRARY stb)
  if(FLUX_IMGUI_HEADERS AND FLUX_IMGUI_LIBRARY AND FLUX_STB_LIBRARY)
    add_library(imgui::imgui STATIC IMPORTED)
    set_target_properties(imgui::imgui PROPERTIES IMPORTED_LOCATION ${FLUX_IMGUI_LIBRARY})
    target_include_directories(imgui::imgui INTERFACE ${FLUX_IMGUI_HEADERS} ${FLUX_IMGUI_HEADERS}/backends)
    target_link_libraries(imgui::imgui INTERFACE ${FLUX_STB_LIBRARY} ${CMAKE_DL_LIBS})
  endif()
endif()
