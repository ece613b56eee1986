#include "view/frame_loop.hpp"

#include <algorithm>
#include <chrono>
#include <optional>
#include <utility>

namespace flux::app {

DrawCounts& DrawCounts::operator+=(const DrawCounts& other) noexcept {
  wanted += other.wanted;
  issued += other.issued;
  fallback += other.fallback;
  skipped += other.skipped;
  return *this;
}

FrameLoop::FrameLoop(FrameInputs inputs)
    : in_(std::move(inputs)),
      fallbackIndexCount_(in_.world.indexCountOf(in_.world.fallback())),
      scheduler_({.maxParts = in_.team.size()}),
      commands_(in_.team.size()),
      marked_(in_.team.size()) {}

void FrameLoop::makeFrame(std::uint64_t number) {
  const auto begin = std::chrono::steady_clock::now();
  number_ = number;
  const Camera camera = in_.flight.at(number);
  take(in_.renderer.beginFrame(number, camera.view));
  findWanted(camera);
  for (std::vector<MarkedDraw>& marked : marked_) marked.clear();
  {
    Frame frame = in_.pool.beginFrame("flux view");
    if (in_.indirect) {
      drawByHandle(frame);
    } else {
      const ScheduleReport report = scheduler_.record(frame, items_, in_.team, *this);
      count(number, {items_.size(), report.drawn, report.fallbacks, report.skipped});
      imbalances_.add(static_cast<std::uint64_t>(report.imbalance * kImbalanceUnits));
    }
    in_.renderer.submitFrame(frame);
  }
  if (in_.verifier != nullptr) {
    for (const std::vector<MarkedDraw>& marked : marked_) in_.verifier->expectMarked(number, marked);
  }
  ++frames_;
  times_.add(std::chrono::steady_clock::now() - begin);
}

/// Of draws by handle only the device knows, so they are counted when the frame has finished.
void FrameLoop::count(std::uint64_t frame, const DrawCounts& counts) {
  last_ = counts;
  all_ += counts;
  if (frame >= 60) from60_ += counts;
  if (counts.issued < counts.wanted) lastIncomplete_ = frame;
  if (frame >= 10 && counts.issued + counts.fallback == 0) ++emptyFrom10_;
}

void FrameLoop::findWanted(const Camera& camera) {
  if (std::shared_ptr<const CellList> list = in_.board.get(); list != list_) {
    list_ = std::move(list);
    cells_.clear();
    for (const auto& cell : *list_) cells_.emplace(cell->coord, cell.get());
  }
  wanted_.clear();
  items_.clear();
  const auto add = [&](const WorldObject& object, BlockHandle block) {
    wanted_.push_back(object);
    items_.push_back({block});
  };
  const auto want = [&](const WorldObject& object, BlockHandle block) {
    const float radius = object.placement.w;
    const glm::vec3 centre = glm::vec3(object.placement) + glm::vec3(0, 0.5F * radius, 0);
    if (camera.sees(centre, radius)) add(object, block);
  };
  for (const CellCoord coord : in_.world.cellsInView(camera)) {
    const auto loaded = cells_.find(coord);
    if (loaded != cells_.end()) {
      const Cell& cell = *loaded->second;
      for (std::size_t i = 0; i < cell.objects.size(); ++i) want(cell.objects[i], cell.blocks[i]);
    } else {
      for (const WorldObject& object : in_.world.objectsOf(coord)) want(object, BlockHandle{});
    }
  }
  noteWanted();
  fixedInView_.clear();
  in_.world.appendFixedInView(camera, fixedInView_);
  for (const WorldObject& object : fixedInView_) add(object, in_.streamer.fixedBlock(object.id));
  for (const WorldObject& object : wanted_) wantedSet_.insert(object.id);
}

/// The fixed objects come later: they are always there.
void FrameLoop::noteWanted() {
  if (in_.wanted == nullptr) return;
  for (std::size_t i = 0; i < wanted_.size(); ++i) {
    if (!items_[i].block) continue;
    ByteCount bytes = 0;
    for (std::uint32_t part = 0; part < kObjectParts; ++part) bytes += in_.world.partBytes(wanted_[i].id, PartId{part});
    in_.wanted->want(items_[i].block, bytes);
  }
  in_.wanted->endFrame();
}

void FrameLoop::begin(std::uint32_t part) {
  if (in_.beforeRecord) in_.beforeRecord(part, number_);
}

void FrameLoop::record(const Frame& frame, std::uint32_t part, std::span<const ScheduledDraw> draws) {
  std::vector<DrawCommand>& commands = commands_[part];
  commands.clear();
  for (const ScheduledDraw& draw : draws) {
    const WorldObject& wanted = wanted_[draw.item];
    const bool itself = draw.status == FindStatus::Resident;
    frame.use(draw.block);
    const PartLookup vertices = frame.find(draw.block, kVertexPart);
    DrawCommand& command = commands.emplace_back();
    command.object = itself ? wanted.id : in_.world.fallback();
    command.version = vertices.version;
    command.parts = {vertices.place, frame.find(draw.block, kIndexPart).place,
                     frame.find(draw.block, kConstantsPart).place};
    if (itself && in_.world.isEdited(wanted.id)) {
      const std::optional<Place> mark = findMark(frame, draw.block, wanted.id, part);
      if (mark) command.parts[static_cast<std::size_t>(kConstantsPart)] = *mark;
    }
    command.indexCount = itself ? wanted.indexCount : fallbackIndexCount_;
    command.placement = wanted.placement;
  }
  in_.renderer.record(part, commands);
}

std::optional<Place> FrameLoop::findMark(const Frame& frame, BlockHandle block, ObjectId object, std::uint32_t part) {
  const std::optional<EditLog::Marks> marks = in_.edits.marksOf(object);
  if (!marks) return std::nullopt;
  for (const PartId mark : *marks) {
    const PartLookup found = frame.find(block, mark);
    if (!found.drawable()) continue;  // not published yet, or removed
    if (found.status == FindStatus::Fallback) return std::nullopt;
    marked_[part].push_back({object, mark});
    return found.place;
  }
  return std::nullopt;
}

/// Handles and where they stand: nothing is looked up here but marks, which lie beyond the parts that a mirror has;
/// and, when verifying, what the device should find.
void FrameLoop::drawByHandle(const Frame& frame) {
  handleDraws_.clear();
  expectedDraws_.clear();
  HandleCounts expected;
  for (std::uint32_t i = 0; i < wanted_.size(); ++i) {
    const WorldObject& wanted = wanted_[i];
    std::optional<Place> mark;
    if (in_.world.isEdited(wanted.id)) mark = findMark(frame, items_[i].block, wanted.id, 0);
    const Place constants = mark.value_or(Place{});
    frame.use(items_[i].block);
    handleDraws_.push_back({items_[i].block, constants.address, wanted.placement});
    if (in_.verifier == nullptr) continue;
    const std::optional<ExpectedDraw> draw = expectedOf(frame, i, constants);
    if (!draw) {
      ++expected.skipped;
    } else {
      expectedDraws_.push_back(*draw);
      ++(draw->object == wanted.id ? expected.issued : expected.fallbacks);
    }
  }
  if (in_.verifier != nullptr) expectedCounts_[number_] = expected;
  in_.renderer.drawByHandle(frame, handleDraws_, expectedDraws_);
}

/// Nothing, if it should not be drawn.
std::optional<ExpectedDraw> FrameLoop::expectedOf(const Frame& frame, std::uint32_t draw, const Place& constants) {
  const BlockHandle block = items_[draw].block;
  const PartLookup vertices = frame.find(block, kVertexPart);
  if (!vertices.drawable()) return std::nullopt;
  const bool itself = vertices.status == FindStatus::Resident;
  const ByteCount own = frame.find(block, kConstantsPart).place.bytes;
  return ExpectedDraw{
      draw,
      itself ? wanted_[draw].id : in_.world.fallback(),
      vertices.version,
      {vertices.place.bytes, frame.find(block, kIndexPart).place.bytes, constants.bytes != 0 ? constants.bytes : own}};
}

void FrameLoop::take(const std::vector<FinishedFrame>& finished) {
  for (const FinishedFrame& frame : finished) {
    if (in_.spectator != nullptr) in_.spectator->frameFinished(frame);
    if (const std::optional<HandleCounts>& found = frame.byHandle) {
      count(frame.frame, {std::uint64_t{found->issued} + found->fallbacks + found->skipped, found->issued,
                          found->fallbacks, found->skipped});
    }
    if (in_.verifier == nullptr) continue;
    in_.verifier->check(frame);
    const auto expected = expectedCounts_.find(frame.frame);
    if (expected == expectedCounts_.end()) continue;
    if (frame.byHandle != expected->second) in_.verifier->reportCounts(frame.frame);
    expectedCounts_.erase(expected);
  }
}

void FrameLoop::finish() {
  take(in_.renderer.finish());
}

}  // namespace flux::app
