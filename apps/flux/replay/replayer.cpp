#include "replay/replayer.hpp"

#include "failure.hpp"

#include <algorithm>

namespace flux::app {
namespace {

using Clock = std::chrono::steady_clock;

constexpr PartId kPart{0};
constexpr std::chrono::seconds kPatience{60};
constexpr std::size_t kNamedFailures = 8;

std::unique_ptr<Pool> makePool(Device& device, PoolDesc desc) {
  // Steps are told the recording's time, which has nothing to do with the time for which frames are really open.
  desc.lateFrameAge = std::chrono::hours{24 * 365};
  Result<std::unique_ptr<Pool>> pool = Pool::create(device, desc);
  if (!pool) throw Failure("making the pool failed: " + describe(pool.error()));
  return std::move(*pool);
}

}  // namespace

Replayer::Replayer(ReplayTarget& target, Device& device, const ReplayerDesc& desc, ReplayTimes& times)
    : target_(target),
      device_(device),
      pool_(makePool(device_, desc.pool)),
      frame_(pool_->beginFrame("replay")),
      verify_(desc.verify),
      frameTime_(desc.frameTime),
      now_(Clock::now()),
      times_(times),
      meter_(device_) {}

Replayer::~Replayer() = default;

std::string Replayer::nameOf(const Object& object) {
  return std::string(toString(object.part)) + " " + std::to_string(object.id);
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
      object.part = event.part;
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

// The tag names slot and version. The block is the pool's to name: so contents differ whenever blocks do.
bool Replayer::fillContents(void* context, const FillRequest& request) {
  auto& replayer = *static_cast<Replayer*>(context);
  replayer.objects_[request.tag >> 32U].asked = true;
  fillPattern({request.block, request.part, static_cast<ContentVersion>(request.tag)}, request.offset,
              request.destination);
  return true;
}

void Replayer::add(std::uint32_t slot, ByteCount bytes) {
  Object& object = objects_[slot];
  const PartDesc part{object.part, bytes, Source::callback(fillContents, this, std::uint64_t{slot} << 32U | 1U)};
  const std::string name = nameOf(object);
  const Result<BlockHandle> block = meter_.measure(times_.alloc, [&] {
    return pool_->add({.name = name, .parts = {&part, 1}});
  });
  object.asked = false;
  object.drawn = 0;
  object.verified = {};
  object.block = block.value_or(BlockHandle{});
  if (block) return;
  ++counts_.failures;
  if (counts_.firstFailures.size() < kNamedFailures) counts_.firstFailures.push_back(describe(block.error()));
}

void Replayer::remove(Object& object) {
  if (!object.block) return;
  const Result<void> removed = meter_.measure(times_.free, [&] { return pool_->remove(object.block); });
  if (!removed) throw Failure("removing " + nameOf(object) + " failed: " + describe(removed.error()));
  object.block = {};
}

void Replayer::update(std::uint32_t slot) {
  Object& object = objects_[slot];
  if (!object.asked) {
    ++counts_.updatesBeforeUpload;
    return;
  }
  const ContentVersion version = pool_->requestedVersion(object.block) + 1;
  const PartUpdate part{kPart, Source::callback(fillContents, this, std::uint64_t{slot} << 32U | version)};
  const Result<ContentVersion> updated = pool_->update(object.block, {&part, 1});
  if (!updated) throw Failure("updating " + nameOf(object) + " failed: " + describe(updated.error()));
}

void Replayer::draw(Object& object) {
  const PartLookup found = frame_.find(object.block, kPart);
  if (!found.drawable()) {
    ++counts_.misses;
    frame_.miss(object.block);
    // What was there stays there (G1).
    if (object.drawn != 0) verifier_.report({frames_ + 1, nameOf(object), "not there any more", object.drawn});
    return;
  }
  frame_.use(object.block);
  if (found.version < object.drawn) verifier_.report({frames_ + 1, nameOf(object), "version", found.version});
  object.drawn = found.version;
  if (verify_) {
    verifier_.draw(object.verified, nameOf(object), {object.block, kPart, found.version}, found.place);
  }
}

void Replayer::endFrame() {
  submitFrame();
  stepAndPublish();
  frame_ = pool_->beginFrame("replay");
  const PoolStats stats = pool_->stats();
  liveSum_ += static_cast<double>(stats.liveBytes);
  reservedSum_ += static_cast<double>(stats.reservedBytes);
  retiredSum_ += static_cast<double>(stats.retiredBytes);
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
  const Result<StepReport> step = stepTimer_.measure(times_.step, [&] { return pool_->step({}, now_); });
  if (!step) throw Failure("a step failed: " + describe(step.error()));
  for (const Error& error : step->errors) throw Failure("a step failed: " + describe(error));
  pool_->publish();
}

ReplayCounts Replayer::finish(bool interrupted) {
  const PoolStats stats = pool_->stats();
  counts_.frames = frames_;
  counts_.peakLiveBytes = stats.peakLiveBytes;
  counts_.peakReservedBytes = stats.peakReservedBytes;
  counts_.peakChunks = stats.peakChunks;
  counts_.chunksCreated = stats.chunksCreated;
  counts_.chunksReleased = stats.chunksReleased;
  counts_.uploadedBytes = stats.uploadedBytes;
  const double frames = static_cast<double>(std::max<std::uint64_t>(frames_, 1));
  counts_.meanLiveBytes = liveSum_ / frames;
  counts_.meanReservedBytes = reservedSum_ / frames;
  counts_.meanRetiredBytes = retiredSum_ / frames;
  times_.nsPerOp.push_back(meter_.nsPerOp());
  times_.deviceNsPerOp.push_back(meter_.deviceNsPerOp());

  if (!interrupted) settle();
  frame_.end();
  while (pending_ > 0) finishOldest();
  counts_.invalidDraws = verifier_.invalidDraws();
  counts_.firstInvalid = verifier_.firstInvalid();
  counts_.verifiedDraws = verifier_.verifiedDraws();
  counts_.verifiedBytes = verifier_.verifiedBytes();
  return counts_;
}

/// Whether the open frame finds everything, as new as it was asked for.
bool Replayer::settled() {
  return std::ranges::all_of(objects_, [&](const Object& object) {
    if (!object.block) return true;
    const PartLookup found = frame_.find(object.block, kPart);
    return found.drawable() && found.version == pool_->requestedVersion(object.block);
  });
}

void Replayer::settle() {
  const auto deadline = Clock::now() + kPatience;
  while (!settled() && Clock::now() < deadline) {
    submitFrame();
    while (pending_ > 0) finishOldest();
    stepAndPublish();
    frame_ = pool_->beginFrame("replay");
  }
  for (Object& object : objects_) {
    if (!object.block) continue;
    const PartLookup found = frame_.find(object.block, kPart);
    if (!found.drawable() || found.version != pool_->requestedVersion(object.block)) {
      verifier_.report({frames_ + 1, nameOf(object), "never arrived", pool_->requestedVersion(object.block)});
    } else if (verify_) {
      object.verified = {};  // in full
      verifier_.draw(object.verified, nameOf(object), {object.block, kPart, found.version}, found.place);
    }
  }
  submitFrame();
}

}  // namespace flux::app
