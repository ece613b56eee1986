#include "view/frame_loop.hpp"

#include <algorithm>
#include <chrono>
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
      commands_(in_.team.size()),
      counts_(in_.team.size()) {}

void FrameLoop::makeFrame(std::uint64_t number) {
  const auto begin = std::chrono::steady_clock::now();
  const Camera camera = in_.flight.at(number);
  take(in_.renderer.beginFrame(number, camera.view));
  findWanted(camera);
  {
    Frame frame = in_.pool.beginFrame("flux view");
    in_.team.run([&](std::uint32_t worker) {
      if (in_.beforeRecord) in_.beforeRecord(worker, number);
      record(worker, frame);
    });
    in_.renderer.submitFrame(frame);
  }
  last_ = {};
  for (const DrawCounts& counts : counts_) last_ += counts;
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
  const auto want = [&](const WorldObject& object, BlockHandle block) {
    const float radius = object.placement.w;
    const glm::vec3 centre = glm::vec3(object.placement) + glm::vec3(0, 0.5F * radius, 0);
    if (camera.sees(centre, radius)) wanted_.push_back({object, block});
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
  for (const WorldObject& object : fixedInView_) wanted_.push_back({object, in_.streamer.fixedBlock(object.id)});
  for (const Wanted& wanted : wanted_) wantedSet_.insert(wanted.object.id);
}

void FrameLoop::record(std::uint32_t worker, const Frame& frame) {
  const std::size_t begin = wanted_.size() * worker / commands_.size();
  const std::size_t end = wanted_.size() * (worker + 1) / commands_.size();
  std::vector<DrawCommand>& commands = commands_[worker];
  commands.clear();
  DrawCounts counts;
  counts.wanted = end - begin;
  for (std::size_t i = begin; i < end; ++i) {
    const Wanted& wanted = wanted_[i];
    const PartLookup vertices = frame.find(wanted.block, kVertexPart);
    if (!vertices.drawable()) {
      ++counts.skipped;
      continue;
    }
    const bool itself = vertices.status == FindStatus::Resident;
    ++(itself ? counts.issued : counts.fallback);
    DrawCommand& command = commands.emplace_back();
    command.object = itself ? wanted.object.id : in_.world.fallback();
    command.version = vertices.version;
    command.parts = {vertices.place, frame.find(wanted.block, kIndexPart).place,
                     frame.find(wanted.block, kConstantsPart).place};
    command.indexCount = itself ? wanted.object.indexCount : fallbackIndexCount_;
    command.placement = wanted.object.placement;
  }
  counts_[worker] = counts;
  in_.renderer.record(worker, commands);
}

void FrameLoop::take(const std::vector<FinishedFrame>& finished) {
  if (in_.verifier == nullptr) return;
  for (const FinishedFrame& frame : finished) in_.verifier->check(frame);
}

void FrameLoop::finish() {
  take(in_.renderer.finish());
}

}  // namespace flux::app
