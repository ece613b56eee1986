#include "view/world.hpp"

#include "models/shapes.hpp"
#include "random.hpp"

#include <algorithm>
#include <cmath>

namespace flux::app {
namespace {

constexpr float kSpacing = 1.25F;
constexpr float kViewDistanceCells = 8.5F;
/// The window's centre lies ahead of the camera, so that most of it can come into view.
constexpr float kWindowAheadCells = 3.5F;

// ObjectId: cell x (10 bits) | cell z (10 bits) | place in the cell (12 bits). The last row of cells is not
// part of the world; its ids name the fixed objects.
constexpr std::int32_t kCellBias = 512;
constexpr std::uint32_t kPlaceBits = 12;
constexpr ObjectId kFixedBase = 0xFFF00000;
constexpr std::uint32_t kGroundRow = 8;
constexpr std::uint32_t kMarkerRow = 8;
constexpr ObjectId kFallback = kFixedBase;
constexpr ObjectId kFirstGround = kFallback + 1;
constexpr ObjectId kFirstMarker = kFirstGround + kGroundRow * kGroundRow;
constexpr ObjectId kFixedEnd = kFirstMarker + kMarkerRow * kMarkerRow;
constexpr std::int32_t kGroundTileCells = 2;
constexpr std::int32_t kMarkerCells = 4;
constexpr std::uint32_t kGroundQuads = 16;
constexpr float kMarkerHeight = 4.0F;
/// Fixed objects are seen from farther away, so that the ground does not end where the objects do.
constexpr float kFixedReach = 1.4F;

constexpr double kMeanObjectBytes = 12.0 * 1024;

ObjectId objectId(CellCoord cell, std::uint32_t place) {
  const auto x = static_cast<std::uint32_t>(cell.x + kCellBias);
  const auto z = static_cast<std::uint32_t>(cell.z + kCellBias);
  return x << 22U | z << kPlaceBits | place;
}

std::uint32_t modulo(std::int32_t value, std::uint32_t divisor) {
  const auto signedDivisor = static_cast<std::int32_t>(divisor);
  return static_cast<std::uint32_t>((value % signedDivisor + signedDivisor) % signedDivisor);
}

double bytesOf(const Mesh& model) {
  return static_cast<double>(model.bytes() + sizeof(ObjectConstants));
}

struct Weights {
  std::vector<float> cumulative;
  double meanBytes = 0;
};

/// Small models are chosen more often: in proportion to 1 / (1 + bytes / scale).
Weights weigh(const std::vector<Mesh>& models, double scale) {
  double sum = 0;
  double bytes = 0;
  std::vector<double> running;
  for (const Mesh& model : models) {
    const double weight = 1 / (1 + bytesOf(model) / scale);
    sum += weight;
    bytes += weight * bytesOf(model);
    running.push_back(sum);
  }
  Weights weights{{}, bytes / sum};
  for (const double value : running) weights.cumulative.push_back(static_cast<float>(value / sum));
  return weights;
}

/// The scale for which an object has kMeanObjectBytes on average, as nearly as the models allow.
Weights chooseWeights(const std::vector<Mesh>& models) {
  double low = 64;
  double high = 64.0 * 1024 * 1024;
  for (int i = 0; i < 40; ++i) {
    const double middle = std::sqrt(low * high);
    (weigh(models, middle).meanBytes < kMeanObjectBytes ? low : high) = middle;
  }
  return weigh(models, low);
}

}  // namespace

World::World(std::vector<Mesh> models, std::uint32_t objects, std::uint64_t seed)
    : models_(std::move(models)),
      cube_(makeCube()),
      marker_(makeMarker()),
      ground_(makeGroundTile(kGroundQuads)),
      seed_(seed) {
  Weights weights = chooseWeights(models_);
  cumulativeWeights_ = std::move(weights.cumulative);
  const double most = std::max(1.0, static_cast<double>(kMaxWindowBytes) / weights.meanBytes);
  objects_ = static_cast<std::uint32_t>(std::min(static_cast<double>(objects), most));
  constexpr std::uint32_t kCells = kWindowCells * kWindowCells;
  const std::uint32_t mostInCell = (objects_ + kCells - 1) / kCells;
  while (cellRow_ * cellRow_ < mostInCell) ++cellRow_;
  cellSize_ = static_cast<float>(cellRow_) * kSpacing;
  // 2 %, but some dozens in a small world too.
  editedShare_ = std::min(1.0F, std::max(0.02F, 96.0F / static_cast<float>(objects_)));
}

float World::viewDistance() const noexcept {
  return kViewDistanceCells * cellSize_;
}

CellCoord World::cellAt(glm::vec2 ground) const noexcept {
  return {static_cast<std::int32_t>(std::floor(ground.x / cellSize_)),
          static_cast<std::int32_t>(std::floor(ground.y / cellSize_))};
}

glm::vec2 World::cellCentre(CellCoord cell) const noexcept {
  return glm::vec2(static_cast<float>(cell.x) + 0.5F, static_cast<float>(cell.z) + 0.5F) * cellSize_;
}

CellCoord World::windowOf(const Camera& camera) const noexcept {
  const float half = 0.5F * static_cast<float>(kWindowCells) - 0.5F;
  return cellAt(camera.ground + camera.forward * (kWindowAheadCells * cellSize_) - half * cellSize_);
}

std::uint32_t World::objectsInCell(CellCoord cell) const noexcept {
  // Every window holds each residue once; so it holds the same number of objects wherever it lies.
  constexpr std::uint32_t kCells = kWindowCells * kWindowCells;
  const std::uint32_t residue = modulo(cell.x, kWindowCells) * kWindowCells + modulo(cell.z, kWindowCells);
  const std::uint32_t spread = residue * 167 % kCells;
  return objects_ / kCells + (spread < objects_ % kCells ? 1 : 0);
}

std::vector<WorldObject> World::objectsOf(CellCoord cell) const {
  const std::uint32_t count = objectsInCell(cell);
  std::vector<WorldObject> objects;
  objects.reserve(count);
  for (std::uint32_t place = 0; place < count; ++place) {
    const ObjectId id = objectId(cell, place);
    const std::uint64_t dice = random(id, 0);
    const float jitterX = 0.3F * (unit(mix(dice)) - 0.5F);
    const float jitterZ = 0.3F * (unit(mix(dice + 1)) - 0.5F);
    const std::uint32_t column = place % cellRow_;
    const std::uint32_t row = place / cellRow_;
    const float x = static_cast<float>(cell.x) * cellSize_ + (static_cast<float>(column) + 0.5F + jitterX) * kSpacing;
    const float z = static_cast<float>(cell.z) * cellSize_ + (static_cast<float>(row) + 0.5F + jitterZ) * kSpacing;
    objects.push_back({id, indexCountOf(id), glm::vec4(x, 0, z, 0.6F + 0.5F * unit(mix(dice + 2)))});
  }
  return objects;
}

std::vector<CellCoord> World::cellsInView(const Camera& camera) const {
  std::vector<CellCoord> cells;
  const glm::vec2 reach(camera.viewDistance);
  const CellCoord first = cellAt(camera.ground - reach);
  const CellCoord last = cellAt(camera.ground + reach);
  const float cellRadius = 0.75F * cellSize_;
  Camera wider = camera;
  wider.viewDistance += cellRadius;
  for (std::int32_t z = first.z; z <= last.z; ++z) {
    for (std::int32_t x = first.x; x <= last.x; ++x) {
      const glm::vec2 centre = cellCentre({x, z});
      if (wider.sees(glm::vec3(centre.x, 0, centre.y), cellRadius + 2)) cells.push_back({x, z});
    }
  }
  return cells;
}

ObjectId World::fallback() const noexcept {
  return kFallback;
}

std::vector<ObjectId> World::fixedObjects() const {
  std::vector<ObjectId> ids;
  for (ObjectId id = kFixedBase; id < kFixedEnd; ++id) ids.push_back(id);
  return ids;
}

void World::appendFixedInView(const Camera& camera, std::vector<WorldObject>& wanted) const {
  // A fixed object belongs to a place of a small lattice that repeats over the whole plane.
  const auto append = [&](ObjectId base, std::uint32_t row, std::int32_t cells, float scale, float radius) {
    const float pitch = static_cast<float>(cells) * cellSize_;
    Camera wider = camera;
    wider.viewDistance *= kFixedReach;
    const glm::vec2 reach(wider.viewDistance + pitch);
    const glm::ivec2 first(glm::floor((camera.ground - reach) / pitch));
    const glm::ivec2 last(glm::ceil((camera.ground + reach) / pitch));
    for (std::int32_t z = first.y; z <= last.y; ++z) {
      for (std::int32_t x = first.x; x <= last.x; ++x) {
        const glm::vec3 position(static_cast<float>(x) * pitch, 0, static_cast<float>(z) * pitch);
        if (!wider.sees(position, radius)) continue;
        const ObjectId id = base + modulo(z, row) * row + modulo(x, row);
        wanted.push_back({id, indexCountOf(id), glm::vec4(position, scale)});
      }
    }
  };
  const float tile = static_cast<float>(kGroundTileCells) * cellSize_;
  append(kFirstGround, kGroundRow, kGroundTileCells, tile, 0.75F * tile);
  append(kFirstMarker, kMarkerRow, kMarkerCells, kMarkerHeight, kMarkerHeight);
}

bool World::isEdited(ObjectId id) const noexcept {
  return id < kFixedBase && unit(random(id, 1)) < editedShare_;
}

std::uint64_t World::random(ObjectId id, std::uint32_t purpose) const noexcept {
  return mix(mix(seed_) ^ (std::uint64_t{purpose} << 32U | id));
}

const Mesh& World::meshOf(ObjectId id) const {
  if (id >= kFirstMarker) return marker_;
  if (id >= kFirstGround) return ground_;
  if (id == kFallback) return cube_;
  const auto chosen = std::upper_bound(cumulativeWeights_.begin(), cumulativeWeights_.end() - 1, unit(random(id, 2)));
  return models_[static_cast<std::size_t>(chosen - cumulativeWeights_.begin())];
}

std::size_t World::ownerOf(ObjectId id) const noexcept {
  if (id < kFixedBase) return isEdited(id) ? 1 : 0;
  if (id >= kFirstMarker) return 2;
  return id >= kFirstGround ? 3 : 4;
}

std::string World::nameOf(ObjectId id) const {
  if (id == kFallback) return "fallback cube";
  if (id >= kFirstMarker) return "marker " + std::to_string(id - kFirstMarker);
  if (id >= kFirstGround) return "ground " + std::to_string(id - kFirstGround);
  const std::int32_t x = static_cast<std::int32_t>(id >> 22U) - kCellBias;
  const std::int32_t z = static_cast<std::int32_t>(id >> kPlaceBits & 0x3FFU) - kCellBias;
  return "(" + std::to_string(x) + ", " + std::to_string(z) + ") " + std::to_string(id & 0xFFFU) + " " +
         meshOf(id).name;
}

}  // namespace flux::app
