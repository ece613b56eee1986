#include "view/streamer.hpp"

#include "thread_time.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace flux::app {
namespace {

using Clock = std::chrono::steady_clock;

/// Objects so near to the middle of the view are edited.
constexpr float kEditCells = 5.0F;
/// The world goes on while a frame takes long: it is edited now and then even if no new frame begins, a few times.
constexpr std::chrono::milliseconds kEditInterval{6};
constexpr std::uint32_t kEditsInFrame = 8;
/// Parts that mark an object stay so long: longer than their bytes are on their way.
constexpr std::uint64_t kMarkFrames = 4;
/// Means count from here on: by then the world has been loaded.
constexpr std::uint64_t kSettledFrame = 60;

}  // namespace

bool Streamer::mayRepeat(const Error& error) {
  switch (error.code) {
    case ErrorCode::StagingFull:
    case ErrorCode::OutOfBudget:
    case ErrorCode::OutOfDeviceMemory:
    case ErrorCode::TooManyChunks:
      ++figures_.refusedCalls;
      return true;
    default:
      return false;
  }
}

void Streamer::start() {
  BlockTraits traits;
  for (std::size_t i = 0; i < traits.tags.size(); ++i) traits.tags[i] = pool_.makeTag(World::kOwners[i]).value();
  traits.lifetime = Lifetime::LongLived;
  Cell cell;
  for (const ObjectId id : world_.fixedObjects()) cell.objects.push_back({id, world_.indexCountOf(id)});
  CellWriter writer(world_, pool_, traits);
  while (!writer.add(cell)) stepAndPublish();
  for (std::size_t i = 0; i < cell.objects.size(); ++i) fixed_.emplace(cell.objects[i].id, cell.blocks[i]);
  stepAndPublish();
  if (!refused_.empty()) throw Failure("the device has no room even for the ground of the world");
  traits.lifetime = Lifetime::Streaming;
  traits.fallback = fixed_.at(world_.fallback());
  loader_.emplace(world_, pool_, traits, loaders_);
}

bool Streamer::turn(std::uint64_t frame) {
  const bool newFrame = frame != frame_;
  if (newFrame) editsInFrame_ = 0;
  const bool timeToEdit = editsInFrame_ < kEditsInFrame && Clock::now() - lastEdit_ >= kEditInterval;
  bool busy = newFrame;
  frame_ = frame;
  const Camera camera = flight_.at(frame);
  if (newFrame) moveWindow(camera);
  std::vector<std::shared_ptr<Cell>> loaded = loader_->takeLoaded();
  busy |= !loaded.empty();
  if ((newFrame || timeToEdit) && frame < restFrom_) edit(camera, frame);
  busy |= stepAndPublish();
  takeIn(std::move(loaded), camera);
  if (newFrame) sample(frame);
  return busy;
}

void Streamer::moveWindow(const Camera& camera) {
  const CellCoord first = world_.windowOf(camera);
  if (window_ == first) return;
  window_ = first;
  std::vector<std::shared_ptr<const Cell>> left;
  std::erase_if(cells_, [&](const auto& entry) {
    if (inWindow(entry.first)) return false;
    left.push_back(entry.second);
    return true;
  });
  handOver();
  for (const std::shared_ptr<const Cell>& cell : left) removeBlocks(*cell);
  wantMissing(camera);
}

bool Streamer::inWindow(CellCoord cell) const {
  return cell.x >= window_->x && cell.z >= window_->z && cell.x < window_->x + World::kWindowCells &&
         cell.z < window_->z + World::kWindowCells;
}

void Streamer::wantMissing(const Camera& camera) {
  std::vector<CellCoord> missing;
  for (std::int32_t z = 0; z < World::kWindowCells; ++z) {
    for (std::int32_t x = 0; x < World::kWindowCells; ++x) {
      const CellCoord cell{window_->x + x, window_->z + z};
      if (!cells_.contains(cell)) missing.push_back(cell);
    }
  }
  // What the camera sees comes first, by distance; then the rest of the window.
  const auto urgency = [&](CellCoord cell) {
    const glm::vec2 centre = world_.cellCentre(cell);
    const bool seen = camera.sees(glm::vec3(centre.x, 0, centre.y), 1.5F * world_.cellSize());
    return std::pair(seen ? 0 : 1, glm::distance(centre, camera.ground));
  };
  std::sort(missing.begin(), missing.end(), [&](CellCoord a, CellCoord b) { return urgency(a) > urgency(b); });
  loader_->want(std::move(missing));
}

void Streamer::removeBlocks(const Cell& cell) {
  edited_.erase(cell.coord);
  for (std::size_t i = 0; i < cell.objects.size(); ++i) {
    if (world_.isEdited(cell.objects[i].id)) edits_.forget(cell.objects[i].id);
    if (std::erase(refused_, cell.blocks[i]) != 0) continue;
    const Result<void> removed = pool_.remove(cell.blocks[i]);
    if (!removed) throw Failure("removing an object failed: " + describe(removed.error()));
  }
}

/// Cells whose blocks the last step has made. Those that are not wanted any more go again, and so do those that it had
/// no memory for; they are wanted once more.
void Streamer::takeIn(std::vector<std::shared_ptr<Cell>> cells, const Camera& camera) {
  if (cells.empty()) return;
  bool incomplete = false;
  for (std::shared_ptr<Cell>& cell : cells) {
    const bool complete = std::ranges::none_of(
        refused_, [&](BlockHandle block) { return std::ranges::find(cell->blocks, block) != cell->blocks.end(); });
    if (!complete || !inWindow(cell->coord)) {
      incomplete |= !complete;
      removeBlocks(*cell);
      continue;
    }
    for (std::size_t i = 0; i < cell->objects.size(); ++i) {
      const WorldObject& object = cell->objects[i];
      if (!world_.isEdited(object.id)) continue;
      edited_[cell->coord].push_back(
          {object.id, cell->blocks[i], glm::vec2(object.placement.x, object.placement.z), {}});
    }
    cells_.emplace(cell->coord, std::move(cell));
  }
  handOver();
  if (incomplete) wantMissing(camera);
}

void Streamer::handOver() {
  auto list = std::make_shared<CellList>();
  for (const auto& [coord, cell] : cells_) list->push_back(cell);
  board_.set(std::move(list));
}

void Streamer::edit(const Camera& camera, std::uint64_t frame) {
  lastEdit_ = Clock::now();
  ++editsInFrame_;
  const float reach = kEditCells * world_.cellSize();
  const glm::vec2 middle = camera.ground + camera.forward * reach;
  for (auto& [coord, objects] : edited_) {
    for (EditedObject& object : objects) {
      if (glm::distance(object.ground, middle) <= reach && !editObject(object, frame)) return;
    }
  }
}

bool Streamer::editObject(EditedObject& object, std::uint64_t frame) {
  const ContentVersion version = pool_.requestedVersion(object.block) + 1;
  if (World::addsMark(object.id, version)) return addMark(object, version, frame);
  removeOldMarks(object, frame);
  return updateObject(object, version, frame);
}

bool Streamer::addMark(EditedObject& object, ContentVersion version, std::uint64_t frame) {
  // What it holds depends on its id, which the pool gives now; the bytes are asked for in the next step.
  const PartDesc part{PartKind::Uniform, sizeof(ObjectConstants), askWorld(world_, object.id)};
  PartId id{};
  if (!noteEdit(object, version, frame, pool_.addParts(object.block, {&part, 1}, {&id, 1}))) return false;
  object.marks.push_back({id, frame});
  edits_.marked(object.id, id);
  return true;
}

void Streamer::removeOldMarks(EditedObject& object, std::uint64_t frame) {
  while (!object.marks.empty() && object.marks.front().frame + kMarkFrames <= frame) {
    const Result<void> removed = pool_.removeParts(object.block, {&object.marks.front().part, 1});
    if (!removed) throw Failure("removing a part of an object failed: " + describe(removed.error()));
    object.marks.erase(object.marks.begin());
  }
}

bool Streamer::updateObject(const EditedObject& object, ContentVersion version, std::uint64_t frame) {
  const ByteCount constantBytes = world_.partBytes(object.id, kConstantsPart);
  const ByteCount vertexBytes = World::changesVertices(version) ? world_.partBytes(object.id, kVertexPart) : 0;
  scratch_.resize(constantBytes + vertexBytes);
  const std::span<std::byte> constants = std::span(scratch_).first(constantBytes);
  const std::span<std::byte> vertices = std::span(scratch_).subspan(constantBytes);
  world_.fillPart(object.id, kConstantsPart, version, 0, constants);
  world_.fillPart(object.id, kVertexPart, version, 0, vertices);
  const std::array<PartUpdate, 2> updates{PartUpdate{kConstantsPart, Source::bytes(constants)},
                                          PartUpdate{kVertexPart, Source::bytes(vertices)}};
  return noteEdit(object, version, frame,
                  pool_.update(object.block, std::span(updates).first(vertices.empty() ? 1 : 2)));
}

bool Streamer::noteEdit(const EditedObject& object, ContentVersion version, std::uint64_t frame,
                        const Result<ContentVersion>& accepted) {
  if (!accepted) {
    if (!mayRepeat(accepted.error())) throw Failure("editing an object failed: " + describe(accepted.error()));
    return false;
  }
  if (*accepted != version)
    throw Failure("an edit gave version " + std::to_string(*accepted) + " instead of " + std::to_string(version));
  edits_.accepted(object.id, version, frame);
  return true;
}

bool Streamer::stepAndPublish() {
  const auto before = Clock::now();
  const auto workedBefore = threadTime();
  const Result<StepReport> step = pool_.step({}, before);
  figures_.stepThreadTimes.add(threadTime() - workedBefore);
  const auto stepped = Clock::now();
  if (!step && !mayRepeat(step.error())) throw Failure("a step of the pool failed: " + describe(step.error()));
  if (step) {
    noteErrors(step->errors);
    if (spectator_ != nullptr) spectator_->poolStepped(pool_, *step, stepped - before);
  }
  const PoolStats stats = pool_.stats();
  if (stats.reservedBytes > stats.hardLimitBytes) ++figures_.stepsOverBudget;
  const auto publishing = Clock::now();
  const PublishReport publish = pool_.publish();
  figures_.stepTimes.add(stepped - before);
  if (publish.changes > 0) figures_.publishTimes.add(Clock::now() - publishing);
  return publish.changes > 0 || (step && (step->pieces > 0 || step->completedBlocks > 0));
}

/// Blocks that loaders have asked for are refused by the step.
void Streamer::noteErrors(std::span<const Error> errors) {
  for (const Error& error : errors) {
    if (!mayRepeat(error)) throw Failure("a block was lost: " + describe(error));
    refused_.push_back(error.handle);
  }
}

void Streamer::sample(std::uint64_t frame) {
  const PoolStats stats = pool_.stats();
  const auto reserved = static_cast<double>(stats.reservedBytes);
  const auto live = static_cast<double>(stats.liveBytes);
  ++sampledAll_;
  reservedAll_ += reserved;
  liveAll_ += live;
  if (frame < kSettledFrame) return;
  ++sampledLate_;
  reservedLate_ += reserved;
  liveLate_ += live;
}

StreamerFigures Streamer::figures() const {
  StreamerFigures figures = figures_;
  if (sampledLate_ > 0) {
    figures.meanReservedBytes = reservedLate_ / static_cast<double>(sampledLate_);
    figures.meanLiveBytes = liveLate_ / static_cast<double>(sampledLate_);
  } else if (sampledAll_ > 0) {
    figures.meanReservedBytes = reservedAll_ / static_cast<double>(sampledAll_);
    figures.meanLiveBytes = liveAll_ / static_cast<double>(sampledAll_);
  }
  return figures;
}

}  // namespace flux::app
