#include "pool/simulation.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <utility>

namespace flux::test {
namespace {

constexpr std::uint64_t kNever = 1'000'000'000;
constexpr std::uint32_t kMostPinned = 6;

}  // namespace

SimulationDesc randomSimulation(std::uint32_t seed) {
  std::mt19937 random(seed);
  const auto below = [&](std::uint32_t bound) { return static_cast<std::uint32_t>(random() % bound); };
  const auto chance = [&](std::uint32_t outOf) { return below(outOf) == 0; };
  SimulationDesc desc;
  desc.seed = seed;
  desc.pool = chance(3) ? smallPool() : restlessPool();
  desc.pool.defrag.settledSteps = below(3);
  desc.pool.spareChunks = below(2);
  desc.pool.emptyChunkSteps = chance(2) ? 0 : 5;
  desc.pool.recordMirrors = chance(4) ? 4 : 0;
  desc.pool.hardLimitBytes = 6 * kMiB;
  if (!chance(3)) {
    desc.pool.evicts = true;
    desc.pool.hardLimitBytes = (3 + below(4)) * (kMiB / 2);
    desc.pool.storeLimitBytes = 4 * kMiB;
    desc.pool.shadowLimitBytes = kMiB;
    desc.pool.readbackLimitBytes = 2 * desc.pool.stagingPageBytes;
  }
  desc.budgets = chance(2);
  desc.faults = chance(2);
  desc.stalls = chance(2);
  desc.overwrites = chance(3);
  if (chance(3)) desc.maxAllocations = 24;
  return desc;
}

std::string describe(const SimulationDesc& desc) {
  std::string text = "seed " + std::to_string(desc.seed);
  const auto add = [&](bool is, const char* what) { text += is ? what : ""; };
  add(desc.pool.defrag.stepsBetween == 0, ", restless");
  add(desc.pool.evicts, ", evicts");
  add(desc.pool.recordMirrors != 0, ", mirrors");
  add(desc.budgets, ", budgets");
  add(desc.faults, ", faults");
  add(desc.stalls, ", stalls");
  add(desc.overwrites, ", overwrites");
  add(desc.maxAllocations != SimulationDesc{}.maxAllocations, ", few allocations");
  return text;
}

Simulation::Simulation(const SimulationDesc& desc)
    : desc_(desc),
      random_(desc.seed),
      host_(HostDevice::create({.completion = HostDeviceDesc::Completion::Delayed,
                                .minDelayPolls = 1,
                                .maxDelayPolls = 6,
                                .seed = desc.seed,
                                .maxAllocations = desc.maxAllocations,
                                .directWriteBytes = directBytesOf(desc.seed)})),
      checked_(makeCheckedDevice(*host_)),
      budget_(*checked_),
      faulty_(FaultyDevice::create(budget_)),
      pool_(std::move(Pool::create(*faulty_, desc.pool).value())),
      producer_(pool_->makeProducer()) {
  for (const char* name : {"terrain", "objects"}) EXPECT_TRUE(pool_->makeTag(name));
  limitBefore_ = pool_->stats().hardLimitBytes;
}

const std::vector<Simulation::Operation> Simulation::kOperations{
    {16, &Simulation::add},      {10, &Simulation::addParts},    {10, &Simulation::addShared},
    {14, &Simulation::update},   {3, &Simulation::overwrite},    {8, &Simulation::removeParts},
    {3, &Simulation::remove},    {2, &Simulation::owners},       {4, &Simulation::pin},
    {1, &Simulation::request},   {1, &Simulation::demote},       {1, &Simulation::goal},
    {2, &Simulation::readBack},  {20, &Simulation::step},        {10, &Simulation::beginFrame},
    {10, &Simulation::endFrame}, {1, &Simulation::setBudget},    {2, &Simulation::failCalls},
    {1, &Simulation::stall},     {1, &Simulation::submitBeside},
};

void Simulation::run(int operations) {
  std::uint32_t all = 0;
  for (const Operation& operation : kOperations) all += operation.weight;
  for (int i = 0; i < operations && !testing::Test::HasFailure(); ++i) {
    const Operation* operation = kOperations.data();
    for (std::uint32_t choice = below(all); choice >= operation->weight; ++operation) choice -= operation->weight;
    (this->*operation->run)();
    if (stalled_ == 1) faulty_->delayCompletion(false);
    stalled_ = std::max(stalled_ - 1, 0);
    collect();
    forgetGone();
    checkModel();
    if (look_) look_(*pool_, i);
  }
  if (!testing::Test::HasFailure()) calm();
  if (!testing::Test::HasFailure()) expectAllRight();
  if (!testing::Test::HasFailure()) expectNothingLeft();
}

// ---- What is asked of the pool -----------------------------------------------------------------------------

/// New parts, the models in `newParts_`.
std::vector<PartDesc> Simulation::newParts(std::uint32_t count, ContentVersion version) {
  newParts_.clear();
  std::vector<PartDesc> parts;
  for (std::uint32_t i = 0; i < count; ++i) {
    ModelPart& part = newParts_.emplace_back();
    part.key = nextKey_++;
    part.added = version;
    part.change(version, pattern(part.key, 0, 0, size()));
    part.history->overwritten = desc_.overwrites && chance(6);
  }
  for (ModelPart& part : newParts_) {
    PartDesc& desc = parts.emplace_back(PartDesc{kind(), part.bytes.size(), sourceOf(part, 0, part.bytes)});
    desc.kept = part.kept = desc_.pool.evicts && !desc.source.isLasting() && chance(8);
  }
  return parts;
}

/// The bytes of a part at a version: as they are or, of a pool that evicts, from a function that may be asked again.
Source Simulation::sourceOf(const ModelPart& part, ContentVersion version, std::span<const std::byte> bytes) {
  if (!desc_.pool.evicts || !chance(3)) return Source::bytes(bytes);
  return Source::callback(fill, this, std::uint64_t{part.key} << 32U | version).lasting();
}

bool Simulation::fill(void* /*simulation*/, const FillRequest& request) {
  const auto key = static_cast<std::uint32_t>(request.tag >> 32U);
  const auto version = static_cast<ContentVersion>(request.tag);
  const auto bytes = pattern(key, 0, version, request.offset + request.destination.size());
  std::copy(bytes.begin() + static_cast<std::ptrdiff_t>(request.offset), bytes.end(), request.destination.begin());
  return true;
}

void Simulation::add() {
  const std::vector<PartDesc> parts = newParts(1 + below(6), 1);
  BlockDesc desc = blockDesc("block", parts);
  desc.lifetime = chance(4) ? Lifetime::LongLived : Lifetime::Streaming;
  desc.tag = Tag{static_cast<std::uint8_t>(below(3))};
  desc.movable = !chance(10);
  const Result<BlockHandle> handle = call([&] { return pool_->add(desc); });
  if (!handle) return;
  ModelBlock& model = blocks_.emplace_back();
  model.handle = *handle;
  model.tag = desc.tag;
  model.longLived = desc.lifetime == Lifetime::LongLived;
  for (std::uint32_t i = 0; i < newParts_.size(); ++i) model.parts[PartId{i}] = newParts_[i];
}

/// A live block; null if the choice met none.
ModelBlock* Simulation::anyBlock() {
  for (int i = 0; i < 4 && !blocks_.empty(); ++i) {
    ModelBlock& model = blocks_[below(static_cast<std::uint32_t>(blocks_.size()))];
    if (model.live) return &model;
  }
  return nullptr;
}

void Simulation::addParts() {
  ModelBlock* const model = anyBlock();
  if (model == nullptr || model->shared || model->parts.size() > 20) return;
  const std::vector<PartDesc> parts = newParts(1 + below(3), model->version + 1);
  std::vector<PartId> ids(parts.size());
  if (chance(2)) {
    const AddedParts added = producer_.addParts(model->handle, parts).value();
    instructed_ = true;
    step();
    ASSERT_TRUE(added.done());
    ids.assign(added.ids().begin(), added.ids().end());  // none, if it was refused
  } else if (const auto version = call([&] { return pool_->addParts(model->handle, parts, ids); }); !version) {
    ids.clear();
  }
  if (!ids.empty()) {
    ASSERT_EQ(ids.size(), parts.size());
    ++model->version;
  }
  ASSERT_EQ(pool_->requestedVersion(model->handle), model->version);
  for (std::size_t i = 0; i < ids.size(); ++i) {
    ASSERT_FALSE(model->parts.contains(ids[i]) || model->removed.contains(ids[i])) << "no id is used twice";
    model->parts[ids[i]] = newParts_[i];
  }
}

void Simulation::addShared() {
  for (std::uint32_t count = 1 + below(8); count > 0; --count) {
    // Of which version of which block it is shows when it is there.
    ModelPart part;
    part.key = nextKey_++;
    std::vector<std::byte> bytes = pattern(part.key, 0, 0, chance(8) ? 1 + below(4000) : 1 + below(40));
    SharedPartDesc desc;
    desc.affinity = below(3);
    desc.lifetime = chance(4) ? Lifetime::LongLived : Lifetime::Streaming;
    desc.tag = Tag{static_cast<std::uint8_t>(below(3))};
    desc.part = {kind(), bytes.size(), Source::bytes(bytes)};
    const Result<SharedPart> added = call([&] { return pool_->addShared(desc); });
    if (!added) return;
    const auto same = std::ranges::find(blocks_, added->block, &ModelBlock::handle);
    const bool known = same != blocks_.end();
    ModelBlock& model = known ? *same : blocks_.emplace_back();
    if (!known) {
      model.handle = added->block;
      model.shared = true;
      model.version = 0;
      model.tag = desc.tag;
      model.longLived = desc.lifetime == Lifetime::LongLived;
    }
    ASSERT_TRUE(model.live && model.shared);
    ASSERT_EQ(model.tag, desc.tag) << "a block is one owner's";
    part.added = ++model.version;
    part.change(part.added, std::move(bytes));
    ASSERT_FALSE(model.parts.contains(added->part) || model.removed.contains(added->part)) << "no id is used twice";
    model.parts[added->part] = std::move(part);
  }
}

/// Some parts, each as a whole or a few ranges of it.
void Simulation::update() {
  ModelBlock* const model = anyBlock();
  if (model == nullptr) return;
  const ContentVersion next = model->version + 1;
  std::map<PartId, std::vector<std::byte>> contents;
  std::vector<PartUpdate> updates;
  for (auto& [id, part] : model->parts) {
    if (!chance(model->shared ? 8 : 2) || part.history->overwritten) continue;
    std::vector<std::byte> fresh = pattern(part.key, 0, next, part.bytes.size());
    if (!chance(3)) {
      const std::span<const std::byte> bytes = contents[id] = std::move(fresh);
      updates.push_back({id, part.kept ? Source::bytes(bytes) : sourceOf(part, next, bytes)});
      continue;
    }
    std::vector<std::byte>& bytes = contents[id] = part.bytes;
    const auto words = static_cast<std::uint32_t>((bytes.size() + 3) / 4);
    for (std::uint32_t at = below(words), ranges = 0; at < words && ranges < 3; ++ranges) {
      const std::size_t begin = std::size_t{at} * 4;
      const std::uint32_t endWord = at + 1 + below(words - at);
      const std::size_t end = std::min(std::size_t{endWord} * 4, bytes.size());
      std::copy(fresh.begin() + static_cast<std::ptrdiff_t>(begin), fresh.begin() + static_cast<std::ptrdiff_t>(end),
                bytes.begin() + static_cast<std::ptrdiff_t>(begin));
      updates.push_back({id, Source::bytes(std::span(bytes).subspan(begin, end - begin)), begin, end - begin});
      at = endWord + below(8);
    }
  }
  if (updates.empty()) return;
  const Result<ContentVersion> version = call([&] { return pool_->update(model->handle, updates); });
  if (version) ++model->version;
  ASSERT_EQ(pool_->requestedVersion(model->handle), model->version);
  if (!version) return;
  ASSERT_EQ(*version, model->version);
  ASSERT_EQ(model->pins, 0U);
  for (auto& [id, bytes] : contents) model->parts.at(id).change(*version, std::move(bytes));
}

void Simulation::overwrite() {
  ModelBlock* const model = anyBlock();
  if (model == nullptr) return;
  for (auto& [id, part] : model->parts) {
    if (!part.history->overwritten) continue;
    const auto count = static_cast<std::uint32_t>(part.history->hashes.size());
    std::vector<std::byte> bytes = pattern(part.key, 1, count, part.bytes.size());
    const PartUpdate update{id, Source::bytes(bytes)};
    if (call([&] { return pool_->updateInPlace(model->handle, {&update, 1}); })) part.change(0, std::move(bytes));
    return;
  }
}

void Simulation::removeParts() {
  ModelBlock* const model = anyBlock();
  if (model == nullptr) return;
  std::vector<PartId> ids;
  for (const auto& [id, part] : model->parts) {
    if (chance(3)) ids.push_back(id);
  }
  if (ids.empty()) return;
  if (chance(2)) {
    ASSERT_TRUE(producer_.removeParts(model->handle, ids));
    instructed_ = true;
    step();
    if (model->pins != 0) return;
  } else if (!call([&] { return pool_->removeParts(model->handle, ids); })) {
    ASSERT_NE(model->pins, 0U);
    return;
  }
  const SnapshotNumber published = pool_->stats().published;
  for (const PartId id : ids) model->removePart(id, published);
  if (model->parts.empty()) die(*model);
  EXPECT_EQ(pool_->requestedVersion(model->handle) != 0, model->live) << "the last part takes the block along";
}

void Simulation::die(ModelBlock& model) {
  model.remove(pool_->stats().published);
}

void Simulation::remove() {
  ModelBlock* const model = anyBlock();
  if (model == nullptr) return;
  if (call([&] { return pool_->remove(model->handle); })) {
    die(*model);
  } else {
    ASSERT_NE(model->pins, 0U);
  }
}

void Simulation::owners() {
  ModelBlock* const model = anyBlock();
  if (model == nullptr) return;
  if (chance(2)) {
    ASSERT_TRUE(pool_->retain(model->handle));
    ++model->owners;
  } else if (model->owners != 0) {
    ASSERT_TRUE(pool_->release(model->handle));
    if (--model->owners == 0 && model->pins == 0) die(*model);
  }
}

/// Or the other way round.
void Simulation::pin() {
  const auto pinned = std::ranges::count_if(blocks_, [](const ModelBlock& model) { return model.pins != 0; });
  if (chance(2) && pinned < kMostPinned) {
    ModelBlock* const model = anyBlock();
    if (model == nullptr) return;
    ASSERT_TRUE(pool_->pin(model->handle));
    ++model->pins;
    return;
  }
  const auto found = std::ranges::find_if(blocks_, [](const ModelBlock& model) { return model.pins != 0; });
  if (found == blocks_.end()) return;
  ASSERT_TRUE(pool_->unpin(found->handle));
  if (--found->pins != 0) return;
  found->pinnedAt.reset();
  if (found->owners == 0) die(*found);
}

void Simulation::request() {
  const ModelBlock* const model = anyBlock();
  if (model == nullptr) return;
  ASSERT_TRUE(pool_->request(model->handle, static_cast<Priority>(1 + below(3))));
}

void Simulation::demote() {
  const ModelBlock* const model = anyBlock();
  if (model == nullptr) return;
  ASSERT_TRUE(pool_->demote(model->handle));
}

void Simulation::goal() {
  DefragGoal goal{.lifetime = chance(2) ? Lifetime::LongLived : Lifetime::Streaming};
  if (chance(2)) {
    goal.freeChunks = below(3);
  } else {
    goal.holeBytes = 1000 * (1 + below(200));
  }
  ASSERT_TRUE(pool_->defragment(goal));
}

void Simulation::readBack() {
  if (!readings_.empty() && chance(4))
    readings_.erase(readings_.begin() + below(static_cast<std::uint32_t>(readings_.size())));
  const ModelBlock* const model = anyBlock();
  if (model == nullptr || readings_.size() >= 4) return;
  auto part = model->parts.begin();
  std::advance(part, below(static_cast<std::uint32_t>(model->parts.size())));
  Result<Readback> reading = pool_->readBack({.block = model->handle, .part = part->first});
  if (reading) {
    readings_.push_back({std::move(*reading), part->second.bytes.size(), part->second.history});
  } else {
    ASSERT_EQ(reading.error().code, ErrorCode::NotResident) << flux::describe(reading.error());
  }
}

void Simulation::step() {
  StepQuota quota;
  if (chance(4)) quota = {.uploadBytes = 20'000, .moveBytes = 10'000, .movePieces = 5, .evictBytes = 50'000};
  quota.quiet = chance(8);
  now_ += std::chrono::milliseconds(16);
  const Result<StepReport> report = pool_->step(quota, now_);
  if (!report) {
    ASSERT_TRUE(allowed(report.error())) << flux::describe(report.error());
    ++failures_;
  }
  waitingBlocks_ = report ? report->waitingBlocks : 1;
  for (const Error& error : pool_->errors()) {
    const bool overLimit = error.resourceName() == "what is held on the device";
    toldOverLimit_ = toldOverLimit_ || overLimit;
    const bool ofGoal = error.resourceName() == "DefragGoal" && error.code == ErrorCode::OutOfBudget;
    ASSERT_TRUE((overLimit && desc_.budgets) || ofGoal || (instructed_ && allowed(error))) << flux::describe(error);
  }
  instructed_ = false;
  if (!chance(3)) {
    const PublishReport published = pool_->publish();
    ASSERT_TRUE(!published.error || allowed(*published.error)) << flux::describe(*published.error);
  }
  checkInvariants();
  checkPins();
}

void Simulation::beginFrame() {
  if (frames_.size() < 4) frames_.push_back(pool_->beginFrame());
}

/// Draws what the frame's snapshot has, and ends it; now and then it submits nothing.
void Simulation::endFrame() {
  if (frames_.empty()) return;
  const std::uint32_t which = below(static_cast<std::uint32_t>(frames_.size()));
  Frame frame = std::move(frames_[which]);
  frames_.erase(frames_.begin() + which);
  if (!frame || chance(5)) return;
  auto submitted = std::make_unique<Submitted>();
  std::vector<HostRead> reads;
  const std::uint32_t looksAt = below(4);  // a camera, if not everything fits
  for (const ModelBlock& model : blocks_) {
    if (desc_.pool.evicts && model.handle.index / 8 % 4 != looksAt) continue;
    frame.use(model.handle);
    look(frame, model, *submitted, reads);
    if (testing::Test::HasFailure()) return;
  }
  if (desc_.pool.recordMirrors != 0 && frame.snapshot() != 0) {
    ASSERT_EQ(frame.records().bytes, frame.view().recordCount * sizeof(DeviceRecord));
    reads.push_back({frame.records().chunk, frame.records().offset, frame.records().bytes, nullptr});
    submitted->expected.push_back({nullptr, hashOfExpectedRecords(frame)});
  }
  submitted->hashes.resize(reads.size());
  for (std::size_t i = 0; i < reads.size(); ++i) reads[i].hash = &submitted->hashes[i];
  submitted->value = host_->submitReads(kDrawQueue, reads, frame.waits());
  frame.submitted(kDrawQueue, submitted->value);
  gpu_.push_back(std::move(submitted));
}

/// What the frame draws of a block.
void Simulation::look(const Frame& frame, const ModelBlock& model, Submitted& submitted, std::vector<HostRead>& reads) {
  const BlockLookup block = frame.find(model.handle);
  if (block.status == FindStatus::Absent) frame.miss(model.handle, Priority::Normal);
  if (!block.drawable()) return;
  const auto lookAt = [&](PartId id, const ModelPart& part, bool removed) {
    const PartLookup found = frame.find(model.handle, id);
    if (!found.drawable()) {
      ASSERT_TRUE(part.added > found.version || removed) << "shown from its version on";
      return;
    }
    ASSERT_GE(found.version, part.added);
    ASSERT_EQ(found.place.bytes, part.bytes.size());
    reads.push_back({found.place.chunk, found.place.offset, found.place.bytes, nullptr});
    submitted.expected.push_back({part.history, found.version});
  };
  for (const auto& [id, part] : model.parts) lookAt(id, part, false);
  for (const auto& [id, removed] : model.removed) lookAt(id, removed.part, true);
}

// ---- What happens to it ------------------------------------------------------------------------------------

void Simulation::setBudget() {
  if (!desc_.budgets) return;
  const ByteCount most = desc_.pool.hardLimitBytes;
  const ByteCount some = most / 4 + below(static_cast<std::uint32_t>(most / 4 * 3));
  const std::array choices{most, most / 2, pool_->stats().reservedBytes / 2, some, ByteCount{0}};
  Budget budget{.hardBytes = choices[below(choices.size())]};
  budget_.bytes = most / 4 + below(static_cast<std::uint32_t>(most / 4 * 3));
  if (chance(4)) budget.softBytes = most / 8 * (1 + below(8));
  const PoolStats before = pool_->stats();
  const Result<void> set = call([&] { return pool_->setBudget(budget); });
  if (set) {
    toldOverLimit_ = false;
  } else {
    ASSERT_EQ(pool_->stats().hardLimitBytes, before.hardLimitBytes);
    ASSERT_EQ(pool_->stats().softLimitBytes, before.softLimitBytes);
  }
}

void Simulation::failCalls() {
  if (!desc_.faults) return;
  faulty_->failCall(1 + below(30), chance(2) ? ErrorCode::OutOfDeviceMemory : ErrorCode::DriverError, 1 + below(3));
}

void Simulation::stall() {
  if (!desc_.stalls || stalled_ != 0) return;
  stalled_ = 1 + static_cast<int>(below(80));
  faulty_->delayCompletion(true);
}

/// Work of the application that has nothing to do with the pool, but takes values of its queues.
void Simulation::submitBeside() {
  if (chance(2)) {
    ASSERT_TRUE(host_->submit({}, {}));
  } else {
    (void)host_->submitReads(kDrawQueue, {}, {});
  }
}

// ---- What is held to ---------------------------------------------------------------------------------------

bool Simulation::isFault(const Error& error) {
  return error.code == ErrorCode::OutOfDeviceMemory || error.code == ErrorCode::DriverError;
}

bool Simulation::allowed(const Error& error) const {
  switch (error.code) {
    case ErrorCode::StagingFull:
    case ErrorCode::Pinned:
      return true;
    case ErrorCode::OutOfBudget:
      return desc_.pool.hardLimitBytes != 0;
    case ErrorCode::TooManyChunks:
      return desc_.maxAllocations != SimulationDesc{}.maxAllocations;
    default:
      return desc_.faults && isFault(error);
  }
}

/// A call that fails leaves everything as it was.
template <class Call>
std::invoke_result_t<Call> Simulation::call(const Call& make) {
  const PoolStats before = pool_->stats();
  auto result = make();
  if (!result) {
    const PoolStats after = pool_->stats();
    EXPECT_TRUE(allowed(result.error())) << flux::describe(result.error());
    EXPECT_EQ(after.blocks, before.blocks);
    EXPECT_EQ(after.liveBytes, before.liveBytes);
    EXPECT_EQ(after.storeBytes, before.storeBytes);
    EXPECT_EQ(after.shadowBytes, before.shadowBytes);
    if (isFault(result.error())) ++failures_;
  }
  checkInvariants();
  return result;
}

void Simulation::checkInvariants() {
  const PoolStats stats = pool_->stats();
  ASSERT_LE(stats.reservedBytes, std::max({stats.hardLimitBytes, limitBefore_, reservedBefore_}))
      << "over a limit that has fallen it only falls";
  reservedBefore_ = stats.reservedBytes;
  limitBefore_ = stats.hardLimitBytes;
  ASSERT_LE(stats.storeBytes, desc_.pool.storeLimitBytes);
  ASSERT_LE(stats.shadowBytes, desc_.pool.shadowLimitBytes);
  ASSERT_LE(stats.stagingBytes, desc_.pool.stagingLimitBytes + desc_.pool.readbackLimitBytes);
  ASSERT_LE(stats.recordMirrors, desc_.pool.recordMirrors);

  struct Look : PoolVisitor {
    std::map<ChunkIndex, ChunkView> chunks;
    std::vector<RangeView> ranges;
    void chunk(const ChunkView& view) override { chunks[view.index] = view; }
    void block(const BlockView& view) override {
      if (view.place) ranges.push_back(*view.place);
      if (view.move && !view.move->inGaps) ranges.push_back(view.move->to);
    }
    void retired(const RetiredView& view) override {
      if (!view.block) ranges.push_back(view.range);
    }
    void mirror(const MirrorView& view) override { ranges.push_back(view.place); }
  } look;
  pool_->inspect(look);
  std::ranges::sort(look.ranges, {}, [](const RangeView& range) { return std::pair{range.chunk, range.offset}; });
  std::map<ChunkIndex, std::uint32_t> counts;
  const RangeView* before = nullptr;
  for (const RangeView& range : look.ranges) {
    ASSERT_TRUE(look.chunks.contains(range.chunk));
    ASSERT_LE(range.offset + range.bytes, look.chunks[range.chunk].bytes);
    const bool behind =
        before == nullptr || before->chunk != range.chunk || before->offset + before->bytes <= range.offset;
    ASSERT_TRUE(behind) << "two ranges at once";
    before = &range;
    ++counts[range.chunk];
  }
  ByteCount reserved = 0;
  for (const auto& [index, chunk] : look.chunks) {
    ASSERT_EQ(chunk.ranges, counts[index]) << "every range is somebody's";
    reserved += chunk.bytes;
  }
  ASSERT_EQ(reserved, stats.reservedBytes);
}

void Simulation::checkModel() const {
  std::uint32_t blocks = 0;
  ByteCount liveBytes = 0;
  for (const ModelBlock& model : blocks_) {
    blocks += model.live ? 1 : 0;
    for (const auto& [id, part] : model.parts) liveBytes += part.bytes.size();
  }
  const PoolStats stats = pool_->stats();
  ASSERT_EQ(stats.blocks, blocks);
  ASSERT_EQ(stats.liveBytes, liveBytes);
}

/// A pinned block stays where it is, once all that was asked for before has arrived.
void Simulation::checkPins() {
  for (ModelBlock& model : blocks_) {
    if (model.pins == 0) continue;
    const std::optional<BlockView> view = pool_->inspect(model.handle);
    ASSERT_TRUE(view);
    const bool isFinal = view->place && !view->edits && (!view->move || view->move->inGaps);
    if (model.pinnedAt) {
      ASSERT_EQ(view->place, model.pinnedAt);
    } else if (isFinal) {
      model.pinnedAt = view->place;
    }
  }
}

/// What no frame can draw any more.
void Simulation::forgetGone() {
  SnapshotNumber oldest = pool_->stats().published;
  for (const Frame& frame : frames_) oldest = std::min(oldest, frame.snapshot());
  std::erase_if(blocks_, [&](ModelBlock& model) {
    std::erase_if(model.removed, [&](const auto& entry) { return entry.second.last < oldest; });
    return !model.live && model.removed.empty();
  });
}

void Simulation::collect() {
  while (!gpu_.empty() && host_->completed(kDrawQueue) >= gpu_.front()->value) {
    const Submitted& done = *gpu_.front();
    for (std::size_t i = 0; i < done.hashes.size(); ++i) {
      const auto& [history, version] = done.expected[i];
      const bool right = history != nullptr ? history->has(done.hashes[i], static_cast<ContentVersion>(version))
                                            : done.hashes[i] == version;
      ASSERT_TRUE(right) << "a draw read something else than its snapshot has";
    }
    verified_ += done.hashes.size();
    gpu_.pop_front();
  }
  std::erase_if(readings_, [&](Reading& reading) {
    if (!reading.bytes.ready()) return false;
    std::vector<std::byte> bytes(reading.size);
    const Result<ContentVersion> version = reading.bytes.take(bytes);
    if (version) {
      EXPECT_TRUE(reading.history->has(hashBytes(bytes), *version)) << "something else was read back";
    } else {
      const ErrorCode code = version.error().code;
      EXPECT_TRUE(code == ErrorCode::StaleHandle || code == ErrorCode::NotResident) << flux::describe(version.error());
    }
    return true;
  });
}

// ---- The end of a run --------------------------------------------------------------------------------------

/// Or something holds what is over it.
void Simulation::expectLimitIsReached() const {
  const PoolStats stats = pool_->stats();
  if (stats.reservedBytes <= stats.hardLimitBytes) return;
  EXPECT_GT(pool_->heldMemory().chunkBytes, stats.hardLimitBytes) << "of " << stats.reservedBytes;
}

/// Nothing more goes wrong, and everything arrives.
void Simulation::calm() {
  faulty_->failCall(kNever, ErrorCode::DriverError);
  faulty_->delayCompletion(false);
  stalled_ = 0;
  while (!frames_.empty()) endFrame();
  const auto steps = [&](int count) {
    for (int i = 0; i < count && !testing::Test::HasFailure(); ++i) {
      step();
      collect();
    }
  };
  if (desc_.budgets) {
    steps(120);
    expectLimitIsReached();
  }
  for (ModelBlock& model : blocks_) {
    for (; model.pins != 0; --model.pins) ASSERT_TRUE(pool_->unpin(model.handle));
    model.pinnedAt.reset();
    if (model.live && model.owners == 0) die(model);
    if (!model.live) continue;
    ASSERT_TRUE(pool_->demote(model.handle));  // so that each can take the place of others
  }
  steps(desc_.budgets ? 300 : 50);
  if (desc_.budgets) {
    expectLimitIsReached();
    const PoolStats stats = pool_->stats();
    EXPECT_TRUE(stats.reservedBytes <= stats.hardLimitBytes || toldOverLimit_) << "or a step says why not";
    budget_.bytes = kGiB;
    ASSERT_TRUE(pool_->setBudget({.hardBytes = desc_.pool.hardLimitBytes}));
  }
  steps(200);
  // Updates that find no room wait for it; where nothing else leaves, something has to be removed.
  for (ModelBlock& model : blocks_) {
    if (waitingBlocks_ == 0 || desc_.pool.evicts) break;
    if (!model.live) continue;
    ASSERT_TRUE(pool_->remove(model.handle));
    die(model);
    steps(20);
  }
  steps(20);  // what has found room arrives
}

/// Asks for the block until it is there with its newest contents.
void Simulation::bringBack(const ModelBlock& model) {
  for (int i = 0; i < 200 && !testing::Test::HasFailure(); ++i) {
    const BlockLookup found = pool_->beginFrame().find(model.handle);
    if (found.status == FindStatus::Resident && found.version == model.version) return;
    ASSERT_TRUE(pool_->request(model.handle, Priority::High));
    step();
  }
}

void Simulation::expectAllRight() {
  EXPECT_TRUE(gpu_.empty());
  const std::vector<ModelBlock> all = blocks_;
  for (const ModelBlock& model : all) {
    if (!model.live) continue;
    if (desc_.pool.evicts) bringBack(model);
    const Frame frame = pool_->beginFrame();
    const BlockLookup found = frame.find(model.handle);
    ASSERT_EQ(found.status, FindStatus::Resident);
    ASSERT_EQ(found.version, model.version);
    for (const auto& [id, part] : model.parts) {
      const PartLookup place = frame.find(model.handle, id);
      ASSERT_EQ(place.status, FindStatus::Resident);
      ASSERT_EQ(hashBytes(host_->bytes(place.place.chunk).subspan(place.place.offset, place.place.bytes)),
                part.history->hashes.back().second);
      if (!part.kept) continue;
      const Result<Source> shadow = pool_->shadow(model.handle, id);
      ASSERT_TRUE(shadow);
      ASSERT_TRUE(std::ranges::equal(shadow->data(), part.bytes));
    }
  }
  checkOwners();
}

/// What each owner has is what the model says, and all of them together have everything.
void Simulation::checkOwners() const {
  const DetailedStats stats = pool_->detailedStats();
  std::array<TagStats, 3> expected;
  for (const ModelBlock& model : blocks_) {
    TagStats& owner = expected[static_cast<std::size_t>(model.tag)];
    owner.blocks += model.live ? 1 : 0;
    for (const auto& [id, part] : model.parts) owner.liveBytes += part.bytes.size();
  }
  ASSERT_EQ(stats.tags.size(), expected.size());
  TagStats all;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    EXPECT_EQ(stats.tags[i].blocks, expected[i].blocks);
    EXPECT_EQ(stats.tags[i].liveBytes, expected[i].liveBytes);
    all.liveBytes += stats.tags[i].liveBytes;
    all.uploadedBytes += stats.tags[i].uploadedBytes;
    all.copiedBytes += stats.tags[i].copiedBytes;
    all.relocatedBytes += stats.tags[i].relocatedBytes;
    all.evictions += stats.tags[i].evictions;
    all.evictedBytes += stats.tags[i].evictedBytes;
  }
  EXPECT_EQ(all.liveBytes, stats.totals.liveBytes);
  EXPECT_EQ(all.uploadedBytes, stats.totals.uploadedBytes);
  EXPECT_EQ(all.copiedBytes, stats.totals.copiedBytes);
  EXPECT_EQ(all.relocatedBytes, stats.totals.relocatedBytes);
  EXPECT_EQ(all.evictions, stats.totals.evictions);
  EXPECT_EQ(all.evictedBytes, stats.totals.evictedBytes);
}

/// The pool has what a new one has.
void Simulation::expectNothingLeft() {
  readings_.clear();
  for (ModelBlock& model : blocks_) {
    if (!model.live) continue;
    ASSERT_TRUE(pool_->remove(model.handle));
    die(model);
  }
  for (int i = 0; i < 40 && !testing::Test::HasFailure(); ++i) step();
  forgetGone();
  ASSERT_TRUE(blocks_.empty());
  const DetailedStats stats = pool_->detailedStats();
  EXPECT_EQ(stats.totals.blocks, 0U);
  EXPECT_EQ(stats.totals.liveBytes, 0U);
  EXPECT_EQ(stats.totals.retiredBytes, 0U);
  EXPECT_EQ(stats.totals.storeBytes, 0U);
  EXPECT_EQ(stats.totals.shadowBytes, 0U);
  EXPECT_EQ(stats.totals.waitingInstructions, 0U);
  EXPECT_EQ(stats.shared.blocks, 0U);
  EXPECT_EQ(stats.shared.metadataBytes, 0U);
  EXPECT_EQ(host_->earlyReclaims(), 0U);
  if (desc_.pool.recordMirrors == 0 && !desc_.overwrites) {
    EXPECT_EQ(host_->overwrites(), 0U);
  }
  EXPECT_GT(verified_, 0U);
}

}  // namespace flux::test
