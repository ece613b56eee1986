// Records what a pool does, replays it on another device, and finds the same.

#include "fail.hpp"

#include <flux/host.hpp>
#include <flux/recorder.hpp>
#include <flux/recording.hpp>

#include <array>
#include <cstddef>
#include <filesystem>

namespace {

int record(const std::filesystem::path& file) {
  auto recorder = flux::Recorder::create(file);
  if (!recorder) return fail(flux::describe(recorder.error()));
  const auto device = flux::HostDevice::create();
  {
    flux::PoolDesc desc;
    desc.journal = &(*recorder)->journal();
    const auto pool = flux::Pool::create(*device, desc);
    if (!pool) return fail(flux::describe(pool.error()));
    const std::array<std::byte, 64> vertices{};
    const std::array parts{flux::PartDesc{flux::PartKind::Vertex, vertices.size(), flux::Source::bytes(vertices)}};
    if (const auto block = (*pool)->add({.name = "triangle", .parts = parts}); !block) {
      return fail(flux::describe(block.error()));
    }
    for (int step = 0; step < 10; ++step) {
      if (const auto report = (*pool)->step(); !report) return fail(flux::describe(report.error()));
      (*pool)->publish();
    }
  }
  const auto closed = (*recorder)->close();
  return closed ? 0 : fail(flux::describe(closed.error()));
}

int replay(const std::filesystem::path& file) {
  auto reader = flux::RecordingReader::open(file);
  if (!reader) return fail(flux::describe(reader.error()));
  const auto device = flux::HostDevice::create();
  const auto player = flux::RecordingPlayer::create(std::move(*reader), *device);
  if (!player) return fail(flux::describe(player.error()));
  for (;;) {
    const auto more = (*player)->advance();
    if (!more) return fail(flux::describe(more.error()));
    if (!*more) break;
  }
  if (const auto& difference = (*player)->difference()) return fail(difference->found);
  if ((*player)->truncated() || (*player)->steps() != 10 || (*player)->places() != 1) return fail("a part is missing");
  return 0;
}

}  // namespace

int main() {
  const std::filesystem::path file = "consumer.fluxrec";
  const int recorded = record(file);
  return recorded != 0 ? recorded : replay(file);
}
