#pragma once

/// What the view loop needs of a renderer. One implements it for each back end (backends.hpp): those of graphics APIs
/// draw, Host only reads (its queues finish late), so that all run the same world through the same pool.

#include "failure.hpp"

#include <flux/assert.hpp>
#include <flux/device.hpp>
#include <flux/frame.hpp>
#include <flux/pool.hpp>

#include <glm/glm.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace flux::app {

/// Every object of the world has these parts, in this order.
inline constexpr PartId kVertexPart{0};
inline constexpr PartId kIndexPart{1};
inline constexpr PartId kConstantsPart{2};
inline constexpr std::size_t kObjectParts = 3;

/// 24 bytes; the vertex layout of all objects.
struct Vertex {
  glm::vec3 position;
  glm::vec3 normal;
};
static_assert(sizeof(Vertex) == 24);

/// The object's own constants, in its block (std140, 80 bytes).
struct ObjectConstants {
  glm::mat4 local;  ///< Applied before position and scale: spin, wobble, …
  glm::vec4 color;
};
static_assert(sizeof(ObjectConstants) == 80);

/// Per-frame camera.
struct CameraView {
  glm::mat4 viewProjection;
  glm::vec3 eye;
};

/// One object to draw, already looked up in the frame's snapshot by a render thread. Indices are 32-bit.
struct DrawCommand {
  std::uint32_t object = 0;    ///< The world's id of the object that is *drawn* (a fallback's own id).
  ContentVersion version = 0;  ///< What the snapshot says.
  std::array<Place, kObjectParts> parts;
  std::uint32_t indexCount = 0;
  glm::vec4 placement;  ///< xyz: position in the world, w: scale.
};

/// One object to draw by handle: the device looks it up in the mirror of the frame's snapshot, as `Frame::find` does
/// (as in vulkan/shaders/look_up.comp).
struct HandleDraw {
  BlockHandle block;
  std::uint64_t constants = 0;  ///< Address of those to draw instead of the block's own; 0: its own.
  glm::vec4 placement{};        ///< As `DrawCommand::placement`.
};
static_assert(sizeof(HandleDraw) == 32);

/// What the frame's tables say of one of them, when verifying.
struct ExpectedDraw {
  std::uint32_t draw = 0;  ///< Its number in the frame.
  std::uint32_t object = 0;
  ContentVersion version = 0;
  std::array<ByteCount, kObjectParts> bytes{};
};

/// What became of a frame's draws by handle.
struct HandleCounts {
  std::uint32_t issued = 0;
  std::uint32_t fallbacks = 0;
  std::uint32_t skipped = 0;
  friend bool operator==(const HandleCounts&, const HandleCounts&) = default;
};

/// What one drawn object looked like to the GPU, once its frame has finished.
struct VerifiedDraw {
  std::uint32_t object = 0;
  ContentVersion version = 0;
  std::array<std::uint64_t, kObjectParts> hashes{};  ///< `hashBytes` of each part, as computed on the device.
};

/// A frame that the GPU has finished.
struct FinishedFrame {
  std::uint64_t frame = 0;
  std::vector<VerifiedDraw> draws;  ///< Empty unless verifying.
  std::optional<HandleCounts> byHandle;
  /// RGBA, 4 bytes a pixel, row by row from the top; valid until the next frame is submitted. Empty without
  /// `RendererDesc::pictures`, and of a renderer that draws nothing.
  std::span<const std::byte> picture;
};

/// Draws frames. **Thread contract:** the frame thread makes all calls, except `record`, which the render threads call
/// between `beginFrame` and `submitFrame`, one thread at a time for each part. Fatal problems throw `Failure`.
class Renderer : public ChunkListener {
 public:
  static constexpr std::uint32_t kFramesInFlight = 3;

  /// The device to make the pool on. Valid as long as the renderer.
  [[nodiscard]] virtual Device& device() = 0;

  /// Waits until at most kFramesInFlight - 1 frames are unfinished, hands over what finished meanwhile, and prepares
  /// for frame `number`.
  [[nodiscard]] virtual std::vector<FinishedFrame> beginFrame(std::uint64_t number, const CameraView& camera) = 0;

  /// Records draws (and, when verifying, their hashes) behind those that the part's command list has. Parts 0 to N-1.
  virtual void record(std::uint32_t part, std::span<const DrawCommand> draws) = 0;

  /// Records all draws of the frame instead of `record`, on the frame thread: the device looks them up. `expected`:
  /// what it should find, if verifying; the others should find nothing. REQUIRES: `RendererDesc::indirect`.
  virtual void drawByHandle(const Frame& frame, std::span<const HandleDraw> draws,
                            std::span<const ExpectedDraw> expected) {
    (void)frame;
    (void)draws;
    (void)expected;
    FLUX_ASSERT(false, "only the Vulkan renderer draws by handle");
  }
  /// Indirect draw calls so far.
  [[nodiscard]] virtual std::uint64_t indirectCalls() const { return 0; }

  /// Submits the lists of all parts in order, after `frame.waits()`, and reports it with `frame.submitted`.
  virtual void submitFrame(Frame& frame) = 0;

  /// Waits for all frames and hands over the last ones. Afterwards a new frame may begin.
  [[nodiscard]] virtual std::vector<FinishedFrame> finish() = 0;

  /// The last frame's picture, as `FinishedFrame::picture`, also without `RendererDesc::pictures`; empty if there was
  /// no frame. Call after `finish`.
  [[nodiscard]] virtual std::span<const std::byte> lastPicture() = 0;

  /// Validation messages so far, the first few as text. Any thread.
  struct ValidationReport {
    std::uint64_t count = 0;
    std::vector<std::string> first;
  };
  [[nodiscard]] virtual ValidationReport validation() const = 0;

  // chunkCreated and chunkReleased (ChunkListener) are called on the geometry thread.
};

struct RendererDesc {
  std::uint32_t width = 1280;
  std::uint32_t height = 720;
  std::uint32_t parts = 2;  ///< Command lists that a frame is recorded into.
  bool indirect = false;    ///< Frames draw by handle. Vulkan only.
  bool pictures = false;    ///< Every frame's picture is copied to the host behind its draws.
  bool verify = false;
  bool validate = false;
  bool singleQueue = false;  ///< Copies and draws on one queue.
};

/// Makes a renderer that draws nothing, on a HostDevice.
[[nodiscard]] std::unique_ptr<Renderer> makeHostRenderer(const RendererDesc& desc);

}  // namespace flux::app
