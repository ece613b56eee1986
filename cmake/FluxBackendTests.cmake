# What every back end must show on every driver, and the rows of the README's matrix.

set(FLUX_PICTURES ${PROJECT_BINARY_DIR}/pictures)
# One thread, so that the last frame shows the same on a slow driver as on a fast one.
set(FLUX_WORLD --single-thread --frames 60 --objects 1000 --size 320x240)
# What the world is made of, where not of all models that the command finds.
set(FLUX_VIEW_MODELS)
# The first row that draws is what the pictures of the others are compared with.
set_property(GLOBAL PROPERTY FLUX_REFERENCE_PICTURE "")

# A recording of the world, with what was drawn of it on several threads; each row replays it.
set(FLUX_RECORDING ${PROJECT_BINARY_DIR}/world.fluxrec)
add_test(NAME recording.world COMMAND flux view --backend host --frames 60 --objects 1000 --render-threads 2
  --record ${FLUX_RECORDING} --out ${FLUX_PICTURES}/recording)
set_tests_properties(recording.world PROPERTIES FIXTURES_SETUP recording TIMEOUT 900 LABELS matrix)

# flux_backend_tests(backend [DRIVER name] [DRAWS] [WITHOUT_VALIDATION] [ENVIRONMENT ...]): the conformance suite, `flux view
# --verify`, `flux replay --verify` of every trace and of a recording, and, for a back end that DRAWS, its picture beside the reference. The
# tests are called conformance.ROW, view.ROW, replay.ROW.TRACE, replay.ROW.recording and picture.ROW, where ROW is backend[.driver], and have the
# label matrix.
function(flux_backend_tests backend)
  cmake_parse_arguments(ARG "DRAWS;WITHOUT_VALIDATION" "DRIVER" "ENVIRONMENT" ${ARGN})
  set(row ${backend})
  set(suite --backend=${backend})
  if(ARG_DRIVER)
    string(APPEND row .${ARG_DRIVER})
    string(REGEX REPLACE "_.*" "" driver ${ARG_DRIVER})  # NAME_variant is the same driver
    list(APPEND suite --driver=${driver})
  endif()
  set(validate --validate)
  if(ARG_WITHOUT_VALIDATION)
    set(validate)
    list(APPEND suite --without-validation)
  endif()
  set(tests conformance.${row} view.${row})
  add_test(NAME conformance.${row} COMMAND conformance_test ${suite})
  add_test(NAME view.${row} COMMAND flux view --backend ${backend} --verify ${validate} ${FLUX_WORLD} ${FLUX_VIEW_MODELS}
    --out ${FLUX_PICTURES}/${row})
  set_tests_properties(view.${row} PROPERTIES FIXTURES_SETUP picture.${row})
  foreach(trace maplibre supertuxkart)
    list(APPEND tests replay.${row}.${trace})
    add_test(NAME replay.${row}.${trace} COMMAND flux replay --backend ${backend} --verify ${validate} --frames 60
      ${PROJECT_SOURCE_DIR}/traces/${trace}.gtrace.gz)
  endforeach()
  list(APPEND tests replay.${row}.recording)
  add_test(NAME replay.${row}.recording COMMAND flux replay --backend ${backend} --verify ${validate} ${FLUX_RECORDING})
  set_tests_properties(replay.${row}.recording PROPERTIES FIXTURES_REQUIRED recording)
  if(ARG_DRAWS)
    get_property(reference GLOBAL PROPERTY FLUX_REFERENCE_PICTURE)
    if(NOT reference)
      set(reference ${row})
      set_property(GLOBAL PROPERTY FLUX_REFERENCE_PICTURE ${row})
    endif()
    list(APPEND tests picture.${row})
    add_test(NAME picture.${row}
      COMMAND compare_pictures ${FLUX_PICTURES}/${reference}/world.png ${FLUX_PICTURES}/${row}/world.png)
    set_property(TEST picture.${row} PROPERTY FIXTURES_REQUIRED picture.${reference} picture.${row})
  endif()
  set_tests_properties(${tests} PROPERTIES TIMEOUT 900 LABELS matrix)
  set_property(TEST ${tests} PROPERTY ENVIRONMENT ${ARG_ENVIRONMENT})
endfunction()
