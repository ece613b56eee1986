#pragma once

/// A small world for tests, of models that the test writes. FLUX_TEST_BACKEND names another back end than host.

#include "app/test_files.hpp"
#include "view/view.hpp"

#include <cstdlib>

namespace flux::app {

inline ViewOptions smallView(const TestFolder& folder) {
  folder.write("models/tetrahedron.obj", kTetrahedron);
  folder.write("models/squares.obj", kSquares);
  ViewOptions options;
  options.models = {folder.path() / "models"};
  options.out = folder.path() / "out";
  options.loader = FLUX_COMMAND;
  if (const char* backend = std::getenv("FLUX_TEST_BACKEND")) options.backend = backend;
  options.width = 160;
  options.height = 120;
  options.objects = 500;
  options.frames = 40;
  options.verify = true;
  return options;
}

}  // namespace flux::app
