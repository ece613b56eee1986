#include "pool/pool_impl.hpp"
#include "report/json_writer.hpp"

namespace flux {
namespace {

std::string_view toString(BlockState state) {
  switch (state) {
    case BlockState::Free:
      return "free";
    case BlockState::Absent:
      return "absent";
    case BlockState::Resident:
      return "resident";
    case BlockState::Lost:
      return "lost";
  }
  return "unknown";
}

std::string_view toString(Lifetime lifetime) {
  return lifetime == Lifetime::LongLived ? "long-lived" : "streaming";
}

void write(JsonWriter& json, const Placement& place) {
  json.beginObject()
      .member("chunk", static_cast<std::uint32_t>(place.chunk))
      .member("offset", place.offset)
      .member("bytes", place.bytes)
      .endObject();
}

void write(JsonWriter& json, const RetirementStats& stats) {
  json.beginObject()
      .member("forFramesBytes", stats.forFramesBytes)
      .member("forQueuesBytes", stats.forQueuesBytes)
      .member("forFrames", stats.forFrames)
      .member("forQueues", stats.forQueues);
  if (stats.oldestFrame.thread != 0) {
    json.key("oldestFrame").beginObject();
    json.member("label", stats.oldestFrame.label).member("thread", stats.oldestFrame.thread);
    json.member("snapshot", stats.oldestFrame.snapshot);
    json.member("ageNs", static_cast<std::uint64_t>(stats.oldestFrame.age.count())).endObject();
  }
  if (stats.queue.value != 0) {
    json.key("queue").beginObject().member("queue", static_cast<std::uint32_t>(stats.queue.queue));
    json.member("value", stats.queue.value).member("completed", stats.queueCompleted).endObject();
  }
  json.endObject();
}

void write(JsonWriter& json, const SharedUsage& usage) {
  json.beginObject().member("blocks", usage.blocks).member("parts", usage.parts).member("liveBytes", usage.liveBytes);
  json.member("blockBytes", usage.blockBytes)
      .member("heldBytes", usage.heldBytes)
      .member("metadataBytes", usage.metadataBytes)
      .endObject();
}

void write(JsonWriter& json, const PoolStats& stats) {
  json.beginObject()
      .member("liveBytes", stats.liveBytes)
      .member("reservedBytes", stats.reservedBytes)
      .member("retiredBytes", stats.retiredBytes)
      .member("stagingBytes", stats.stagingBytes)
      .member("hardLimitBytes", stats.hardLimitBytes)
      .member("blocks", stats.blocks)
      .member("chunks", stats.chunks)
      .member("openFrames", stats.openFrames)
      .member("publishedSnapshot", stats.published)
      .member("blocksAdded", stats.blocksAdded)
      .member("blocksRemoved", stats.blocksRemoved)
      .member("blocksUpdated", stats.blocksUpdated)
      .member("partsAdded", stats.partsAdded)
      .member("partsRemoved", stats.partsRemoved)
      .member("uploadedBytes", stats.uploadedBytes)
      .member("copiedBytes", stats.copiedBytes)
      .member("deferredPublishes", stats.deferredPublishes)
      .member("recordMirrors", stats.recordMirrors)
      .member("mirroredRecords", stats.mirroredRecords)
      .member("chunksCreated", stats.chunksCreated)
      .member("chunksMadeAhead", stats.chunksMadeAhead)
      .member("chunksReleased", stats.chunksReleased)
      .member("instructions", stats.instructions)
      .member("waitingInstructions", stats.waitingInstructions)
      .member("misses", stats.misses)
      .member("deviceLost", stats.deviceLost)
      .member("peakLiveBytes", stats.peakLiveBytes)
      .member("peakReservedBytes", stats.peakReservedBytes)
      .member("peakStagingBytes", stats.peakStagingBytes)
      .member("peakChunks", stats.peakChunks);
  json.key("classes").beginArray();
  for (const Lifetime lifetime : {Lifetime::Streaming, Lifetime::LongLived}) {
    const ChunkClassStats& chunks = stats.classes[static_cast<std::size_t>(lifetime)];
    json.beginObject().member("class", toString(lifetime)).member("chunks", chunks.chunks);
    json.member("reservedBytes", chunks.reservedBytes).member("freeBytes", chunks.freeBytes);
    json.member("largestFreeBytes", chunks.largestFreeBytes).endObject();
  }
  json.endArray();
  json.key("retirement");
  write(json, stats.retirement);
  json.endObject();
}

}  // namespace

std::string Pool::Impl::dump() const {
  std::string text;
  JsonWriter json(text);
  json.beginObject().member("format", "flux-dump").member("version", 1U);
  json.member("device", device_.caps().deviceName).member("backend", flux::toString(device_.caps().backend));
  json.key("stats");
  write(json, stats());

  json.key("shared");
  write(json, sharedUsage());

  json.key("chunks").beginArray();
  chunks_.forEach([&](ChunkIndex index, const ChunkInfo& info) {
    // A chunk belongs to the class in which it has room or ranges; an index is in one of them only.
    json.beginObject().member("index", static_cast<std::uint32_t>(index)).member("bytes", info.bytes);
    for (const Lifetime lifetime : {Lifetime::Streaming, Lifetime::LongLived}) {
      const ChunkSpace& chunkSpace = spaces_[static_cast<std::size_t>(lifetime)];
      if (!chunkSpace.contains(index)) continue;
      json.member("class", toString(lifetime));
      json.member("freeBytes", chunkSpace.freeBytes(index)).member("ranges", chunkSpace.liveRanges(index));
    }
    json.endObject();
  });
  json.endArray();

  json.key("blocks").beginArray();
  for (std::uint32_t i = 0; i < blocks_.size(); ++i) {
    const Block& block = blocks_[i];
    if (!block.live) continue;
    const HotRecord& hot = ring_.hot(i);
    const ColdRecord& cold = ring_.cold(i);
    json.beginObject().member("index", i).member("generation", block.generation).member("name", block.name.data());
    json.member("state", toString(hot.state())).member("lifetime", toString(block.lifetime));
    json.member("version", cold.version).member("requestedVersion", block.requested);
    json.member("owners", block.owners).member("pins", block.pins);
    if (block.place.range) {
      json.key("place");
      write(json, block.place);
    }
    if (block.relocation != nullptr) {
      json.key("relocatingTo");
      write(json, block.relocation->to);
    }
    if (block.parts != nullptr) {
      const AllocationMap& map = newestMap(block);
      json.key("gaps").beginObject().member("freeBytes", map.freeBytes()).member("largestBytes", map.largestGap());
      json.member("fragmentation", map.fragmentation()).member("shared", block.parts->shared.has_value()).endObject();
    }
    json.key("parts").beginArray();
    for (std::uint32_t p = 0; p < cold.layout->partCount; ++p) {
      const PartPlacement& part = cold.layout->parts[p];
      if (part.sizeBytes == 0) continue;
      json.beginObject().member("id", static_cast<std::uint32_t>(makePartId(p, part.generation)));
      json.member("kind", flux::toString(part.kind));
      json.member("offset", part.offsetBytes).member("bytes", part.sizeBytes).endObject();
    }
    json.endArray().endObject();
  }
  json.endArray();

  json.key("retired").beginArray();
  retirement_.forEach([&](const Retired& item) {
    if (const auto* range = std::get_if<RetiredRange>(&item)) write(json, range->place);
  });
  json.endArray().endObject();
  text += '\n';
  return text;
}

}  // namespace flux
