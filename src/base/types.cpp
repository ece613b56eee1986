#include <flux/types.hpp>

namespace flux {

std::string_view toString(PartKind kind) noexcept {
  switch (kind) {
    case PartKind::Vertex:
      return "vertex";
    case PartKind::Index:
      return "index";
    case PartKind::Uniform:
      return "uniform";
    case PartKind::Storage:
      return "storage";
    case PartKind::Indirect:
      return "indirect";
    case PartKind::ShaderData:
      return "shader data";
    case PartKind::Texel:
      return "texel";
  }
  return "unknown";
}

}  // namespace flux
