# Headers, libraries and a CMake package: find_package(Flux) gives Flux::core, Flux::host and, where it was built,
# Flux::recorder, Flux::vulkan, Flux::d3d12, Flux::opengl, Flux::webgpu and Flux::imgui. A project that contains Flux installs it only if it says so.

option(FLUX_INSTALL "Install Flux with the project" ${PROJECT_IS_TOP_LEVEL})
if(NOT FLUX_INSTALL)
  return()
endif()

include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

get_property(flux_installed GLOBAL PROPERTY FLUX_INSTALLED_TARGETS)
install(TARGETS ${flux_installed} EXPORT FluxTargets)
install(DIRECTORY include/flux DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
if(NOT FLUX_HAVE_STD_EXPECTED)
  install(DIRECTORY ${PROJECT_BINARY_DIR}/tl-expected/tl DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
endif()
set(flux_package ${CMAKE_INSTALL_LIBDIR}/cmake/Flux)
install(EXPORT FluxTargets NAMESPACE Flux:: DESTINATION ${flux_package})
if(TARGET flux_imgui)
  # By itself: whoever has no Dear ImGui does without.
  install(TARGETS flux_imgui EXPORT FluxImGuiTargets)
  install(DIRECTORY extras/imgui/ DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/flux_imgui FILES_MATCHING PATTERN "*.hpp")
  install(EXPORT FluxImGuiTargets NAMESPACE Flux:: DESTINATION ${flux_package})
  install(FILES cmake/FluxImGui.cmake DESTINATION ${flux_package})
endif()
list(JOIN FLUX_GRAPHICS_BACKENDS " " flux_components)
configure_package_config_file(cmake/FluxConfig.cmake.in FluxConfig.cmake INSTALL_DESTINATION ${flux_package})
write_basic_package_version_file(FluxConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/FluxConfig.cmake ${CMAKE_CURRENT_BINARY_DIR}/FluxConfigVersion.cmake
  DESTINATION ${flux_package})
