// The dump, of the form that docs/schema/flux-dump-2.schema.json describes. A change of the form is a new version.

#include "pool/pool_impl.hpp"
#include "report/json_writer.hpp"

#include <flux/budget.hpp>
#include <flux/fit.hpp>
#include <flux/version.hpp>

#include <algorithm>
#include <chrono>
#include <optional>
#include <ranges>
#include <string_view>

namespace flux {
namespace {

constexpr std::uint32_t kDumpVersion = 2;
constexpr std::size_t kBytesABlock = 400;  // of text, about

constexpr std::array kLifetimes{Lifetime::Streaming, Lifetime::LongLived};

std::string_view toString(BlockState state) {
  switch (state) {
    case BlockState::Absent:
      return "absent";
    case BlockState::Resident:
      return "resident";
    case BlockState::Free:  // of no live block
    case BlockState::Lost:
      break;
  }
  return "lost";
}

std::string_view toString(Lifetime lifetime) {
  return lifetime == Lifetime::LongLived ? "long-lived" : "streaming";
}

std::string_view toString(FitOutcome outcome) {
  switch (outcome) {
    case FitOutcome::Fits:
      return "fits";
    case FitOutcome::Grows:
      return "grows";
    case FitOutcome::OverBudget:
      return "over budget";
    case FitOutcome::OverSoftLimit:
      return "over soft limit";
    case FitOutcome::TooManyChunks:
      return "too many chunks";
    case FitOutcome::TooLarge:
      return "too large";
    case FitOutcome::Invalid:
      return "invalid";
    case FitOutcome::DeviceLost:
      break;
  }
  return "device lost";
}

std::string_view toString(WaitsFor waitsFor) {
  switch (waitsFor) {
    case WaitsFor::Publish:
      return "publish";
    case WaitsFor::Frames:
      return "frames";
    case WaitsFor::Queues:
      return "queues";
    case WaitsFor::Step:
      break;
  }
  return "step";
}

void placeMembers(JsonWriter& json, const RangeView& place) {
  json.member("chunk", static_cast<std::uint32_t>(place.chunk)).member("offset", place.offset);
  json.member("bytes", place.bytes);
}

void handle(JsonWriter& json, std::string_view key, BlockHandle block) {
  json.key(key).beginObject().member("index", block.index).member("generation", block.generation).endObject();
}

void writeFrame(JsonWriter& json, const OpenFrame& frame) {
  json.beginLine().member("label", frame.label).member("thread", frame.thread).member("snapshot", frame.snapshot);
  json.member("ageNs", static_cast<std::uint64_t>(std::max<std::int64_t>(frame.age.count(), 0))).endLine();
}

void writeStats(JsonWriter& json, const PoolStats& stats) {
  json.key("stats")
      .beginObject()
      .member("liveBytes", stats.liveBytes)
      .member("reservedBytes", stats.reservedBytes)
      .member("retiredBytes", stats.retiredBytes)
      .member("stagingBytes", stats.stagingBytes)
      .member("shadowBytes", stats.shadowBytes)
      .member("storeBytes", stats.storeBytes)
      .member("hardLimitBytes", stats.hardLimitBytes)
      .member("softLimitBytes", stats.softLimitBytes)
      .member("blocks", stats.blocks)
      .member("chunks", stats.chunks)
      .member("openFrames", stats.openFrames)
      .member("publishedSnapshot", stats.published)
      .member("steps", stats.steps)
      .member("blocksAdded", stats.blocksAdded)
      .member("blocksRemoved", stats.blocksRemoved)
      .member("blocksUpdated", stats.blocksUpdated)
      .member("partsAdded", stats.partsAdded)
      .member("partsRemoved", stats.partsRemoved)
      .member("uploadedBytes", stats.uploadedBytes)
      .member("copiedBytes", stats.copiedBytes)
      .member("readBackBytes", stats.readBackBytes)
      .member("relocations", stats.relocations)
      .member("relocatedBytes", stats.relocatedBytes)
      .member("crossChunkMoves", stats.crossChunkMoves)
      .member("compactions", stats.compactions)
      .member("deferredPublishes", stats.deferredPublishes)
      .member("recordMirrors", stats.recordMirrors)
      .member("mirroredRecords", stats.mirroredRecords)
      .member("chunksCreated", stats.chunksCreated)
      .member("chunksMadeAhead", stats.chunksMadeAhead)
      .member("chunksReleased", stats.chunksReleased)
      .member("releasedBytes", stats.releasedBytes)
      .member("refusals", stats.refusals)
      .member("instructions", stats.instructions)
      .member("waitingInstructions", stats.waitingInstructions)
      .member("misses", stats.misses)
      .member("evictions", stats.evictions)
      .member("evictedBytes", stats.evictedBytes)
      .member("restores", stats.restores)
      .member("restoredBytes", stats.restoredBytes)
      .member("deviceLost", stats.deviceLost)
      .member("peakLiveBytes", stats.peakLiveBytes)
      .member("peakReservedBytes", stats.peakReservedBytes)
      .member("peakStagingBytes", stats.peakStagingBytes)
      .member("peakChunks", stats.peakChunks)
      .endObject();
}

void writeClasses(JsonWriter& json, const std::array<ChunkClassStats, 2>& classes) {
  json.key("classes").beginArray();
  for (const Lifetime lifetime : kLifetimes) {
    const ChunkClassStats& chunks = classes[static_cast<std::size_t>(lifetime)];
    json.beginLine().member("class", toString(lifetime)).member("chunks", chunks.chunks);
    json.member("reservedBytes", chunks.reservedBytes).member("freeBytes", chunks.freeBytes);
    json.member("largestFreeBytes", chunks.largestFreeBytes).member("fragmentation", chunks.fragmentation()).endLine();
  }
  json.endArray();
}

void writeRetirement(JsonWriter& json, const RetirementStats& stats) {
  json.key("retirement")
      .beginObject()
      .member("forFramesBytes", stats.forFramesBytes)
      .member("forQueuesBytes", stats.forQueuesBytes)
      .member("forFrames", stats.forFrames)
      .member("forQueues", stats.forQueues);
  if (stats.oldestFrame.thread != 0) {
    json.key("oldestFrame");
    writeFrame(json, stats.oldestFrame);
  }
  if (stats.queue.value != 0) {
    json.key("queue").beginLine().member("queue", static_cast<std::uint32_t>(stats.queue.queue));
    json.member("value", stats.queue.value).member("completed", stats.queueCompleted).endLine();
  }
  json.endObject();
}

void writeShared(JsonWriter& json, const SharedUsage& usage) {
  json.key("shared").beginObject().member("blocks", usage.blocks).member("parts", usage.parts);
  json.member("liveBytes", usage.liveBytes).member("blockBytes", usage.blockBytes);
  json.member("heldBytes", usage.heldBytes).member("metadataBytes", usage.metadataBytes).endObject();
}

void writeTags(JsonWriter& json, const std::vector<TagStats>& tags) {
  json.key("tags").beginArray();
  for (const TagStats& tag : tags) {
    json.beginLine().member("tag", static_cast<std::uint32_t>(tag.tag)).member("name", tag.name);
    json.member("blocks", tag.blocks).member("liveBytes", tag.liveBytes).member("placeBytes", tag.placeBytes);
    json.member("uploadedBytes", tag.uploadedBytes).member("copiedBytes", tag.copiedBytes);
    json.member("relocatedBytes", tag.relocatedBytes);
    json.member("evictions", tag.evictions).member("evictedBytes", tag.evictedBytes).endLine();
  }
  json.endArray();
}

void writeEviction(JsonWriter& json, const EvictionReport& report) {
  json.key("eviction").beginObject().member("explanation", explain(report));
  json.member("neededBytes", report.neededBytes).member("goingBytes", report.goingBytes);
  json.member("evictedBytes", report.evictedBytes).member("pinnedBytes", report.pinnedBytes);
  json.member("longLivedBytes", report.longLivedBytes).member("changingBytes", report.changingBytes);
  json.member("drawnBytes", report.drawnBytes).member("homelessBytes", report.homelessBytes);
  json.key("blocks").beginArray();
  for (const EvictedBlock& block : report.blocks) {
    json.beginLine().member("index", block.block.index).member("generation", block.block.generation);
    json.member("bytes", block.bytes).member("readBackBytes", block.readBackBytes).endLine();
  }
  json.endArray().endObject();
}

void writeRefusal(JsonWriter& json, const Refusal& refusal, const std::optional<EvictionReport>& eviction) {
  const FitReport& fit = refusal.fit;
  json.beginObject().member("name", refusal.error.resourceName()).member("error", flux::toString(refusal.error.code));
  json.member("text", describe(refusal.error)).member("explanation", explain(fit));
  json.member("bytes", refusal.request.bytes).member("alignment", refusal.request.alignment);
  json.member("class", toString(refusal.request.lifetime)).member("outcome", toString(fit.outcome));
  json.member("chunkBytes", fit.chunkBytes).member("missingBytes", fit.missingBytes);
  json.member("freeBytes", fit.freeBytes).member("largestFreeBytes", fit.largestFreeBytes);
  json.member("fragmentation", fit.fragmentation());
  json.member("forFramesBytes", fit.forFramesBytes).member("forQueuesBytes", fit.forQueuesBytes);
  json.member("firstStep", refusal.firstStep).member("lastStep", refusal.lastStep).member("times", refusal.times);
  if (eviction) writeEviction(json, *eviction);
  json.endObject();
}

void writeStaging(JsonWriter& json, std::string_view use, const StagingPages& pages, TimelineValue completed) {
  for (const StagingPages::PageUse& page : pages.pagesInUse()) {
    json.beginLine().member("use", use).member("page", static_cast<std::uint32_t>(page.index));
    json.member("bytes", pages.pageBytes()).member("filledBytes", page.filledBytes);
    json.member("openSpans", page.openSpans);
    if (page.lastUse > completed) json.member("waitsForCopyValue", page.lastUse);
    json.endLine();
  }
}

}  // namespace

/// Writes one dump. Reads only; after any call of the pool, also one that failed.
class Pool::Impl::Dump : private PoolVisitor {
 public:
  Dump(const Impl& pool, std::string& text)
      : pool_(pool), json_(text), progress_(pool.gate_.progress()), copied_(pool.completed(kCopyQueue)) {}

  void write() {
    const DetailedStats stats = pool_.detailedStats();
    json_.beginObject().member("format", "flux-dump").member("version", kDumpVersion);
    json_.member("flux", FLUX_VERSION_STRING);
    device();
    settings();
    budgets();
    writeStats(json_, stats.totals);
    writeClasses(json_, stats.classes);
    writeRetirement(json_, stats.retirement);
    writeShared(json_, stats.shared);
    writeTags(json_, stats.tags);
    frames();
    refusals();
    staging();
    mirrors();
    chunks();
    blocks();
    retired();
    json_.endObject();
  }

 private:
  void device() {
    const DeviceCaps& caps = pool_.device_.caps();
    json_.key("device").beginObject().member("name", caps.deviceName).member("driver", caps.driverName);
    json_.member("backend", flux::toString(caps.backend)).member("lost", bool{pool_.lost_});
    json_.member("unifiedMemory", caps.unifiedMemory);
    json_.member("maxChunkBytes", caps.maxChunkBytes).member("maxAllocations", caps.maxAllocations);
    json_.key("queues").beginArray();
    for (std::uint32_t q = 0; q < std::min(caps.queueCount, kMaxQueues); ++q) {
      json_.beginLine().member("queue", q).member("lastUseByFrames", progress_.tags[q]);
      if (!pool_.lost_) json_.member("completed", pool_.completed(QueueId{q}));
      json_.endLine();
    }
    json_.endArray().endObject();
  }

  void settings() {
    const PoolDesc& desc = pool_.desc_;
    json_.key("settings").beginObject().member("chunkBytes", desc.chunkBytes);
    json_.member("firstChunkBytes", desc.firstChunkBytes);
    json_.member("longLivedFirstChunkBytes", desc.longLivedFirstChunkBytes);
    json_.member("stagingPageBytes", desc.stagingPageBytes).member("maxBlocks", desc.maxBlocks);
    json_.member("emptyChunkSteps", desc.emptyChunkSteps).member("spareChunks", desc.spareChunks);
    json_.member("recordMirrors", desc.recordMirrors).member("evicts", desc.evicts).endObject();
  }

  /// Each: what is used, and how much it may be.
  void budgets() {
    json_.key("budgets").beginObject();
    const auto budget = [&](std::string_view name, ByteCount used, ByteCount limit) {
      json_.key(name).beginLine().member("usedBytes", used).member("limitBytes", limit).endLine();
    };
    const PoolDesc& desc = pool_.desc_;
    const ByteCount pageBytes = desc.stagingPageBytes;
    budget("chunks", pool_.chunks_.reservedBytes(), pool_.hardLimitBytes_);
    if (!pool_.lost_) {
      const MemoryBudget system = pool_.device_.budget();
      budget("device", system.usedBytes, system.budgetBytes);
    }
    budget("staging", (pool_.openPages() - pool_.readbacks_.openPages()) * pageBytes, desc.stagingLimitBytes);
    budget("readback", pool_.readbacks_.openPages() * pageBytes, std::max(desc.readbackLimitBytes, pageBytes));
    budget("shadows", pool_.shadows_.bytes(), desc.shadowLimitBytes);
    budget("instructions", pool_.instructions_.waitingBytes(), desc.maxInstructionBytes);
    json_.endObject();
  }

  void frames() {
    json_.key("frames").beginArray();
    pool_.inspectFrames(*this);
    json_.endArray();
  }

  void openFrame(const OpenFrame& frame) override { writeFrame(json_, frame); }

  void refusals() {
    json_.key("refusals").beginArray();
    const Refusal* const last = lastThatEvictionHelps();
    for (const Refusal& refusal : pool_.refusals()) {
      std::optional<EvictionReport> eviction;
      if (&refusal == last) eviction = pool_.wouldEvict(refusal.request.bytes, refusal.request.alignment);
      if (eviction && eviction->neededBytes == 0) eviction.reset();  // there is room by now
      writeRefusal(json_, refusal, eviction);
    }
    json_.endArray();
  }

  /// Null: there is none.
  [[nodiscard]] const Refusal* lastThatEvictionHelps() const {
    const auto helps = [](const Refusal& refusal) {
      return refusal.request.lifetime == Lifetime::Streaming && wantsRoom(refusal.error);
    };
    const auto newestFirst = pool_.refusals() | std::views::reverse;
    const auto found = std::ranges::find_if(newestFirst, helps);
    return pool_.desc_.evicts && found != newestFirst.end() ? &*found : nullptr;
  }

  void staging() {
    json_.key("staging").beginArray();
    writeStaging(json_, "upload", pool_.staging_, copied_);
    if (pool_.mirrors_ != nullptr) writeStaging(json_, "records", pool_.mirrors_->staging(), copied_);
    writeStaging(json_, "readback", pool_.readbacks_.pages(), copied_);
    json_.endArray();
  }

  void mirrors() {
    json_.key("mirrors").beginArray();
    pool_.inspectMirrors(*this);
    json_.endArray();
  }

  void mirror(const MirrorView& mirror) override {
    json_.beginLine().member("mirror", mirror.index);
    placeMembers(json_, mirror.place);
    json_.member("free", mirror.free).member("snapshot", mirror.snapshot).endLine();
  }

  void chunks() {
    json_.key("chunks").beginArray();
    pool_.inspectChunks(*this);
    json_.endArray();
  }

  void chunk(const ChunkView& chunk) override {
    json_.beginLine().member("index", static_cast<std::uint32_t>(chunk.index)).member("bytes", chunk.bytes);
    json_.member("class", toString(chunk.lifetime)).member("dedicated", chunk.dedicated);
    json_.member("inService", chunk.inService).member("madeInStep", chunk.madeInStep);
    json_.member("ageSteps", pool_.steps_ - chunk.madeInStep);
    json_.member("freeBytes", chunk.freeBytes).member("ranges", chunk.ranges);
    json_.key("holes").beginArray();
    pool_.space(chunk.lifetime).forEachHole(chunk.index, [&](ByteOffset offset, ByteCount bytes) {
      json_.beginArray().value(offset).value(bytes).endArray();
    });
    json_.endArray().endLine();
  }

  void blocks() {
    json_.key("blocks").beginArray();
    pool_.inspectBlocks(*this);
    json_.endArray();
  }

  void block(const BlockView& block) override {
    json_.beginLine().member("index", block.block.index).member("generation", block.block.generation);
    json_.member("name", block.name).member("tag", static_cast<std::uint32_t>(block.tag));
    json_.member("state", block.evicted ? "evicted" : toString(block.state)).member("class", toString(block.lifetime));
    json_.member("liveBytes", block.liveBytes);
    json_.member("version", block.version).member("requestedVersion", block.requestedVersion);
    json_.member("owners", block.owners).member("pins", block.pins);
    json_.member("changedInStep", block.changedInStep).member("ageSteps", pool_.steps_ - block.changedInStep);
    if (block.framesSinceUse) json_.member("framesSinceUse", *block.framesSinceUse);
    if (block.fallback) handle(json_, "fallback", block.fallback);
    if (block.userData != 0) json_.member("userData", std::to_string(block.userData));  // 64 bits, which not all read
    if (block.place) {
      json_.key("place").beginObject();
      placeMembers(json_, *block.place);
      json_.endObject();
    }
    if (block.move) move(*block.move);
    if (block.edits) {
      json_.key("edits").beginObject().member("parts", block.edits->parts).member("bytes", block.edits->bytes);
      json_.member("inPlace", block.edits->inPlace).endObject();
    }
    if (block.gaps) {
      json_.key("gaps").beginObject().member("freeBytes", block.gaps->freeBytes);
      json_.member("largestBytes", block.gaps->largestBytes).member("fragmentation", block.gaps->fragmentation);
      json_.member("shared", block.gaps->shared).endObject();
    }
    parts(block.parts);
    json_.endLine();
  }

  void move(const MoveView& move) {
    json_.key("relocation").beginObject();
    placeMembers(json_, move.to);
    json_.member("inGaps", move.inGaps).member("version", move.version);
    json_.member("gatheredBytes", move.gatheredBytes).member("allBytes", move.allBytes);
    json_.member("waitsFor", move.submitted ? "copies" : "its turn");
    if (move.copyValue != 0) json_.member("copyValue", move.copyValue);
    json_.endObject();
  }

  void parts(std::span<const PartPlacement> parts) {
    json_.key("parts").beginArray();
    for (std::uint32_t p = 0; p < parts.size(); ++p) {
      const PartPlacement& part = parts[p];
      if (part.sizeBytes == 0) continue;
      json_.beginObject().member("id", static_cast<std::uint32_t>(makePartId(p, part.generation)));
      json_.member("kind", flux::toString(part.kind));
      json_.member("offset", part.offsetBytes).member("bytes", part.sizeBytes).endObject();
    }
    json_.endArray();
  }

  void retired() {
    json_.key("retired").beginArray();
    pool_.inspectRetired(*this);
    json_.endArray();
  }

  void retired(const RetiredView& retired) override {
    json_.beginLine();
    if (!retired.block) {
      json_.member("what", "range");
      placeMembers(json_, retired.range);
      json_.member("class", toString(retired.lifetime));
    } else {
      json_.member("what", "part");
      handle(json_, "block", retired.block);
      json_.member("offset", retired.range.offset).member("bytes", retired.range.bytes);
    }
    json_.member("waitsFor", toString(retired.waitsFor));
    if (retired.waitsFor == WaitsFor::Frames) json_.member("snapshot", retired.snapshot);
    if (retired.waitsFor == WaitsFor::Queues) {
      json_.key("queues").beginArray();
      for (const QueueWaitView& queue : retired.queues) {
        json_.beginObject().member("queue", static_cast<std::uint32_t>(queue.needed.queue));
        json_.member("value", queue.needed.value).member("completed", queue.completed).endObject();
      }
      json_.endArray();
    }
    json_.endLine();
  }

  const Impl& pool_;
  JsonWriter json_;
  const FrameGate::Progress progress_;
  const TimelineValue copied_;
};

std::string Pool::Impl::dump() const {
  std::string text;
  text.reserve(counters_.blocks * kBytesABlock);
  Dump(*this, text).write();
  text += '\n';
  return text;
}

}  // namespace flux
