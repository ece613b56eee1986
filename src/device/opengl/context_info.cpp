#include "device/opengl/context_info.hpp"

#include <algorithm>
#include <bit>
#include <string>
#include <string_view>

namespace flux::opengl {
namespace {

// GL_NVX_gpu_memory_info: in KiB.
constexpr GLenum kCurrentAvailableVidmem = 0x9049;

/// OpenGL has no limit for a buffer's size that could be asked for; drivers count in signed 32 bits in places.
constexpr ByteCount kMaxChunkBytes = 2 * kGiB - 256;

GLint integer(const Functions& functions, GLenum name) {
  GLint value = 0;
  functions.glGetIntegerv(name, &value);
  return value;
}

std::string text(const Functions& functions, GLenum name) {
  const GLubyte* const found = functions.glGetString(name);
  return found != nullptr ? reinterpret_cast<const char*>(found) : "";
}

bool hasExtension(const Functions& functions, std::string_view wanted) {
  const GLint count = integer(functions, GL_NUM_EXTENSIONS);
  for (GLint i = 0; i < count; ++i) {
    const GLubyte* const name = functions.glGetStringi(GL_EXTENSIONS, static_cast<GLuint>(i));
    if (name != nullptr && wanted == reinterpret_cast<const char*>(name)) return true;
  }
  return false;
}

/// What the context asks for where a kind has a limit, and the kind's own reads.
std::array<std::uint32_t, kPartKindCount> partAlignments(const Functions& functions) {
  const auto limitOf = [&functions](OffsetLimit limit) -> GLint {
    switch (limit) {
      case OffsetLimit::None:
        return 1;
      case OffsetLimit::Uniform:
        return integer(functions, GL_UNIFORM_BUFFER_OFFSET_ALIGNMENT);
      case OffsetLimit::Storage:
        return integer(functions, GL_SHADER_STORAGE_BUFFER_OFFSET_ALIGNMENT);
      case OffsetLimit::Texel:
        return integer(functions, GL_TEXTURE_BUFFER_OFFSET_ALIGNMENT);
    }
    return 1;
  };
  std::array<std::uint32_t, kPartKindCount> alignments{};
  for (const PartKindTraits& traits : kPartKindTraits) {
    // OpenGL does not promise a power of two; what is none is no real driver's.
    const auto limit = std::bit_ceil(static_cast<std::uint32_t>(std::max(limitOf(traits.limit), 1)));
    alignments[static_cast<std::size_t>(traits.kind)] = std::max(limit, traits.readBytes);
  }
  return alignments;
}

}  // namespace

Result<ContextInfo> describeContext(const Functions& functions) {
  ContextInfo info;
  DeviceCaps& caps = info.caps;
  caps.backend = Backend::OpenGL;
  caps.driverName = text(functions, GL_VERSION);
  if (caps.driverName.empty()) {
    return Unexpected(makeError(ErrorCode::InvalidArgument, "a current context", {}));
  }
  const GLint version = 10 * integer(functions, GL_MAJOR_VERSION) + integer(functions, GL_MINOR_VERSION);
  if (version < 45) return Unexpected(makeError(ErrorCode::Unsupported, "OpenGL 4.5", {}));
  caps.deviceName = text(functions, GL_RENDERER);
  caps.maxChunkBytes = kMaxChunkBytes;
  caps.maxAllocations = 2 * kMaxChunks;  // OpenGL has no limit of its own.
  caps.queueCount = 2;
  caps.partAlignmentBytes = partAlignments(functions);
  info.resetsAreTold = integer(functions, GL_RESET_NOTIFICATION_STRATEGY) == GL_LOSE_CONTEXT_ON_RESET;
  info.tellsFreeMemory = hasExtension(functions, "GL_NVX_gpu_memory_info");
  return info;
}

ByteCount freeDeviceMemory(const Functions& functions) {
  return static_cast<ByteCount>(std::max(integer(functions, kCurrentAvailableVidmem), 0)) * kKiB;
}

}  // namespace flux::opengl
