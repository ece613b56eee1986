#include "opengl/renderer.hpp"

#include "failure.hpp"
#include "opengl/context.hpp"
#include "opengl/hash_pass.hpp"
#include "opengl/targets.hpp"
#include "view/haze.hpp"
#include "view/samples.hpp"
#include "view/verified_draws.hpp"

#include <flux/assert.hpp>

#include <glm/gtc/type_ptr.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <limits>
#include <optional>

namespace flux::app {
namespace {

constexpr const char* kObjectVertex =
#include "object.vert.text"
    ;
constexpr const char* kObjectFragment =
#include "object.frag.text"
    ;
constexpr const char* kSkyVertex =
#include "sky.vert.text"
    ;
constexpr const char* kSkyFragment =
#include "sky.frag.text"
    ;

// Of the members of `scene` (shaders/scene.glsl).
constexpr GLint kViewProjection = 0;
constexpr GLint kEye = 1;
constexpr GLint kPlacement = 2;

std::uint32_t chooseSamples(const DeviceCaps& caps, std::uint32_t width, std::uint32_t height) {
  const bool processor = caps.deviceName.find("llvmpipe") != std::string::npos;
  return processor && !isLargePicture(width, height) ? 1 : 4;
}

/// The vertex layout of all objects, without buffers.
UniqueVertexArray makeVertexArray() {
  GLuint name = 0;
  gl().glCreateVertexArrays(1, &name);
  const auto attribute = [name](GLuint index, std::size_t offset) {
    gl().glEnableVertexArrayAttrib(name, index);
    gl().glVertexArrayAttribFormat(name, index, 3, GL_FLOAT, GL_FALSE, static_cast<GLuint>(offset));
    gl().glVertexArrayAttribBinding(name, index, 0);
  };
  attribute(0, offsetof(Vertex, position));
  attribute(1, offsetof(Vertex, normal));
  return UniqueVertexArray(name);
}

/// Draws headless. A context belongs to one thread: so render threads only write plain lists, and the frame thread
/// replays them.
///
/// **Thread contract.** As `Renderer`. **Invariant.** A slot has a fence from its submission until it is handed over.
class OpenGlRenderer final : public Renderer {
 public:
  explicit OpenGlRenderer(const RendererDesc& desc);
  ~OpenGlRenderer() override;

  Device& device() override { return context_.device(); }
  std::vector<FinishedFrame> beginFrame(std::uint64_t number, const CameraView& camera) override;
  void record(std::uint32_t part, std::span<const DrawCommand> draws) override;
  void submitFrame(Frame& frame) override;
  std::vector<FinishedFrame> finish() override;
  std::span<const std::byte> lastPicture() override;
  ValidationReport validation() const override { return {context_.messages().count(), context_.messages().first()}; }
  // Draws bind the buffers that their places name.
  void chunkCreated(ChunkIndex, const ChunkInfo&) override {}
  void chunkReleased(ChunkIndex) override {}

 private:
  /// A frame in flight.
  struct Slot {
    std::vector<std::vector<DrawCommand>> lists;  ///< By part.
    opengl::HashPass hashes;
    UniqueGlBuffer readback;
    std::vector<std::byte> picture;
    bool pictured = false;  ///< `readback` has the frame's.
    std::uint64_t frame = 0;
    GLsync done = nullptr;
  };

  void setScene(const CameraView& camera) const;
  void draw(const Slot& slot) const;
  void issueHashes(Slot& slot) const;
  void copyPicture(Slot& slot) const;
  std::span<const std::byte> readPicture(Slot& slot) const;
  [[nodiscard]] bool isDone(const Slot& slot, std::uint64_t timeoutNs) const;
  void collect(Slot& slot, std::vector<FinishedFrame>& finished) const;

  OpenGlContext context_;
  const bool pictures_;
  const opengl::Targets targets_;
  const UniqueProgram objectProgram_;
  const UniqueProgram skyProgram_;
  const UniqueVertexArray vertexArray_;
  std::optional<opengl::HashProgram> hashProgram_;  ///< Where frames are verified.
  std::array<Slot, kFramesInFlight> slots_;
  std::size_t current_ = kFramesInFlight - 1;
};

OpenGlRenderer::OpenGlRenderer(const RendererDesc& desc)
    : context_({.validate = desc.validate, .separateCopyContext = !desc.singleQueue}),
      pictures_(desc.pictures),
      targets_(desc.width, desc.height, chooseSamples(context_.device().caps(), desc.width, desc.height)),
      objectProgram_(makeProgram(
          std::array{ShaderText{GL_VERTEX_SHADER, kObjectVertex}, ShaderText{GL_FRAGMENT_SHADER, kObjectFragment}})),
      skyProgram_(makeProgram(
          std::array{ShaderText{GL_VERTEX_SHADER, kSkyVertex}, ShaderText{GL_FRAGMENT_SHADER, kSkyFragment}})),
      vertexArray_(makeVertexArray()) {
  if (desc.verify) hashProgram_.emplace();
  for (Slot& slot : slots_) slot.lists.resize(desc.parts);
  gl().glEnable(GL_DEPTH_TEST);
  gl().glDepthFunc(GL_LEQUAL);
  gl().glEnable(GL_FRAMEBUFFER_SRGB);
  gl().glClipControl(GL_LOWER_LEFT, GL_ZERO_TO_ONE);  // The camera's depth is from 0 to 1.
}

OpenGlRenderer::~OpenGlRenderer() {
  for (const Slot& slot : slots_) gl().glDeleteSync(slot.done);  // Null is ignored.
}

bool OpenGlRenderer::isDone(const Slot& slot, std::uint64_t timeoutNs) const {
  const GLenum status = gl().glClientWaitSync(slot.done, 0, timeoutNs);
  if (status == GL_WAIT_FAILED) throw Failure("OpenGL: glClientWaitSync failed");
  return status != GL_TIMEOUT_EXPIRED;
}

std::vector<FinishedFrame> OpenGlRenderer::beginFrame(std::uint64_t number, const CameraView& camera) {
  current_ = (current_ + 1) % slots_.size();
  std::vector<FinishedFrame> finished;
  for (std::size_t i = 0; i < slots_.size(); ++i) {  // From the oldest on.
    Slot& slot = slots_[(current_ + i) % slots_.size()];
    const std::uint64_t timeoutNs = i == 0 ? std::numeric_limits<std::uint64_t>::max() : 0;
    if (slot.done != nullptr && isDone(slot, timeoutNs)) collect(slot, finished);
  }
  Slot& slot = slots_[current_];
  slot.frame = number;
  slot.pictured = false;
  for (auto& list : slot.lists) list.clear();
  setScene(camera);
  return finished;
}

void OpenGlRenderer::setScene(const CameraView& camera) const {
  const glm::vec4 eye(camera.eye, farDistance(camera));
  const glm::mat4 inverse = glm::inverse(camera.viewProjection);
  for (const auto& [program, matrix] :
       {std::pair(objectProgram_.get(), &camera.viewProjection), std::pair(skyProgram_.get(), &inverse)}) {
    gl().glProgramUniformMatrix4fv(program, kViewProjection, 1, GL_FALSE, glm::value_ptr(*matrix));
    gl().glProgramUniform4fv(program, kEye, 1, glm::value_ptr(eye));
  }
}

void OpenGlRenderer::record(std::uint32_t part, std::span<const DrawCommand> draws) {
  FLUX_ASSERT(part < slots_[current_].lists.size(), "a part's number is below RendererDesc::parts");
  auto& list = slots_[current_].lists[part];
  list.insert(list.end(), draws.begin(), draws.end());
}

void OpenGlRenderer::submitFrame(Frame& frame) {
  Slot& slot = slots_[current_];
  OpenGlDevice& device = context_.openGlDevice();
  for (const QueueValue& wait : frame.waits()) {
    if (wait.queue == kCopyQueue) device.waitForCopies(wait.value);
  }
  draw(slot);
  if (pictures_) copyPicture(slot);
  slot.hashes.clear();
  if (hashProgram_) issueHashes(slot);
  slot.done = gl().glFenceSync(GL_SYNC_GPU_COMMANDS_COMPLETE, 0);
  if (slot.done == nullptr) throw Failure("OpenGL: glFenceSync failed");
  const auto marked = device.markSubmitted();
  if (!marked) throw Failure("OpenGL: " + describe(marked.error()));
  frame.submitted(OpenGlDevice::kApplicationQueue, *marked);
}

void OpenGlRenderer::draw(const Slot& slot) const {
  const GLuint vertexArray = vertexArray_.get();
  targets_.beginRendering();
  gl().glBindVertexArray(vertexArray);
  gl().glUseProgram(objectProgram_.get());
  for (const auto& list : slot.lists) {
    for (const DrawCommand& command : list) {
      const Place& vertices = command.parts[static_cast<std::size_t>(kVertexPart)];
      const Place& indices = command.parts[static_cast<std::size_t>(kIndexPart)];
      const Place& constants = command.parts[static_cast<std::size_t>(kConstantsPart)];
      gl().glVertexArrayVertexBuffer(vertexArray, 0, openGlBuffer(vertices.buffer),
                                     static_cast<GLintptr>(vertices.offset), sizeof(Vertex));
      gl().glVertexArrayElementBuffer(vertexArray, openGlBuffer(indices.buffer));
      gl().glBindBufferRange(GL_UNIFORM_BUFFER, 0, openGlBuffer(constants.buffer),
                             static_cast<GLintptr>(constants.offset), sizeof(ObjectConstants));
      gl().glUniform4fv(kPlacement, 1, glm::value_ptr(command.placement));
      // OpenGL takes the offset as a pointer.
      gl().glDrawElements(GL_TRIANGLES, static_cast<GLsizei>(command.indexCount), GL_UNSIGNED_INT,
                          reinterpret_cast<const void*>(static_cast<std::uintptr_t>(indices.offset)));
    }
  }
  // Chunks that stayed bound would keep their memory, and would not be bound anew in the next frame.
  gl().glVertexArrayVertexBuffer(vertexArray, 0, 0, 0, sizeof(Vertex));
  gl().glVertexArrayElementBuffer(vertexArray, 0);
  gl().glBindBufferBase(GL_UNIFORM_BUFFER, 0, 0);

  gl().glDepthMask(GL_FALSE);
  gl().glUseProgram(skyProgram_.get());
  gl().glDrawArrays(GL_TRIANGLES, 0, 3);
  targets_.endRendering();
}

void OpenGlRenderer::issueHashes(Slot& slot) const {
  for (const auto& list : slot.lists) {
    for (const DrawCommand& command : list) slot.hashes.append(command.parts);
  }
  slot.hashes.issue(*hashProgram_);
}

void OpenGlRenderer::copyPicture(Slot& slot) const {
  if (slot.readback.get() == 0) slot.readback = makeGlBuffer(targets_.pictureBytes(), GL_CLIENT_STORAGE_BIT);
  targets_.copyPicture(slot.readback.get());
  slot.pictured = true;
}

std::span<const std::byte> OpenGlRenderer::readPicture(Slot& slot) const {
  slot.picture.resize(targets_.pictureBytes());
  gl().glGetNamedBufferSubData(slot.readback.get(), 0, static_cast<GLsizeiptr>(slot.picture.size()),
                               slot.picture.data());
  return slot.picture;
}

void OpenGlRenderer::collect(Slot& slot, std::vector<FinishedFrame>& finished) const {
  gl().glDeleteSync(slot.done);
  slot.done = nullptr;
  FinishedFrame& frame = finished.emplace_back();
  frame.frame = slot.frame;
  if (slot.pictured) frame.picture = readPicture(slot);
  if (!hashProgram_) return;
  std::span<const std::uint64_t> hashes = slot.hashes.hashes();
  for (const auto& list : slot.lists) {
    for (const DrawCommand& command : list) addVerified(frame, command, hashes);
  }
}

std::vector<FinishedFrame> OpenGlRenderer::finish() {
  std::vector<FinishedFrame> finished;
  for (std::size_t i = 1; i <= slots_.size(); ++i) {  // From the oldest on; the current one is the newest.
    Slot& slot = slots_[(current_ + i) % slots_.size()];
    if (slot.done != nullptr && isDone(slot, std::numeric_limits<std::uint64_t>::max())) collect(slot, finished);
  }
  return finished;
}

std::span<const std::byte> OpenGlRenderer::lastPicture() {
  Slot& slot = slots_[current_];
  if (slot.frame == 0) return {};
  if (!slot.pictured) copyPicture(slot);
  return readPicture(slot);
}

}  // namespace

std::unique_ptr<Renderer> makeOpenGlRenderer(const RendererDesc& desc) {
  return std::make_unique<OpenGlRenderer>(desc);
}

}  // namespace flux::app
