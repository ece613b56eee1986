#include "view/cell_loader.hpp"

#include "failure.hpp"

#include <chrono>
#include <exception>
#include <utility>

namespace flux::app {
namespace {

/// A waiting thread looks so often whether its loader ends.
constexpr std::chrono::milliseconds kRoomPatience{10};

constexpr std::array<PartKind, kObjectParts> kPartKinds{PartKind::Vertex, PartKind::Index, PartKind::Uniform};

}  // namespace

Source askWorld(const World& world, ObjectId id) {
  const auto fill = [](void* context, const FillRequest& request) {
    static_cast<const World*>(context)->fillPart(static_cast<ObjectId>(request.tag), request.part, 1, request.offset,
                                                 request.destination);
    return true;
  };
  // The pool only hands the context back; the world is not changed through it.
  return Source::callback(fill, const_cast<World*>(&world), id);
}

// ---- One thread's part -------------------------------------------------------------------------------------

bool CellWriter::add(Cell& cell) {
  while (cell.blocks.size() < cell.objects.size()) {
    const std::optional<BlockHandle> block = addObject(cell.objects[cell.blocks.size()].id);
    if (!block) return false;
    cell.blocks.push_back(*block);
  }
  return true;
}

bool CellWriter::fill(ObjectId id) {
  std::array<ByteCount, kObjectParts> bytes{};
  missingBytes_ = 0;
  for (std::uint32_t i = 0; i < kObjectParts; ++i) {
    bytes[i] = world_.partBytes(id, PartId{i});
    parts_[i] = {kPartKinds[i], bytes[i], askWorld(world_, id)};
    missingBytes_ += (bytes[i] + 15) / 16 * 16;
  }
  std::array<StagedBytes, kObjectParts> staged;
  if (const Result<void> taken = producer_.stage(bytes, staged); !taken) {
    return taken.error().code != ErrorCode::StagingFull;  // no page is so large
  }
  for (std::uint32_t i = 0; i < kObjectParts; ++i) {
    world_.fillPart(id, PartId{i}, 1, 0, staged[i].bytes());
    parts_[i].source = Source::staged(std::move(staged[i]));
  }
  return true;
}

std::optional<BlockHandle> CellWriter::addObject(ObjectId id) {
  filled_ = filled_ || fill(id);
  if (!filled_) return std::nullopt;
  const std::string name = world_.nameOf(id);
  BlockDesc desc;
  desc.name = name;
  desc.parts = parts_;
  desc.lifetime = traits_.lifetime;
  desc.fallback = traits_.fallback;
  desc.userData = id;
  desc.tag = traits_.tags[world_.ownerOf(id)];
  const Result<BlockHandle> block = producer_.add(desc);
  if (!block) {
    if (block.error().code != ErrorCode::QueueFull)
      throw Failure("adding an object failed: " + describe(block.error()));
    missingBytes_ = 0;
    return std::nullopt;
  }
  parts_ = {};
  filled_ = false;
  return *block;
}

void CellWriter::waitForRoom() {
  if (missingBytes_ != 0) {
    (void)producer_.waitForStaging(missingBytes_, kRoomPatience);
  } else {
    (void)producer_.waitForRoom(kRoomPatience);
  }
}

// ---- All of them -------------------------------------------------------------------------------------------

CellLoader::CellLoader(const World& world, Pool& pool, const BlockTraits& traits, std::uint32_t threads)
    : world_(world), pool_(pool), traits_(traits) {
  if (threads == 0) here_.emplace(world, pool, traits);
  for (std::uint32_t i = 0; i < threads; ++i) threads_.emplace_back([this] { loop(); });
}

CellLoader::~CellLoader() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  wakeUp_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

void CellLoader::want(std::vector<CellCoord> cells) {
  {
    const std::lock_guard lock(mutex_);
    std::erase_if(cells, [this](CellCoord cell) { return begun_.contains(cell); });
    wanted_ = std::move(cells);
  }
  wakeUp_.notify_all();
}

std::vector<std::shared_ptr<Cell>> CellLoader::takeLoaded() {
  while (here_) {
    if (cellHere_ == nullptr) cellHere_ = begin(false);
    if (cellHere_ == nullptr || !here_->add(*cellHere_)) break;
    loaded(std::move(cellHere_));
  }
  const std::lock_guard lock(mutex_);
  if (!failure_.empty()) throw Failure(failure_);
  for (const std::shared_ptr<Cell>& cell : loaded_) begun_.erase(cell->coord);
  return std::exchange(loaded_, {});
}

void CellLoader::loop() {
  try {
    CellWriter writer(world_, pool_, traits_);
    while (std::shared_ptr<Cell> cell = begin(true)) {
      while (!writer.add(*cell)) {
        if (stop_) return;
        writer.waitForRoom();
      }
      loaded(std::move(cell));
    }
  } catch (const std::exception& failure) {
    const std::lock_guard lock(mutex_);
    failure_ = failure.what();
  }
}

std::shared_ptr<Cell> CellLoader::begin(bool waits) {
  auto cell = std::make_shared<Cell>();
  {
    std::unique_lock lock(mutex_);
    if (waits) wakeUp_.wait(lock, [this] { return stop_ || !wanted_.empty(); });
    if (stop_ || wanted_.empty()) return nullptr;
    cell->coord = wanted_.back();
    wanted_.pop_back();
    begun_.insert(cell->coord);
  }
  cell->objects = world_.objectsOf(cell->coord);
  cell->blocks.reserve(cell->objects.size());
  return cell;
}

void CellLoader::loaded(std::shared_ptr<Cell> cell) {
  const std::lock_guard lock(mutex_);
  loaded_.push_back(std::move(cell));
}

}  // namespace flux::app
