#include "opengl/hash_pass.hpp"

#include "failure.hpp"
#include "hash_pieces.hpp"

#include <algorithm>
#include <array>
#include <tuple>

namespace flux::app::opengl {
namespace {

constexpr const char* kHash =
#include "hash.comp.text"
    ;

/// As the shader has it.
struct Piece {
  std::uint32_t firstWord = 0;
  std::uint32_t bytes = 0;
  std::uint32_t firstIndex = 0;
  std::uint32_t result = 0;
};
static_assert(sizeof(Piece) == 16);

/// A piece, and where its words are.
struct PlacedPiece {
  GLuint buffer = 0;
  ByteOffset offset = 0;
  Piece piece;
};

/// What every context allows in one dimension.
constexpr std::uint32_t kMaxWorkgroups = 65535;

/// Pieces of one window of one buffer.
struct Dispatch {
  GLuint buffer = 0;
  ByteOffset first = 0;
  ByteOffset end = 0;
  std::uint32_t firstPiece = 0;
  std::uint32_t count = 0;
};

constexpr ByteCount wholeWords(ByteCount bytes) noexcept {
  return (bytes + 3) / 4 * 4;
}

/// The pieces of all places, by buffer and offset.
std::vector<PlacedPiece> piecesOf(std::span<const Place> places) {
  std::vector<PlacedPiece> pieces;
  for (std::size_t i = 0; i < places.size(); ++i) {
    const Place& place = places[i];
    forEachHashPiece(place.bytes, [&](ByteOffset offset, std::uint32_t bytes) {
      pieces.push_back({openGlBuffer(place.buffer),
                        place.offset + offset,
                        {0, bytes, static_cast<std::uint32_t>(offset / 4), static_cast<std::uint32_t>(i)}});
    });
  }
  std::ranges::sort(pieces, {}, [](const PlacedPiece& piece) { return std::tie(piece.buffer, piece.offset); });
  return pieces;
}

}  // namespace

HashProgram::HashProgram() : program_(makeProgram(std::array{ShaderText{GL_COMPUTE_SHADER, kHash}})) {
  GLint64 value = 0;
  gl().glGetInteger64v(GL_MAX_SHADER_STORAGE_BLOCK_SIZE, &value);
  windowBytes_ = static_cast<ByteCount>(value);
  gl().glGetInteger64v(GL_SHADER_STORAGE_BUFFER_OFFSET_ALIGNMENT, &value);
  windowAlignment_ = static_cast<ByteCount>(value);
}

void HashPass::reserve(std::size_t pieces) {
  if (pieces > pieceCapacity_) {
    pieceCapacity_ = std::max<std::size_t>({pieces, 2 * pieceCapacity_, 1024});
    pieces_ = makeGlBuffer(pieceCapacity_ * sizeof(Piece), GL_DYNAMIC_STORAGE_BIT);
  }
  if (places_.size() > hashes_.size()) {
    constexpr GLbitfield kMapFlags = GL_MAP_READ_BIT | GL_MAP_WRITE_BIT | GL_MAP_PERSISTENT_BIT | GL_MAP_COHERENT_BIT;
    const std::size_t capacity = std::max<std::size_t>({places_.size(), 2 * hashes_.size(), 1024});
    const ByteCount bytes = capacity * sizeof(std::uint64_t);
    hashBuffer_ = makeGlBuffer(bytes, kMapFlags | GL_CLIENT_STORAGE_BIT);
    // Two words each, the low one first: on every host that OpenGL 4.5 runs on, one 64-bit number.
    auto* const mapped = static_cast<std::uint64_t*>(
        gl().glMapNamedBufferRange(hashBuffer_.get(), 0, static_cast<GLsizeiptr>(bytes), kMapFlags));
    if (mapped == nullptr) throw Failure("OpenGL: cannot map the hashes");
    hashes_ = {mapped, capacity};
  }
}

void HashPass::issue(const HashProgram& program) {
  if (places_.empty()) return;
  std::vector<Piece> pieces;
  std::vector<Dispatch> dispatches;
  for (const PlacedPiece& placed : piecesOf(places_)) {
    const ByteOffset end = placed.offset + wholeWords(placed.piece.bytes);
    if (dispatches.empty() || dispatches.back().buffer != placed.buffer || dispatches.back().count == kMaxWorkgroups ||
        end - dispatches.back().first > program.windowBytes()) {
      const ByteOffset first = placed.offset / program.windowAlignment() * program.windowAlignment();
      dispatches.push_back({placed.buffer, first, end, static_cast<std::uint32_t>(pieces.size()), 0});
    }
    Dispatch& dispatch = dispatches.back();
    dispatch.end = std::max(dispatch.end, end);
    ++dispatch.count;
    pieces.push_back(placed.piece);
    pieces.back().firstWord = static_cast<std::uint32_t>((placed.offset - dispatch.first) / 4);
  }
  reserve(pieces.size());
  std::ranges::fill(hashes_.first(places_.size()), 0);  // Pieces add to them.
  gl().glNamedBufferSubData(pieces_.get(), 0, static_cast<GLsizeiptr>(pieces.size() * sizeof(Piece)), pieces.data());
  gl().glUseProgram(program.get());
  gl().glBindBufferBase(GL_SHADER_STORAGE_BUFFER, 1, pieces_.get());
  gl().glBindBufferBase(GL_SHADER_STORAGE_BUFFER, 2, hashBuffer_.get());
  for (const Dispatch& dispatch : dispatches) {
    gl().glBindBufferRange(GL_SHADER_STORAGE_BUFFER, 0, dispatch.buffer, static_cast<GLintptr>(dispatch.first),
                           static_cast<GLsizeiptr>(dispatch.end - dispatch.first));
    gl().glUniform1ui(0, dispatch.firstPiece);
    gl().glDispatchCompute(dispatch.count, 1, 1);
  }
  gl().glBindBufferBase(GL_SHADER_STORAGE_BUFFER, 0, 0);  // A chunk that stayed bound would keep its memory.
  gl().glMemoryBarrier(GL_CLIENT_MAPPED_BUFFER_BARRIER_BIT);
}

}  // namespace flux::app::opengl
