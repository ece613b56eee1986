#include "replay/replayer.hpp"

#include "failure.hpp"
#include "thread_time.hpp"

#include <algorithm>
#include <cmath>

namespace flux::app {
namespace {

using Clock = std::chrono::steady_clock;

/// What is larger gets a block of its own.
constexpr ByteCount kSmallBytes = 2 * kKiB;
/// Asking what small objects cost looks at every block, so it is done now and then.
constexpr std::uint64_t kUsageFrames = 16;
constexpr std::chrono::seconds kPatience{60};
constexpr std::size_t kNamedFailures = 8;

std::unique_ptr<Pool> makePool(Device& device, PoolDesc desc) {
  // Steps are told the recording's time, which has nothing to do with the time for which frames are really open.
  desc.lateFrameAge = std::chrono::hours{24 * 365};
  Result<std::unique_ptr<Pool>> pool = Pool::create(device, desc);
  if (!pool) throw Failure("making the pool failed: " + describe(pool.error()));
  return std::move(*pool);
}

/// Small objects share blocks with those that change as often: constants get new contents frame by frame, and so their
/// blocks new layouts; the rest is filled once.
std::uint64_t affinityOf(PartKind kind) {
  return kind == PartKind::Uniform ? 1 : 0;
}

std::uint64_t tagOf(std::uint32_t slot, std::uint32_t contents) {
  return std::uint64_t{slot} << 32U | contents;
}

}  // namespace

Replayer::Replayer(ReplayTarget& target, Device& device, const ReplayerDesc& desc, ReplayTimes& times)
    : target_(target),
      device_(device),
      pool_(makePool(device_, desc.pool)),
      frame_(pool_->beginFrame("replay")),
      share_(desc.share),
      verify_(desc.verify),
      frameTime_(desc.frameTime),
      now_(Clock::now()),
      evicts_(desc.pool.evicts),
      times_(times),
      meter_(device_) {}

Replayer::~Replayer() = default;

std::string Replayer::nameOf(const Object& object) {
  return std::string(toString(object.kind)) + " " + std::to_string(object.id);
}

void Replayer::apply(const TraceEvent& event) {
  ++counts_.events;
  if (event.kind == TraceEvent::Kind::FrameEnd) {
    endFrame();
    return;
  }
  if (event.slot >= objects_.size()) objects_.resize(event.slot + 1);
  Object& object = objects_[event.slot];
  switch (event.kind) {
    case TraceEvent::Kind::Add:
      ++counts_.allocs;
      object.id = event.id;
      object.kind = event.part;
      add(event.slot, event.bytes);
      break;
    case TraceEvent::Kind::Update:
      ++counts_.updates;
      if (object.block) update(event.slot);
      break;
    case TraceEvent::Kind::Draw:
      ++counts_.draws;
      if (object.block) draw(object);
      break;
    case TraceEvent::Kind::Resize:
      ++counts_.resizes;
      remove(object);
      add(event.slot, event.bytes);
      break;
    case TraceEvent::Kind::Remove:
      ++counts_.frees;
      remove(object);
      break;
    case TraceEvent::Kind::FrameEnd:
      break;
  }
}

// The tag names slot and contents. Block and part are the pool's to name: so contents differ whenever these do.
bool Replayer::fillContents(void* context, const FillRequest& request) {
  auto& replayer = *static_cast<Replayer*>(context);
  replayer.objects_[request.tag >> 32U].asked = true;
  fillPattern({request.block, request.part, static_cast<std::uint32_t>(request.tag)}, request.offset,
              request.destination);
  return true;
}

Result<SharedPart> Replayer::addToPool(const Object& object, const PartDesc& part, const std::string& name) {
  if (object.shared) {
    return pool_->addShared({.affinity = affinityOf(object.kind), .part = part, .name = name});
  }
  return pool_->add({.name = name, .parts = {&part, 1}}).map([](BlockHandle block) { return SharedPart{block, {}}; });
}

void Replayer::add(std::uint32_t slot, ByteCount bytes) {
  Object& object = objects_[slot];
  object.shared = share_ && bytes <= kSmallBytes;
  object.asked = false;
  object.drawn = 0;
  object.verified = {};
  object.contents.clear();
  // Of a pool that evicts every other one can be asked again; the others are read back.
  const Source source = Source::callback(fillContents, this, tagOf(slot, 1));
  const PartDesc part{object.kind, bytes, slot % 2 == 0 ? source.lasting() : source};
  const std::string name = nameOf(object);
  const Result<SharedPart> added = meter_.measure(times_.alloc, [&] { return addToPool(object, part, name); });
  object.block = added ? added->block : BlockHandle{};
  if (!added) {
    ++counts_.failures;
    if (counts_.firstFailures.size() < kNamedFailures) counts_.firstFailures.push_back(describe(added.error()));
    return;
  }
  object.part = added->part;
  object.contents.push_back({pool_->requestedVersion(object.block), 1});
  if (evicts_ && !object.shared && !pool_->inspect(object.block)->evicted) counts_.movedBytes += bytes;
}

void Replayer::remove(Object& object) {
  if (!object.block) return;
  const Result<void> removed = meter_.measure(times_.free, [&] {
    return object.shared ? pool_->removeParts(object.block, {&object.part, 1}) : pool_->remove(object.block);
  });
  if (!removed) throw Failure("removing " + nameOf(object) + " failed: " + describe(removed.error()));
  object.block = {};
}

void Replayer::update(std::uint32_t slot) {
  Object& object = objects_[slot];
  if (!object.asked) {
    ++counts_.updatesBeforeUpload;
    return;
  }
  const std::uint32_t number = object.contents.back().number + 1;
  const PartUpdate part{object.part, Source::callback(fillContents, this, tagOf(slot, number))};
  const Result<ContentVersion> updated = pool_->update(object.block, {&part, 1});
  if (!updated) throw Failure("updating " + nameOf(object) + " failed: " + describe(updated.error()));
  object.contents.push_back({*updated, number});
}

void Replayer::draw(Object& object) {
  const PartLookup found = frame_.find(object.block, object.part);
  if (evicts_) {
    frame_.use(object.block);
    wanted_.want(object.block, found.drawable() ? frame_.find(object.block).place.bytes : 0);
  }
  if (!found.drawable()) {
    ++counts_.misses;
    frame_.miss(object.block);
    // What was there stays there (G1), but what has left for others.
    if (object.drawn != 0 && !evicts_)
      verifier_.report({frames_ + 1, nameOf(object), "not there any more", object.drawn});
    return;
  }
  frame_.use(object.block);
  if (found.version < object.drawn) verifier_.report({frames_ + 1, nameOf(object), "version", found.version});
  object.drawn = found.version;
  // Later frames find at least this version.
  const auto newer = std::ranges::upper_bound(object.contents, found.version, {}, &Contents::from);
  if (newer - object.contents.begin() > 1) object.contents.erase(object.contents.begin(), newer - 1);
  if (verify_) verify(object, found);
}

/// REQUIRES: the first contents are those of the version that was found.
void Replayer::verify(Object& object, const PartLookup& found) {
  const PatternId id{object.block, object.part, object.contents.front().number};
  verifier_.draw(object.verified, nameOf(object), id, found.place);
}

void Replayer::endFrame() {
  if (evicts_) wanted_.endFrame();
  submitFrame();
  stepAndPublish();
  frame_ = pool_->beginFrame("replay");
  const PoolStats stats = pool_->stats();
  liveSum_ += static_cast<double>(stats.liveBytes);
  reservedSum_ += static_cast<double>(stats.reservedBytes);
  retiredSum_ += static_cast<double>(stats.retiredBytes);
  if (share_ && frames_ % kUsageFrames == 0) {
    const SharedUsage usage = pool_->sharedUsage();
    smallObjects_ += usage.parts;
    smallLive_ += static_cast<double>(usage.liveBytes);
    smallSpace_ += static_cast<double>(usage.blockBytes);
    smallHeld_ += static_cast<double>(usage.heldBytes);
    smallMetadata_ += static_cast<double>(usage.metadataBytes);
  }
}

void Replayer::submitFrame() {
  if (pending_ == ReplayTarget::kFramesInFlight) finishOldest();
  const TimelineValue value = target_.submit(verifier_.reads(), frame_.waits());
  frame_.submitted(ReplayTarget::kDrawQueue, value);
  frame_.end();
  verifier_.submitted(++frames_);
  ++pending_;
}

void Replayer::finishOldest() {
  verifier_.finished(target_.finishOldest());
  --pending_;
}

void Replayer::stepAndPublish() {
  now_ += frameTime_;
  const auto workedBefore = threadTime();
  const Result<StepReport> step = stepTimer_.measure(times_.step, [&] { return pool_->step({}, now_); });
  times_.stepThread.add(threadTime() - workedBefore);
  if (!step) throw Failure("a step failed: " + describe(step.error()));
  for (const Error& error : step->errors) throw Failure("a step failed: " + describe(error));
  pool_->publish();
  const PoolStats stats = pool_->stats();
  if (stats.reservedBytes > stats.hardLimitBytes) ++counts_.stepsOverBudget;
}

ReplayCounts Replayer::finish(bool interrupted) {
  const PoolStats stats = pool_->stats();
  counts_.frames = frames_;
  counts_.peakLiveBytes = stats.peakLiveBytes;
  counts_.peakReservedBytes = stats.peakReservedBytes;
  counts_.peakChunks = stats.peakChunks;
  counts_.chunksCreated = stats.chunksCreated;
  counts_.chunksReleased = stats.chunksReleased;
  counts_.releasedBytes = stats.releasedBytes;
  counts_.relocations = stats.relocations;
  counts_.relocatedBytes = stats.relocatedBytes;
  counts_.compactions = stats.compactions;
  counts_.uploadedBytes = stats.uploadedBytes;
  counts_.evictions = stats.evictions;
  counts_.evictedBytes = stats.evictedBytes;
  counts_.restores = stats.restores;
  counts_.restoredBytes = stats.restoredBytes;
  counts_.movedBytes += stats.restoredBytes;
  counts_.leastMovedBytes = wanted_.bytesMoved(stats.softLimitBytes);
  const double frames = static_cast<double>(std::max<std::uint64_t>(frames_, 1));
  counts_.meanLiveBytes = liveSum_ / frames;
  counts_.meanReservedBytes = reservedSum_ / frames;
  counts_.meanRetiredBytes = retiredSum_ / frames;
  if (smallObjects_ > 0) {
    counts_.smallObjectBytes = smallLive_ / smallObjects_;
    counts_.smallObjectSpaceBytes = smallSpace_ / smallObjects_;
    counts_.smallObjectHeldBytes = smallHeld_ / smallObjects_;
    counts_.smallObjectMetadataBytes = smallMetadata_ / smallObjects_;
    counts_.meanSmallObjects = smallObjects_ / std::floor(frames / static_cast<double>(kUsageFrames));
  }
  times_.nsPerOp.push_back(meter_.nsPerOp());
  times_.deviceNsPerOp.push_back(meter_.deviceNsPerOp());

  if (!interrupted && evicts_) settleUnderBudget();
  if (!interrupted && !evicts_) settle();
  frame_.end();
  while (pending_ > 0) finishOldest();
  counts_.invalidDraws = verifier_.invalidDraws();
  counts_.firstInvalid = verifier_.firstInvalid();
  counts_.verifiedDraws = verifier_.verifiedDraws();
  counts_.verifiedBytes = verifier_.verifiedBytes();
  return counts_;
}

/// Whether the open frame finds the object as new as it was asked for.
bool Replayer::upToDate(const Object& object) const {
  if (!object.block) return true;
  const PartLookup found = frame_.find(object.block, object.part);
  return found.drawable() && found.version >= object.contents.back().from;
}

/// Not all objects are there at once: some after the others.
void Replayer::settleUnderBudget() {
  constexpr ByteCount kShare = 4;
  const ByteCount most = pool_->stats().softLimitBytes / kShare;
  std::vector<Object*> batch;
  ByteCount bytes = 0;
  for (Object& object : objects_) {
    if (!object.block) continue;
    batch.push_back(&object);
    bytes += pool_->inspect(object.block)->liveBytes;
    if (bytes < most) continue;
    bringBack(batch);
    batch.clear();
    bytes = 0;
  }
  bringBack(batch);
  submitFrame();
}

/// Waits until the objects are there, as new as they were asked for, and verifies them.
void Replayer::bringBack(std::span<Object* const> objects) {
  const auto deadline = Clock::now() + kPatience;
  const auto missing = [&] {
    bool any = false;
    for (const Object* object : objects) {
      frame_.use(object->block);
      if (upToDate(*object)) continue;
      frame_.miss(object->block);
      any = true;
    }
    return any;
  };
  while (missing() && Clock::now() < deadline) {
    submitFrame();
    while (pending_ > 0) finishOldest();
    stepAndPublish();
    frame_ = pool_->beginFrame("replay");
  }
  for (Object* object : objects) settle(*object);
}

/// What the object is in the end.
void Replayer::settle(Object& object) {
  if (!upToDate(object)) {
    verifier_.report({frames_ + 1, nameOf(object), "never arrived", object.contents.back().from});
  } else if (object.block && verify_) {
    object.contents.erase(object.contents.begin(), object.contents.end() - 1);
    object.verified = {};  // in full
    verify(object, frame_.find(object.block, object.part));
  }
}

void Replayer::settle() {
  const auto settled = [&] { return std::ranges::all_of(objects_, [&](const Object& o) { return upToDate(o); }); };
  const auto deadline = Clock::now() + kPatience;
  while (!settled() && Clock::now() < deadline) {
    submitFrame();
    while (pending_ > 0) finishOldest();
    stepAndPublish();
    frame_ = pool_->beginFrame("replay");
  }
  for (Object& object : objects_) settle(object);
  submitFrame();
}

}  // namespace flux::app
