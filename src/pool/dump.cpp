// The dump, of the form that docs/schema/flux-dump-2.schema.json describes. A change of the form is a new version.

#include "pool/pool_impl.hpp"
#include "report/json_writer.hpp"

#include <flux/fit.hpp>
#include <flux/version.hpp>

#include <algorithm>
#include <chrono>
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

void placeMembers(JsonWriter& json, const Placement& place) {
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
      .member("hardLimitBytes", stats.hardLimitBytes)
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
      .member("deferredPublishes", stats.deferredPublishes)
      .member("recordMirrors", stats.recordMirrors)
      .member("mirroredRecords", stats.mirroredRecords)
      .member("chunksCreated", stats.chunksCreated)
      .member("chunksMadeAhead", stats.chunksMadeAhead)
      .member("chunksReleased", stats.chunksReleased)
      .member("refusals", stats.refusals)
      .member("instructions", stats.instructions)
      .member("waitingInstructions", stats.waitingInstructions)
      .member("misses", stats.misses)
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
    json.member("uploadedBytes", tag.uploadedBytes).member("copiedBytes", tag.copiedBytes).endLine();
  }
  json.endArray();
}

void writeRefusal(JsonWriter& json, const Refusal& refusal) {
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
class Pool::Impl::Dump {
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
    json_.member("recordMirrors", desc.recordMirrors).endObject();
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
    std::vector<OpenFrame> open;
    pool_.gate_.openFrames(std::chrono::steady_clock::time_point::max(), std::chrono::steady_clock::now(), open);
    json_.key("frames").beginArray();
    for (const OpenFrame& frame : open) writeFrame(json_, frame);
    json_.endArray();
  }

  void refusals() {
    json_.key("refusals").beginArray();
    for (const Refusal& refusal : pool_.refusals_.entries()) writeRefusal(json_, refusal);
    json_.endArray();
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
    for (std::uint32_t i = 0; pool_.mirrors_ != nullptr && i < pool_.mirrors_->most(); ++i) {
      const std::optional<Placement>& place = pool_.mirrors_->placeOf(i);
      if (!place) continue;
      json_.beginLine().member("mirror", i);
      placeMembers(json_, *place);
      json_.member("free", pool_.mirrors_->isFree(i)).member("snapshot", pool_.mirrors_->snapshotOf(i)).endLine();
    }
    json_.endArray();
  }

  void chunks() {
    json_.key("chunks").beginArray();
    pool_.chunks_.forEach([&](ChunkIndex index, const ChunkInfo& info) {
      const std::uint64_t made = pool_.chunks_.madeIn(index);
      json_.beginLine().member("index", static_cast<std::uint32_t>(index)).member("bytes", info.bytes);
      for (const Lifetime lifetime : kLifetimes) {
        const ChunkSpace& space = pool_.space(lifetime);
        if (!space.contains(index)) continue;
        json_.member("class", toString(lifetime)).member("dedicated", space.dedicated(index));
        json_.member("inService", !space.retired(index)).member("madeInStep", made);
        json_.member("ageSteps", pool_.steps_ - made);
        json_.member("freeBytes", space.freeBytes(index)).member("ranges", space.liveRanges(index));
        json_.key("holes").beginArray();
        space.forEachHole(index, [&](ByteOffset offset, ByteCount bytes) {
          json_.beginArray().value(offset).value(bytes).endArray();
        });
        json_.endArray();
      }
      json_.endLine();
    });
    json_.endArray();
  }

  void blocks() {
    json_.key("blocks").beginArray();
    for (std::uint32_t i = 0; i < pool_.blocks_.size(); ++i) {
      if (pool_.blocks_[i].live) block(i, pool_.blocks_[i]);
    }
    json_.endArray();
  }

  void block(std::uint32_t index, const Block& block) {
    const ColdRecord& cold = pool_.ring_.cold(index);
    json_.beginLine().member("index", index).member("generation", block.generation);
    json_.member("name", block.name.data()).member("tag", static_cast<std::uint32_t>(block.tag));
    json_.member("state", toString(pool_.ring_.hot(index).state())).member("class", toString(block.lifetime));
    json_.member("liveBytes", block.liveBytes);
    json_.member("version", cold.version).member("requestedVersion", block.requested);
    json_.member("owners", block.owners).member("pins", block.pins);
    json_.member("changedInStep", block.changedStep).member("ageSteps", pool_.steps_ - block.changedStep);
    if (const std::uint32_t used = pool_.ring_.usage().lastUsed(index); used != 0) {
      json_.member("framesSinceUse", static_cast<std::uint32_t>(progress_.newestFrame) - used);
    }
    if (cold.fallback) handle(json_, "fallback", cold.fallback);
    if (cold.userData != 0) json_.member("userData", std::to_string(cold.userData));  // of 64 bits, which not all read
    if (block.place.range) {
      json_.key("place").beginObject();
      placeMembers(json_, block.place);
      json_.endObject();
    }
    if (block.relocation != nullptr) relocation(*block.relocation);
    if (!block.edits.empty()) edits(block);
    if (block.parts != nullptr) gaps(block);
    parts(*cold.layout);
    json_.endLine();
  }

  /// Bytes on their way: what is still to be gathered, or the copies that have to be done.
  void relocation(const Relocation& relocation) {
    ByteCount done = 0;
    for (const Transfer& transfer : relocation.transfers) done += transfer.done;
    json_.key("relocation").beginObject();
    placeMembers(json_, relocation.to);
    json_.member("inGaps", relocation.inGaps()).member("version", relocation.version);
    json_.member("gatheredBytes", done).member("allBytes", relocation.transferBytes);
    json_.member("waitsFor", relocation.recorded ? "copies" : "its turn");
    if (relocation.lastBatch > copied_) json_.member("copyValue", relocation.lastBatch);
    json_.endObject();
  }

  /// Contents that wait for the running relocation, for memory, or for frames to submit.
  void edits(const Block& block) {
    ByteCount bytes = 0;
    for (const Edit& edit : block.edits) bytes += edit.ranges.keptBytes();
    json_.key("edits").beginObject().member("parts", block.edits.size()).member("bytes", bytes);
    json_.member("inPlace", onlyInPlace(block)).endObject();
  }

  void gaps(const Block& block) {
    const AllocationMap& map = newestMap(block);
    json_.key("gaps").beginObject().member("freeBytes", map.freeBytes()).member("largestBytes", map.largestGap());
    json_.member("fragmentation", map.fragmentation()).member("shared", block.parts->shared.has_value()).endObject();
  }

  void parts(const BlockLayout& layout) {
    json_.key("parts").beginArray();
    for (std::uint32_t p = 0; p < layout.partCount; ++p) {
      const PartPlacement& part = layout.parts[p];
      if (part.sizeBytes == 0) continue;
      json_.beginObject().member("id", static_cast<std::uint32_t>(makePartId(p, part.generation)));
      json_.member("kind", flux::toString(part.kind));
      json_.member("offset", part.offsetBytes).member("bytes", part.sizeBytes).endObject();
    }
    json_.endArray();
  }

  /// Ranges of chunks, and ranges inside blocks; layouts and indices only count.
  void retired() {
    json_.key("retired").beginArray();
    pool_.retirement_.forEach([&](const Retired& item, const Retirement<Retired>::Wait& wait) {
      if (const auto* range = std::get_if<RetiredRange>(&item)) {
        json_.beginLine().member("what", "range");
        placeMembers(json_, range->place);
        json_.member("class", toString(range->lifetime));
      } else if (const auto* part = std::get_if<RetiredPart>(&item)) {
        json_.beginLine().member("what", "part");
        handle(json_, "block", part->block);
        json_.member("offset", part->offset).member("bytes", part->bytes);
      } else {
        return;
      }
      waits(wait);
      json_.endLine();
    });
    json_.endArray();
  }

  void waits(const Retirement<Retired>::Wait& wait) {
    if (wait.lastUse == nullptr) {
      if (const SnapshotNumber snapshot = wait.heldBy != 0 ? wait.heldBy : holderOf(wait); snapshot != 0) {
        json_.member("waitsFor", "frames").member("snapshot", snapshot);
      } else if (wait.last >= progress_.published) {
        json_.member("waitsFor", "publish");
      } else {
        json_.member("waitsFor", "step");
      }
      return;
    }
    const auto completed = [this](QueueId queue) { return pool_.completed(queue); };
    if (!firstBehind(*wait.lastUse, completed)) {
      json_.member("waitsFor", "step");
      return;
    }
    json_.member("waitsFor", "queues").key("queues").beginArray();
    for (std::uint32_t q = 0; q < kMaxQueues; ++q) {
      const TimelineValue value = (*wait.lastUse)[q];
      if (value == 0 || completed(QueueId{q}) >= value) continue;
      json_.beginObject().member("queue", q).member("value", value).member("completed", completed(QueueId{q}));
      json_.endObject();
    }
    json_.endArray();
  }

  /// The oldest snapshot that frames see and that names it; 0: there is none.
  [[nodiscard]] SnapshotNumber holderOf(const Retirement<Retired>::Wait& wait) const {
    SnapshotNumber oldest = 0;
    for (const SnapshotNumber held : std::span(progress_.held).first(progress_.heldCount)) {
      if (held >= wait.first && held <= wait.last && (oldest == 0 || held < oldest)) oldest = held;
    }
    return oldest;
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
