#include "view/world.hpp"

#include "models/shapes.hpp"

#include <flux/host.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

namespace flux::app {
namespace {

std::vector<Mesh> models() {
  return {makeCube(), makeMarker(), makeGroundTile(20)};
}

World smallWorld(std::uint64_t seed = 1) {
  return World(models(), 500, seed);
}

std::vector<std::byte> bytesOf(const World& world, ObjectId id, PartId part, ContentVersion version) {
  std::vector<std::byte> bytes(world.partBytes(id, part));
  world.fillPart(id, part, version, 0, bytes);
  return bytes;
}

TEST(WorldTest, EveryWindowHasTheSameNumberOfObjects) {
  for (const std::uint32_t objects : {1U, 255U, 256U, 500U, 8000U}) {
    const World world({makeCube()}, objects, 1);
    for (const CellCoord first : {CellCoord{0, 0}, CellCoord{-7, 13}, CellCoord{100, -101}}) {
      std::size_t count = 0;
      for (std::int32_t z = 0; z < World::kWindowCells; ++z) {
        for (std::int32_t x = 0; x < World::kWindowCells; ++x) {
          count += world.objectsOf({first.x + x, first.z + z}).size();
        }
      }
      EXPECT_EQ(count, objects);
    }
  }
}

TEST(WorldTest, ObjectsStandInTheirCellAndHaveDistinctIds) {
  const World world = smallWorld();
  std::set<ObjectId> ids;
  for (const ObjectId id : world.fixedObjects()) EXPECT_TRUE(ids.insert(id).second);
  for (const CellCoord cell : {CellCoord{0, 0}, CellCoord{-1, 0}, CellCoord{0, -1}, CellCoord{72, -72}}) {
    for (const WorldObject& object : world.objectsOf(cell)) {
      EXPECT_TRUE(ids.insert(object.id).second);
      EXPECT_EQ(world.cellAt({object.placement.x, object.placement.z}), cell);
      EXPECT_EQ(object.indexCount * sizeof(std::uint32_t), world.partBytes(object.id, kIndexPart));
    }
  }
}

TEST(WorldTest, IsAPureFunctionOfTheSeed) {
  const World first = smallWorld(5);
  const World second = smallWorld(5);
  const World other = smallWorld(6);
  const auto objects = first.objectsOf({3, 4});
  bool differs = false;
  for (std::size_t i = 0; i < objects.size(); ++i) {
    EXPECT_EQ(objects[i].placement, second.objectsOf({3, 4})[i].placement);
    differs |= objects[i].placement != other.objectsOf({3, 4})[i].placement;
    for (const PartId part : {kVertexPart, kIndexPart, kConstantsPart}) {
      EXPECT_EQ(bytesOf(first, objects[i].id, part, 9), bytesOf(second, objects[i].id, part, 9));
    }
  }
  EXPECT_TRUE(differs);
}

TEST(WorldTest, NoTwoObjectsHaveTheSameVertices) {
  const World world({makeMarker()}, 4000, 1);
  std::set<std::uint64_t> hashes;
  std::size_t count = 0;
  for (std::int32_t x = 0; x < 16; ++x) {
    for (const WorldObject& object : world.objectsOf({x, 0})) {
      hashes.insert(hashBytes(bytesOf(world, object.id, kVertexPart, 1)));
      ++count;
    }
  }
  EXPECT_EQ(hashes.size(), count);
}

TEST(WorldTest, PiecesMakeTheSameBytesAsTheWhole) {
  const World world = smallWorld();
  const ObjectId id = world.objectsOf({0, 0}).front().id;
  for (const PartId part : {kVertexPart, kIndexPart, kConstantsPart}) {
    const std::vector<std::byte> whole = bytesOf(world, id, part, 17);
    for (const std::size_t piece : {1U, 4U, 20U, 24U, 52U, 1000U}) {
      std::vector<std::byte> built(whole.size());
      for (std::size_t at = 0; at < whole.size(); at += piece) {
        world.fillPart(id, part, 17, at, std::span(built).subspan(at, std::min(piece, whole.size() - at)));
      }
      EXPECT_EQ(built, whole) << piece;
    }
  }
}

TEST(WorldTest, VersionsChangeConstantsOrAddAMarkAndVerticesSometimes) {
  const World world({makeCube()}, 500, 1);
  const ObjectId id = world.objectsOf({0, 0}).front().id;
  bool changed = false;
  for (ContentVersion version = 2; version < 40; ++version) {
    EXPECT_EQ(bytesOf(world, id, kConstantsPart, version) == bytesOf(world, id, kConstantsPart, version - 1),
              World::addsMark(id, version));
    EXPECT_EQ(bytesOf(world, id, kIndexPart, version), bytesOf(world, id, kIndexPart, 1));
    const bool same = bytesOf(world, id, kVertexPart, version) == bytesOf(world, id, kVertexPart, version - 1);
    EXPECT_EQ(same, !World::changesVertices(version));
    EXPECT_EQ(World::vertexVersion(version) == version, World::changesVertices(version));
    changed |= !same;
  }
  EXPECT_TRUE(changed);
  EXPECT_EQ(World::vertexVersion(1), 1U);
}

TEST(WorldTest, NoTwoMarksAreTheSame) {
  const World world({makeCube()}, 500, 1);
  std::set<std::vector<std::byte>> contents;
  for (const WorldObject& object : world.objectsOf({0, 0})) {
    EXPECT_FALSE(World::addsMark(object.id, 1)) << "the block is only made then";
    std::uint32_t added = 0;
    for (ContentVersion version = 2; version < 100; ++version) {
      if (!World::addsMark(object.id, version)) continue;
      EXPECT_FALSE(World::changesVertices(version)) << "that version adds the mark and no more";
      const PartId mark = makePartId(kObjectParts, static_cast<std::uint16_t>(added++));
      EXPECT_EQ(bytesOf(world, object.id, mark, version), bytesOf(world, object.id, mark, version + 1));
      EXPECT_TRUE(contents.insert(bytesOf(world, object.id, mark, version)).second);
    }
    EXPECT_GT(added, 10U);
  }
}

TEST(WorldTest, TheWindowHoldsAllThatTheCameraSees) {
  const World world({makeCube()}, 2000, 1);
  const Flight flight(world.cellSize(), world.viewDistance(), 16.0F / 9.0F);
  for (std::uint64_t frame = 1; frame < 4000; frame += 13) {
    // Also some frames later: cells are there well before they are wanted.
    const CellCoord first = world.windowOf(flight.at(frame));
    const Camera later = flight.at(frame + 5);
    for (const CellCoord cell : world.cellsInView(later)) {
      const bool inside = cell.x >= first.x && cell.z >= first.z && cell.x < first.x + World::kWindowCells &&
                          cell.z < first.z + World::kWindowCells;
      if (inside) continue;
      for (const WorldObject& object : world.objectsOf(cell)) {
        ASSERT_FALSE(later.sees(glm::vec3(object.placement), object.placement.w)) << frame;
      }
    }
  }
}

TEST(WorldTest, CellsInViewMissNothing) {
  const World world({makeCube()}, 2000, 1);
  const Camera camera = Flight(world.cellSize(), world.viewDistance(), 1.5F).at(200);
  const std::vector<CellCoord> cells = world.cellsInView(camera);
  const CellCoord middle = world.cellAt(camera.ground);
  std::size_t seen = 0;
  for (std::int32_t z = -12; z <= 12; ++z) {
    for (std::int32_t x = -12; x <= 12; ++x) {
      const CellCoord cell{middle.x + x, middle.z + z};
      for (const WorldObject& object : world.objectsOf(cell)) {
        if (!camera.sees(glm::vec3(object.placement), object.placement.w)) continue;
        ++seen;
        EXPECT_NE(std::find(cells.begin(), cells.end(), cell), cells.end());
      }
    }
  }
  EXPECT_GT(seen, 100U);
}

TEST(WorldTest, SomeDozensAreEditedInASmallWorldAndAFewPercentInALargeOne) {
  const auto editedIn = [](const World& world) {
    std::size_t count = 0;
    for (std::int32_t z = 0; z < World::kWindowCells; ++z) {
      for (std::int32_t x = 0; x < World::kWindowCells; ++x) {
        for (const WorldObject& object : world.objectsOf({x, z})) count += world.isEdited(object.id) ? 1 : 0;
      }
    }
    return count;
  };
  EXPECT_GT(editedIn(World({makeCube()}, 500, 1)), 48U);
  const std::size_t large = editedIn(World({makeCube()}, 20'000, 1));
  EXPECT_GT(large, 300U);
  EXPECT_LT(large, 500U);
  for (const ObjectId id : smallWorld().fixedObjects()) EXPECT_FALSE(smallWorld().isEdited(id));
}

TEST(WorldTest, LargeModelsMakeFewerObjects) {
  Mesh large = makeGroundTile(1000);  // some 48 MiB
  const World world({large}, 8000, 1);
  EXPECT_LT(world.objectsInWindow() * large.bytes(), World::kMaxWindowBytes + large.bytes());
  EXPECT_GE(world.objectsInWindow(), 1U);
}

TEST(WorldTest, PrefersModelsThatKeepTheAverageSmall) {
  const World world({makeCube(), makeGroundTile(200)}, 8000, 1);  // 1 KiB and 2 MiB
  ByteCount bytes = 0;
  std::size_t count = 0;
  for (std::int32_t x = 0; x < 256; ++x) {
    for (const WorldObject& object : world.objectsOf({x, 0})) {
      bytes += world.partBytes(object.id, kVertexPart) + world.partBytes(object.id, kIndexPart);
      ++count;
    }
  }
  EXPECT_GT(bytes / count, 6 * kKiB);
  EXPECT_LT(bytes / count, 24 * kKiB);
}

}  // namespace
}  // namespace flux::app
