// Uses Flux as an application does: one block goes in, a frame finds it.

#include "fail.hpp"

#include <flux/host.hpp>
#include <flux/pool.hpp>

#include <array>
#include <cstddef>

int main() {
  const auto device = flux::HostDevice::create();
  const auto pool = flux::Pool::create(*device, {});
  if (!pool) return fail(flux::describe(pool.error()));

  const std::array<std::byte, 64> vertices{};
  const std::array parts{flux::PartDesc{flux::PartKind::Vertex, vertices.size(), flux::Source::bytes(vertices)}};
  const auto block = (*pool)->add({.name = "triangle", .parts = parts});
  if (!block) return fail(flux::describe(block.error()));

  bool found = false;
  for (int step = 0; step < 100 && !found; ++step) {
    if (const auto report = (*pool)->step(); !report) return fail(flux::describe(report.error()));
    (*pool)->publish();
    found = (*pool)->beginFrame().find(*block, flux::PartId{0}).drawable();
  }
  if (!found) return fail("the block never arrived");
  return 0;
}
