#include "models/mesh_stream.hpp"

#include <algorithm>
#include <cstring>

namespace flux::app {
namespace {

constexpr std::uint32_t kMagic = 0x4D584C46;  // "FLXM"
constexpr std::uint32_t kMaxTextBytes = 4096;

struct Header {
  std::uint32_t magic = kMagic;
  std::uint32_t loaded = 0;
  std::uint32_t vertices = 0;
  std::uint32_t indices = 0;
  std::uint32_t textBytes = 0;
};

/// Copies `bytes` to the front of `target` and returns the rest of it.
std::span<std::byte> put(std::span<std::byte> target, std::span<const std::byte> bytes) {
  if (!bytes.empty()) std::memcpy(target.data(), bytes.data(), bytes.size());
  return target.subspan(bytes.size());
}

}  // namespace

std::vector<std::byte> encodeLoadResult(const LoadResult& result) {
  const Mesh* mesh = std::get_if<Mesh>(&result);
  std::string text = mesh != nullptr ? mesh->name : std::get<ImportError>(result).reason;
  text.resize(std::min<std::size_t>(text.size(), kMaxTextBytes));
  Header header;
  header.textBytes = static_cast<std::uint32_t>(text.size());
  if (mesh != nullptr) {
    header.loaded = 1;
    header.vertices = static_cast<std::uint32_t>(mesh->vertices.size());
    header.indices = static_cast<std::uint32_t>(mesh->indices.size());
  }
  std::vector<std::byte> message(sizeof(header) + text.size() + (mesh != nullptr ? mesh->bytes() : 0));
  std::span<std::byte> rest = put(message, std::as_bytes(std::span(&header, 1)));
  rest = put(rest, std::as_bytes(std::span(text)));
  if (mesh != nullptr) {
    rest = put(rest, std::as_bytes(std::span(mesh->vertices)));
    put(rest, std::as_bytes(std::span(mesh->indices)));
  }
  return message;
}

std::optional<LoadResult> decodeLoadResult(const std::function<bool(std::span<std::byte>)>& read) {
  Header header;
  if (!read(std::as_writable_bytes(std::span(&header, 1)))) return std::nullopt;
  const ByteCount bytes =
      ByteCount{header.vertices} * sizeof(Vertex) + ByteCount{header.indices} * sizeof(std::uint32_t);
  if (header.magic != kMagic || header.textBytes > kMaxTextBytes || bytes > kMaxMeshBytes) return std::nullopt;
  std::string text(header.textBytes, '\0');
  if (!read(std::as_writable_bytes(std::span(text)))) return std::nullopt;
  if (header.loaded == 0) return LoadResult{ImportError{std::move(text)}};
  Mesh mesh;
  mesh.name = std::move(text);
  mesh.vertices.resize(header.vertices);
  mesh.indices.resize(header.indices);
  if (!read(std::as_writable_bytes(std::span(mesh.vertices)))) return std::nullopt;
  if (!read(std::as_writable_bytes(std::span(mesh.indices)))) return std::nullopt;
  const bool usable = !mesh.indices.empty() && mesh.indices.size() % 3 == 0 &&
                      std::all_of(mesh.indices.begin(), mesh.indices.end(),
                                  [&](std::uint32_t index) { return index < header.vertices; });
  if (!usable) return std::nullopt;
  return LoadResult{std::move(mesh)};
}

}  // namespace flux::app
