# flux_shaders(target files...): compiles GLSL to SPIR-V word lists that the target includes as <name>.inc.

function(flux_shaders target)
  find_program(FLUX_GLSLC glslc REQUIRED)
  foreach(shader ${ARGN})
    get_filename_component(name ${shader} NAME)
    set(output ${CMAKE_CURRENT_BINARY_DIR}/shaders/${name}.inc)
    add_custom_command(OUTPUT ${output}
      COMMAND ${CMAKE_COMMAND} -E make_directory ${CMAKE_CURRENT_BINARY_DIR}/shaders
      COMMAND ${FLUX_GLSLC} --target-env=vulkan1.3 -O -mfmt=num -o ${output} ${CMAKE_CURRENT_SOURCE_DIR}/${shader}
      DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/${shader} VERBATIM)
    target_sources(${target} PRIVATE ${output})
  endforeach()
  target_include_directories(${target} PRIVATE ${CMAKE_CURRENT_BINARY_DIR}/shaders)
endfunction()
