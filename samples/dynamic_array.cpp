// An array that the host changes and the device reads, without a GPU: 1,000 transforms, of which each frame moves one.

#include <flux/dynamic_buffer.hpp>
#include <flux/host.hpp>
#include <flux/pool.hpp>

#include <array>
#include <cstdio>
#include <span>
#include <vector>

namespace {

using Transform = std::array<float, 16>;

/// Three frames of it; false: something went wrong.
bool run(flux::HostDevice& device, flux::Pool& pool) {
  std::vector<Transform> transforms(1000, Transform{1});
  flux::DynamicBuffer instances(
      {.name = "instances", .kind = flux::PartKind::Storage, .updates = flux::UpdateMode::InPlace});
  const auto gpu = instances.attach(pool);
  if (!instances.assign(std::as_bytes(std::span(transforms)))) return false;
  for (std::size_t i = 0; i < 4; ++i) {
    const Transform moved{static_cast<float>(i)};
    if (!instances.write(i * sizeof(Transform), std::as_bytes(std::span(&moved, 1)))) return false;
    const auto flushed = instances.flush(gpu);  // asks the pool for what has changed
    const auto step = pool.step();              // sends it
    if (!flushed || !step) return false;
    pool.publish();
    flux::Frame frame = pool.beginFrame();  // may be on any other thread
    const auto found = frame.find(instances.block(gpu), flux::DynamicBuffer::kPart);
    std::printf("frame %zu: sent %zu bytes; %s\n", i, static_cast<std::size_t>(step->uploadedBytes),
                found.drawable() ? "drawn" : "not there yet");
    frame.submitted(flux::QueueId{1}, device.submitReads(flux::QueueId{1}, {}, frame.waits()));
  }
  return true;
}

}  // namespace

int main() {
  const auto device = flux::HostDevice::create({.completion = flux::HostDeviceDesc::Completion::Immediate});
  const auto pool = flux::Pool::create(*device, {});
  return pool && run(*device, **pool) ? 0 : 1;
}
