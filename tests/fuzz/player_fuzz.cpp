// Any events as a recording that is replayed: it ends, and says why. Events, not files: no checksum stands before the
// player. Seeds are recorded programs (player_seeds.cpp).

#include "fuzz/fuzz_input.hpp"
#include "record/block_file.hpp"

#include <flux/host.hpp>
#include <flux/recording.hpp>

#include <memory>
#include <span>
#include <sstream>
#include <utility>

namespace flux {
namespace {

constexpr ByteCount kHeapBytes = 16 * kMiB;

void replay(std::span<const std::byte> events) {
  auto file = std::make_unique<std::stringstream>();
  FUZZ_CHECK(writeFileHead(*file) && writeBlock(*file, events));
  Result<RecordingReader> reader = RecordingReader::open(std::move(file), "fuzz");
  FUZZ_CHECK(reader.has_value());
  const auto host = HostDevice::create({.completion = HostDeviceDesc::Completion::Manual, .heapBytes = kHeapBytes});
  ReplaySettings settings;
  settings.fill = [](std::uint64_t, ByteOffset, std::span<std::byte>) {};
  const auto player = RecordingPlayer::create(std::move(*reader), *host, settings);
  if (!player) {
    FUZZ_CHECK(!describe(player.error()).empty());
    return;
  }
  Result<bool> more = true;
  while ((more = (*player)->advance()) && *more) {
  }
  if (!more) FUZZ_CHECK(!describe(more.error()).empty());
  if (const auto& difference = (*player)->difference()) FUZZ_CHECK(difference->expected != difference->found);
}

}  // namespace
}  // namespace flux

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  flux::replay(std::as_bytes(std::span(data, size)));
  return 0;
}
