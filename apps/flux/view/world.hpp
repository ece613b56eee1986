#pragma once

/// The world: which object stands where, of which model, in which colours; and what bytes it is made of.

#include "models/mesh.hpp"
#include "view/camera.hpp"

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace flux::app {

/// Names an object for the whole run: its cell and its place in the cell, or one of the fixed objects.
using ObjectId = std::uint32_t;

struct CellCoord {
  std::int32_t x = 0, z = 0;
  friend constexpr auto operator<=>(const CellCoord&, const CellCoord&) noexcept = default;
};

/// An object to place: what culling and drawing need.
struct WorldObject {
  ObjectId id = 0;
  std::uint32_t indexCount = 0;
  glm::vec4 placement{};  ///< xyz: position, w: scale.
};

/// A bounded plane of square cells, full of objects, and a fixed set of objects that live for ever (ground tiles,
/// markers, the cube that stands for what is not there yet).
///
/// Everything is a pure function of the seed and the models: contents of any version of any part can be
/// made again at any time, so that hashes can be compared.
///
/// **Thread contract.** Constant after construction; any thread. **Units.** World units; an object is about 1 high.
class World {
 public:
  /// The window of cells that is kept loaded is a square of this many cells a side.
  static constexpr std::int32_t kWindowCells = 16;
  static constexpr std::uint32_t kMaxObjects = 500'000;
  /// The largest window that is made: so much geometry, if the objects are of average size.
  static constexpr ByteCount kMaxWindowBytes = 1 * kGiB;

  /// REQUIRES: models is not empty, 1 <= objects <= kMaxObjects. Fewer objects are made where `objects` of them would
  /// exceed kMaxWindowBytes.
  World(std::vector<Mesh> models, std::uint32_t objects, std::uint64_t seed);

  /// Objects in any window of cells: exactly so many, wherever it lies.
  [[nodiscard]] std::uint32_t objectsInWindow() const noexcept { return objects_; }
  [[nodiscard]] float cellSize() const noexcept { return cellSize_; }
  [[nodiscard]] float viewDistance() const noexcept;

  [[nodiscard]] CellCoord cellAt(glm::vec2 ground) const noexcept;
  [[nodiscard]] glm::vec2 cellCentre(CellCoord cell) const noexcept;
  /// The first cell of the window around what the camera sees; the others follow in x and z.
  [[nodiscard]] CellCoord windowOf(const Camera& camera) const noexcept;
  [[nodiscard]] std::vector<WorldObject> objectsOf(CellCoord cell) const;
  /// Cells that can hold something in the camera's view.
  [[nodiscard]] std::vector<CellCoord> cellsInView(const Camera& camera) const;

  [[nodiscard]] ObjectId fallback() const noexcept;
  [[nodiscard]] std::vector<ObjectId> fixedObjects() const;
  /// Ground tiles and markers in the camera's view. They repeat: one tile may be placed more than once.
  void appendFixedInView(const Camera& camera, std::vector<WorldObject>& wanted) const;

  /// Whether the object gets new contents all the time.
  [[nodiscard]] bool isEdited(ObjectId id) const noexcept;
  /// Whether a version has other vertices than the one before it.
  [[nodiscard]] static bool changesVertices(ContentVersion version) noexcept;
  /// The version in which the vertices of `version` first appeared.
  [[nodiscard]] static ContentVersion vertexVersion(ContentVersion version) noexcept;

  /// Edited objects are marked now and then: a part is added to the live block, and constants in it are drawn instead
  /// of the object's own until it is removed again. Whether a version adds a mark, and changes nothing else.
  [[nodiscard]] static bool addsMark(ObjectId id, ContentVersion version) noexcept;

  /// For accounts: what kind of thing it is, by index of `kOwners`.
  static constexpr std::array<std::string_view, 5> kOwners{"objects", "edited objects", "markers", "ground",
                                                           "placeholder"};
  [[nodiscard]] std::size_t ownerOf(ObjectId id) const noexcept;
  /// For reports: where it stands and of which model it is.
  [[nodiscard]] std::string nameOf(ObjectId id) const;
  [[nodiscard]] std::uint32_t indexCountOf(ObjectId id) const {
    return static_cast<std::uint32_t>(meshOf(id).indices.size());
  }
  [[nodiscard]] ByteCount partBytes(ObjectId id, PartId part) const;
  /// Writes the bytes from `offset` on of one part of one version, front to back. Parts beyond `kObjectParts` are
  /// marks: their bytes follow from their id and are the same in all versions.
  void fillPart(ObjectId id, PartId part, ContentVersion version, ByteOffset offset, std::span<std::byte> out) const;

 private:
  [[nodiscard]] std::uint64_t random(ObjectId id, std::uint32_t purpose) const noexcept;
  [[nodiscard]] const Mesh& meshOf(ObjectId id) const;
  [[nodiscard]] std::uint32_t objectsInCell(CellCoord cell) const noexcept;
  [[nodiscard]] ObjectConstants constantsOf(ObjectId id, ContentVersion version) const;
  [[nodiscard]] ObjectConstants markOf(ObjectId id, PartId part) const;
  [[nodiscard]] glm::vec3 stretchOf(ObjectId id, ContentVersion version) const;

  std::vector<Mesh> models_;
  std::vector<float> cumulativeWeights_;  ///< Of the models, up to 1.
  Mesh cube_, marker_, ground_;
  std::uint64_t seed_;
  std::uint32_t objects_ = 0;
  std::uint32_t cellRow_ = 1;  ///< Objects stand in a square of so many by so many in a cell.
  float cellSize_ = 1;
  float editedShare_ = 0;
};

}  // namespace flux::app
