// What the debuggers' printers are shown. The private headers are here for their debug information: the library itself
// has none in release builds.

#include "frame/frame_gate.hpp"
#include "pool/pool_impl.hpp"

#include <flux/host.hpp>
#include <flux/pool.hpp>

#include <array>
#include <cstdio>

namespace {

using namespace flux;

/// Where the debugger stops; one frame up are the values.
void stopHere(const void* values) {
  std::printf("%p\n", values);
}

}  // namespace

int main() {
  const std::unique_ptr<HostDevice> device = HostDevice::create();
  const std::unique_ptr<Pool> pool = Pool::create(*device, {.firstChunkBytes = kMiB}).value();
  const std::array<std::byte, 4000> bytes{};
  const PartDesc part{PartKind::Vertex, bytes.size(), Source::bytes(bytes)};
  const BlockHandle teapot = pool->add({.name = "teapot", .parts = {&part, 1}}).value();
  const BlockHandle gone = pool->add({.name = "gone", .parts = {&part, 1}}).value();
  for (int i = 0; i < 3; ++i) {
    (void)pool->step().value();
    pool->publish();
  }
  (void)pool->remove(gone);
  const PartUpdate change{PartId{0}, Source::bytes(bytes)};
  const BlockHandle none;
  const PartId first{0};
  const PartId again = makePartId(2, 5);
  const QueueValue value{kCopyQueue, 7};
  const Result<ContentVersion> refused = pool->update(gone, {});
  const Result<ContentVersion> version = pool->update(teapot, {&change, 1});
  const Result<void> pinned = pool->pin(teapot);
  const Error& error = refused.error();
  Frame frame = pool->beginFrame("main window");
  const BlockLookup found = frame.find(teapot);
  const PartLookup missing = frame.find(teapot, again);
  const HotRecord& record = frame.view().hot[teapot.index];
  const Shared<BlockHandle> shared = pool->share(teapot);
  const void* const values[] = {&none,   &first, &again,   &value,  &error, &version,
                                &pinned, &found, &missing, &record, &shared};
  stopHere(values);
  frame.end();
  return 0;
}
