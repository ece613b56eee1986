#pragma once

/// A small world for tests, of models that the test writes.

#include "app/test_files.hpp"
#include "view/view.hpp"

namespace flux::app {

inline ViewOptions smallView(const TestFolder& folder) {
  folder.write("models/tetrahedron.obj", kTetrahedron);
  folder.write("models/squares.obj", kSquares);
  ViewOptions options;
  options.models = {folder.path() / "models"};
  options.out = folder.path() / "out";
  options.loader = FLUX_COMMAND;
  options.objects = 500;
  options.frames = 40;
  options.verify = true;
  return options;
}

}  // namespace flux::app
