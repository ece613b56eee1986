#include "opengl/hash_pass.hpp"

#include "failure.hpp"

#include <algorithm>
#include <array>
#include <numeric>
#include <tuple>

namespace flux::app::opengl {
namespace {

constexpr const char* kHash =
#include "hash.comp.text"
    ;

/// As the shader has it.
struct Range {
  std::uint32_t firstWord = 0;
  std::uint32_t words = 0;
  std::uint32_t restBytes = 0;
  std::uint32_t result = 0;
};
static_assert(sizeof(Range) == 16);

/// What every context allows in one dimension.
constexpr std::uint32_t kMaxWorkgroups = 65535;

/// Ranges of one window of one buffer.
struct Dispatch {
  GLuint buffer = 0;
  ByteOffset first = 0;
  ByteOffset end = 0;
  std::uint32_t firstRange = 0;
  std::uint32_t count = 0;
};

constexpr ByteCount wholeWords(ByteCount bytes) noexcept {
  return (bytes + 3) / 4 * 4;
}

}  // namespace

HashProgram::HashProgram() : program_(makeProgram(std::array{ShaderText{GL_COMPUTE_SHADER, kHash}})) {
  GLint64 value = 0;
  gl().glGetInteger64v(GL_MAX_SHADER_STORAGE_BLOCK_SIZE, &value);
  windowBytes_ = static_cast<ByteCount>(value);
  gl().glGetInteger64v(GL_SHADER_STORAGE_BUFFER_OFFSET_ALIGNMENT, &value);
  windowAlignment_ = static_cast<ByteCount>(value);
}

void HashPass::reserve(std::size_t places) {
  if (places <= capacity_) return;
  capacity_ = std::max<std::size_t>({places, 2 * capacity_, 1024});
  constexpr GLbitfield kMapFlags = GL_MAP_READ_BIT | GL_MAP_PERSISTENT_BIT | GL_MAP_COHERENT_BIT;
  const ByteCount bytes = capacity_ * sizeof(std::uint64_t);
  ranges_ = makeGlBuffer(capacity_ * sizeof(Range), GL_DYNAMIC_STORAGE_BIT);
  hashes_ = makeGlBuffer(bytes, kMapFlags | GL_CLIENT_STORAGE_BIT);
  // Two words each, the low one first: on every host that OpenGL 4.5 runs on, one 64-bit number.
  mapped_ = static_cast<const std::uint64_t*>(
      gl().glMapNamedBufferRange(hashes_.get(), 0, static_cast<GLsizeiptr>(bytes), kMapFlags));
  if (mapped_ == nullptr) throw Failure("OpenGL: cannot map the hashes");
}

void HashPass::issue(const HashProgram& program) {
  if (places_.empty()) return;
  reserve(places_.size());
  std::vector<std::uint32_t> order(places_.size());
  std::iota(order.begin(), order.end(), 0U);
  std::sort(order.begin(), order.end(), [this](std::uint32_t a, std::uint32_t b) {
    return std::tie(places_[a].buffer, places_[a].offset) < std::tie(places_[b].buffer, places_[b].offset);
  });
  std::vector<Range> ranges;
  std::vector<Dispatch> dispatches;
  for (const std::uint32_t index : order) {
    const Place& place = places_[index];
    const GLuint buffer = openGlBuffer(place.buffer);
    const ByteOffset end = place.offset + wholeWords(place.bytes);
    if (dispatches.empty() || dispatches.back().buffer != buffer || dispatches.back().count == kMaxWorkgroups ||
        end - dispatches.back().first > program.windowBytes()) {
      const ByteOffset first = place.offset / program.windowAlignment() * program.windowAlignment();
      dispatches.push_back({buffer, first, end, static_cast<std::uint32_t>(ranges.size()), 0});
    }
    Dispatch& dispatch = dispatches.back();
    dispatch.end = std::max(dispatch.end, end);
    ++dispatch.count;
    ranges.push_back({static_cast<std::uint32_t>((place.offset - dispatch.first) / 4),
                      static_cast<std::uint32_t>(place.bytes / 4), static_cast<std::uint32_t>(place.bytes % 4), index});
  }
  gl().glNamedBufferSubData(ranges_.get(), 0, static_cast<GLsizeiptr>(ranges.size() * sizeof(Range)), ranges.data());
  gl().glUseProgram(program.get());
  gl().glBindBufferBase(GL_SHADER_STORAGE_BUFFER, 1, ranges_.get());
  gl().glBindBufferBase(GL_SHADER_STORAGE_BUFFER, 2, hashes_.get());
  for (const Dispatch& dispatch : dispatches) {
    gl().glBindBufferRange(GL_SHADER_STORAGE_BUFFER, 0, dispatch.buffer, static_cast<GLintptr>(dispatch.first),
                           static_cast<GLsizeiptr>(dispatch.end - dispatch.first));
    gl().glUniform1ui(0, dispatch.firstRange);
    gl().glDispatchCompute(dispatch.count, 1, 1);
  }
  gl().glBindBufferBase(GL_SHADER_STORAGE_BUFFER, 0, 0);  // A chunk that stayed bound would keep its memory.
  gl().glMemoryBarrier(GL_CLIENT_MAPPED_BUFFER_BARRIER_BIT);
}

}  // namespace flux::app::opengl
