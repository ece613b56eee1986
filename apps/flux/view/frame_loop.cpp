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
    const ScheduleReport report = scheduler_.record(frame, items_, in_.team, *this);
    last_ = {items_.size(), report.drawn, report.fallbacks, report.skipped};
    imbalances_.add(static_cast<std::uint64_t>(report.imbalance * kImbalanceUnits));
    in_.renderer.submitFrame(frame);
  }
  if (in_.verifier != nullptr) {
    for (const std::vector<MarkedDraw>& marked : marked_) in_.verifier->expectMarked(number, marked);
  }
  all_ += last_;
  if (number >= 60) from60_ += last_;
  if (number >= 10 && last_.issued + last_.fallback == 0) ++emptyFrom10_;
  ++frames_;
  times_.add(std::chrono::steady_clock::now() - begin);
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
  fixedInView_.clear();
  in_.world.appendFixedInView(camera, fixedInView_);
  for (const WorldObject& object : fixedInView_) add(object, in_.streamer.fixedBlock(object.id));
  for (const WorldObject& object : wanted_) wantedSet_.insert(object.id);
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
    const PartLookup vertices = frame.find(draw.block, kVertexPart);
    DrawCommand& command = commands.emplace_back();
    command.object = itself ? wanted.id : in_.world.fallback();
    command.version = vertices.version;
    command.parts = {vertices.place, frame.find(draw.block, kIndexPart).place,
                     frame.find(draw.block, kConstantsPart).place};
    if (itself && in_.world.isEdited(wanted.id)) drawMark(frame, draw.block, part, command);
    command.indexCount = itself ? wanted.indexCount : fallbackIndexCount_;
    command.placement = wanted.placement;
  }
  in_.renderer.record(part, commands);
}

void FrameLoop::drawMark(const Frame& frame, BlockHandle block, std::uint32_t part, DrawCommand& command) {
  const std::optional<EditLog::Marks> marks = in_.edits.marksOf(command.object);
  if (!marks) return;
  for (const PartId mark : *marks) {
    const PartLookup found = frame.find(block, mark);
    if (!found.drawable()) continue;  // not published yet, or removed
    command.parts[static_cast<std::size_t>(kConstantsPart)] = found.place;
    marked_[part].push_back({command.object, mark});
    return;
  }
}

void FrameLoop::take(const std::vector<FinishedFrame>& finished) {
  if (in_.verifier == nullptr) return;
  for (const FinishedFrame& frame : finished) in_.verifier->check(frame);
}

void FrameLoop::finish() {
  take(in_.renderer.finish());
}

}  // namespace flux::app
