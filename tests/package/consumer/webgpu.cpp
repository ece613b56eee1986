// Uses Flux's WebGPU back end and nothing else. What it calls needs the library, but neither a WebGPU header nor an
// implementation.

#include "fail.hpp"

#include <flux/pool.hpp>
#include <flux/webgpu.hpp>

int main() {
  const auto device = flux::WebGpuDevice::create({});
  if (device) return fail("made a device of nothing");
  if (device.error().code != flux::ErrorCode::InvalidArgument) return fail(flux::describe(device.error()));
  return 0;
}
