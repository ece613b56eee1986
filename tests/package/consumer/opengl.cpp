// Uses Flux's OpenGL back end and nothing else. It needs the library, but neither headers nor a library of OpenGL.

#include "fail.hpp"

#include <flux/opengl.hpp>

int main() {
  const auto device = flux::OpenGlDevice::create({});
  if (device) return fail("made a device of nothing");
  if (device.error().code != flux::ErrorCode::InvalidArgument) return fail(flux::describe(device.error()));
  return 0;
}
