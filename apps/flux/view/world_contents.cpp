// What objects are made of: the bytes of their parts.

#include "random.hpp"
#include "view/world.hpp"

#include <glm/gtc/constants.hpp>
#include <glm/gtc/matrix_transform.hpp>

#include <algorithm>
#include <array>
#include <cstring>

namespace flux::app {
namespace {

/// In every eighth version the vertices are new, too.
constexpr ContentVersion kVertexPeriod = 8;
/// In every seventh version an edited object is marked, unless its vertices are new.
constexpr ContentVersion kMarkPeriod = 7;

/// Writes bytes from `offset` on of a sequence of elements that `make(i)` gives.
template <class Element, class Make>
void fillElements(ByteOffset offset, std::span<std::byte> out, const Make& make) {
  std::size_t index = offset / sizeof(Element);
  std::size_t within = offset % sizeof(Element);
  std::byte* cursor = out.data();
  std::size_t left = out.size();
  while (left > 0) {
    const Element element = make(index++);
    if (within == 0 && left >= sizeof(Element)) {
      std::memcpy(cursor, &element, sizeof(Element));
      cursor += sizeof(Element);
      left -= sizeof(Element);
      continue;
    }
    const std::size_t count = std::min(sizeof(Element) - within, left);
    std::memcpy(cursor, reinterpret_cast<const std::byte*>(&element) + within, count);
    cursor += count;
    left -= count;
    within = 0;
  }
}

constexpr std::array<glm::vec3, 6> kWorldPalette{glm::vec3(0.86F, 0.44F, 0.30F), glm::vec3(0.93F, 0.72F, 0.36F),
                                                 glm::vec3(0.52F, 0.67F, 0.42F), glm::vec3(0.33F, 0.60F, 0.66F),
                                                 glm::vec3(0.48F, 0.47F, 0.72F), glm::vec3(0.82F, 0.80F, 0.75F)};
constexpr glm::vec3 kGroundColor(0.40F, 0.43F, 0.38F);
constexpr glm::vec3 kFallbackColor(0.55F, 0.55F, 0.55F);
constexpr glm::vec3 kMarkerColor(0.95F, 0.95F, 0.98F);

}  // namespace

bool World::changesVertices(ContentVersion version) noexcept {
  return version % kVertexPeriod == 0;
}

ContentVersion World::vertexVersion(ContentVersion version) noexcept {
  return std::max<ContentVersion>(1, version - version % kVertexPeriod);
}

bool World::addsMark(ObjectId id, ContentVersion version) noexcept {
  return version > 1 && (version + id) % kMarkPeriod == 0 && !changesVertices(version);
}

ByteCount World::partBytes(ObjectId id, PartId part) const {
  if (part == kVertexPart) return meshOf(id).vertexBytes();
  if (part == kIndexPart) return meshOf(id).indexBytes();
  return sizeof(ObjectConstants);
}

/// Every object is a little longer, wider or higher than the others of its model, so that no two have equal bytes.
glm::vec3 World::stretchOf(ObjectId id, ContentVersion version) const {
  if (&meshOf(id) == &ground_) return {1, 1, 1};  // neighbours must meet
  const std::uint64_t dice = mix(random(id, 3) + vertexVersion(version));
  return {0.9F + 0.2F * unit(mix(dice)), 0.9F + 0.2F * unit(mix(dice + 1)), 0.9F + 0.2F * unit(mix(dice + 2))};
}

ObjectConstants World::constantsOf(ObjectId id, ContentVersion version) const {
  const std::uint64_t dice = random(id, 4);
  const Mesh* mesh = &meshOf(id);
  if (mesh == &ground_) {
    const float shade = 0.95F + 0.1F * unit(dice);
    return {glm::mat4(1), glm::vec4(kGroundColor * shade, 1)};
  }
  if (mesh == &cube_) return {glm::mat4(1), glm::vec4(kFallbackColor, 1)};
  if (mesh == &marker_) return {glm::mat4(1), glm::vec4(kMarkerColor * (0.8F + 0.2F * unit(dice)), 1)};
  const float turn = unit(dice) * glm::two_pi<float>() + 0.06F * static_cast<float>(version - 1);
  const glm::vec3 color = kWorldPalette[mix(dice) % kWorldPalette.size()] * (0.85F + 0.15F * unit(mix(dice + 1)));
  const float glow = isEdited(id) ? 1.15F : 1.0F;
  return {glm::rotate(glm::mat4(1), turn, glm::vec3(0, 1, 0)), glm::vec4(color * glow, 1)};
}

/// Paler than the object, and turned by what only this part has.
ObjectConstants World::markOf(ObjectId id, PartId part) const {
  ObjectConstants constants = constantsOf(id, 1);
  const float turn = unit(mix(random(id, 6) + static_cast<std::uint32_t>(part))) * glm::two_pi<float>();
  constants.local = glm::rotate(constants.local, turn, glm::vec3(0, 1, 0));
  constants.color = glm::mix(constants.color, glm::vec4(1), 0.6F);
  return constants;
}

void World::fillPart(ObjectId id, PartId part, ContentVersion version, ByteOffset offset,
                     std::span<std::byte> out) const {
  const Mesh& mesh = meshOf(id);
  if (part == kVertexPart) {
    const glm::vec3 stretch = stretchOf(id, version);
    fillElements<Vertex>(offset, out, [&](std::size_t i) {
      const Vertex& vertex = mesh.vertices[i];
      return Vertex{vertex.position * stretch, vertex.normal};
    });
  } else if (part == kIndexPart) {
    // The same triangles, beginning with another one.
    const std::size_t count = mesh.indices.size();
    const std::size_t first = random(id, 5) % (count / 3) * 3;
    fillElements<std::uint32_t>(offset, out, [&](std::size_t i) {
      const std::size_t at = first + i;
      return mesh.indices[at < count ? at : at - count];
    });
  } else {
    const ContentVersion changed = addsMark(id, version) ? version - 1 : version;
    const ObjectConstants constants = part == kConstantsPart ? constantsOf(id, changed) : markOf(id, part);
    fillElements<ObjectConstants>(offset, out, [&](std::size_t) { return constants; });
  }
}

}  // namespace flux::app
