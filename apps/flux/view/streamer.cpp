#include "view/streamer.hpp"

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

constexpr std::array<PartKind, kObjectParts> kPartKinds{PartKind::Vertex, PartKind::Index, PartKind::Uniform};

/// The pool asks for the bytes of version 1 of a part; the tag names the object.
bool fillFromWorld(void* context, const FillRequest& request) {
  const auto& world = *static_cast<const World*>(context);
  world.fillPart(static_cast<ObjectId>(request.tag), request.part, 1, request.offset, request.destination);
  return true;
}

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

std::optional<BlockHandle> Streamer::addBlock(ObjectId id, Lifetime lifetime) {
  std::array<PartDesc, kObjectParts> parts;
  for (std::uint32_t i = 0; i < kObjectParts; ++i) {
    // The pool only hands the context back; the world is not changed through it.
    parts[i] = {kPartKinds[i], world_.partBytes(id, PartId{i}),
                Source::callback(fillFromWorld, const_cast<World*>(&world_), id)};
  }
  const std::string name = world_.nameOf(id);
  BlockDesc desc;
  desc.name = name;
  desc.parts = parts;
  desc.lifetime = lifetime;
  if (id != world_.fallback()) desc.fallback = fixed_.at(world_.fallback());
  desc.userData = id;
  desc.tag = tags_[world_.ownerOf(id)];
  const Result<BlockHandle> block = pool_.add(desc);
  if (block) return *block;
  if (!mayRepeat(block.error())) throw Failure("adding an object failed: " + describe(block.error()));
  return std::nullopt;
}

void Streamer::start() {
  for (std::size_t i = 0; i < tags_.size(); ++i) tags_[i] = pool_.makeTag(World::kOwners[i]).value();
  for (const ObjectId id : world_.fixedObjects()) {
    const std::optional<BlockHandle> block = addBlock(id, Lifetime::LongLived);
    if (!block) throw Failure("the device has no room even for the ground of the world");
    fixed_.emplace(id, *block);
  }
  stepAndPublish();
}

bool Streamer::turn(std::uint64_t frame) {
  const bool newFrame = frame != frame_;
  if (newFrame) editsInFrame_ = 0;
  const bool timeToEdit = editsInFrame_ < kEditsInFrame && Clock::now() - lastEdit_ >= kEditInterval;
  bool busy = newFrame;
  frame_ = frame;
  const Camera camera = flight_.at(frame);
  if (newFrame) moveWindow(camera);
  busy |= addCells();
  if ((newFrame || timeToEdit) && frame < restFrom_) edit(camera, frame);
  busy |= stepAndPublish();
  if (newFrame) sample(frame);
  return busy;
}

void Streamer::moveWindow(const Camera& camera) {
  const CellCoord first = world_.windowOf(camera);
  if (window_ == first) return;
  window_ = first;
  const auto inside = [&](CellCoord cell) {
    return cell.x >= first.x && cell.z >= first.z && cell.x < first.x + World::kWindowCells &&
           cell.z < first.z + World::kWindowCells;
  };
  std::vector<LoadedCell> left;
  std::erase_if(cells_, [&](const auto& entry) {
    if (inside(entry.first)) return false;
    left.push_back(entry.second);
    return true;
  });
  handOver();
  for (const LoadedCell& cell : left) removeCell(cell);

  missing_.clear();
  for (std::int32_t z = 0; z < World::kWindowCells; ++z) {
    for (std::int32_t x = 0; x < World::kWindowCells; ++x) {
      const CellCoord cell{first.x + x, first.z + z};
      const auto found = cells_.find(cell);
      if (found == cells_.end() || found->second.added < found->second.cell->objects.size()) missing_.push_back(cell);
    }
  }
  // What the camera sees comes first, by distance; then the rest of the window.
  const auto urgency = [&](CellCoord cell) {
    const glm::vec2 centre = world_.cellCentre(cell);
    const bool seen = camera.sees(glm::vec3(centre.x, 0, centre.y), 1.5F * world_.cellSize());
    return std::pair(seen ? 0 : 1, glm::distance(centre, camera.ground));
  };
  std::sort(missing_.begin(), missing_.end(), [&](CellCoord a, CellCoord b) { return urgency(a) > urgency(b); });
}

void Streamer::removeCell(const LoadedCell& loaded) {
  edited_.erase(loaded.cell->coord);
  for (std::size_t i = 0; i < loaded.added; ++i) {
    const ObjectId id = loaded.cell->objects[i].id;
    if (world_.isEdited(id)) edits_.forget(id);
    const Result<void> removed = pool_.remove(loaded.cell->blocks[i]);
    if (!removed) throw Failure("removing an object failed: " + describe(removed.error()));
  }
}

bool Streamer::addCells() {
  bool complete = false;
  bool any = false;
  while (!missing_.empty() && waiting_ < kMaxWaiting) {
    const CellCoord coord = missing_.back();
    LoadedCell& loaded = cells_[coord];
    if (loaded.cell == nullptr) {
      loaded.cell = std::make_shared<Cell>();
      loaded.cell->coord = coord;
      loaded.cell->objects = world_.objectsOf(coord);
      loaded.cell->blocks.resize(loaded.cell->objects.size());
    }
    any = true;
    if (!addObjects(loaded)) break;
    missing_.pop_back();
    complete = true;
  }
  if (complete) handOver();
  return any;
}

bool Streamer::addObjects(LoadedCell& loaded) {
  Cell& cell = *loaded.cell;
  for (; loaded.added < cell.objects.size(); ++loaded.added) {
    const WorldObject& object = cell.objects[loaded.added];
    const std::optional<BlockHandle> block = addBlock(object.id, Lifetime::Streaming);
    if (!block) return false;
    cell.blocks[loaded.added] = *block;
    ++waiting_;
    if (world_.isEdited(object.id)) {
      edited_[cell.coord].push_back({object.id, *block, glm::vec2(object.placement.x, object.placement.z), {}});
    }
  }
  return true;
}

void Streamer::handOver() {
  auto list = std::make_shared<CellList>();
  for (const auto& [coord, loaded] : cells_) {
    if (loaded.added == loaded.cell->objects.size()) list->push_back(loaded.cell);
  }
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
  const PartDesc part{PartKind::Uniform, sizeof(ObjectConstants),
                      Source::callback(fillFromWorld, const_cast<World*>(&world_), object.id)};
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
  const Result<StepReport> step = pool_.step({}, before);
  const auto stepped = Clock::now();
  if (!step && !mayRepeat(step.error())) throw Failure("a step of the pool failed: " + describe(step.error()));
  if (step && !step->errors.empty()) throw Failure("a block was lost: " + describe(step->errors.front()));
  if (step) waiting_ = step->waitingBlocks;
  const PublishReport publish = pool_.publish();
  figures_.stepTimes.add(stepped - before);
  if (publish.changes > 0) figures_.publishTimes.add(Clock::now() - stepped);
  return publish.changes > 0 || (step && (step->pieces > 0 || step->completedBlocks > 0));
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
