#include "device/opengl/context_info.hpp"

#include "device/part_alignments.hpp"

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

/// OpenGL does not promise a power of two; what is none is no real driver's.
std::uint32_t offsetLimit(const Functions& functions, GLenum name) {
  return std::bit_ceil(static_cast<std::uint32_t>(std::max(integer(functions, name), 1)));
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
  caps.partAlignmentBytes = partAlignments({offsetLimit(functions, GL_UNIFORM_BUFFER_OFFSET_ALIGNMENT),
                                            offsetLimit(functions, GL_SHADER_STORAGE_BUFFER_OFFSET_ALIGNMENT),
                                            offsetLimit(functions, GL_TEXTURE_BUFFER_OFFSET_ALIGNMENT)});
  info.resetsAreTold = integer(functions, GL_RESET_NOTIFICATION_STRATEGY) == GL_LOSE_CONTEXT_ON_RESET;
  info.tellsFreeMemory = hasExtension(functions, "GL_NVX_gpu_memory_info");
  return info;
}

ByteCount freeDeviceMemory(const Functions& functions) {
  return static_cast<ByteCount>(std::max(integer(functions, kCurrentAvailableVidmem), 0)) * kKiB;
}

}  // namespace flux::opengl
