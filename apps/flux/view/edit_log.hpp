#pragma once

/// What was asked of edited objects, and when: so that it can be checked how far the picture lags.

#include "view/world.hpp"

#include <array>
#include <cstdint>
#include <mutex>
#include <optional>
#include <unordered_map>

namespace flux::app {

/// The newest versions that the pool accepted for each edited object, by frame, and the parts that marked it.
///
/// **Thread contract.** Any thread. **Bounds.** The last kFrames frames with an edit are remembered for each object.
class EditLog {
 public:
  static constexpr std::size_t kFrames = 64;

  /// The pool accepted `version` while `frame` was the newest frame. Frames never go back.
  void accepted(ObjectId object, ContentVersion version, std::uint64_t frame);

  /// A part that marks the object was asked for.
  void marked(ObjectId object, PartId part);

  /// The object is gone.
  void forget(ObjectId object);

  /// The newest version that was accepted in `frame` or before; 0 when none was, or none is remembered.
  [[nodiscard]] ContentVersion acceptedBy(ObjectId object, std::uint64_t frame) const;

  /// The parts that marked it lately, the newest first. Which of them a frame has is for its snapshot to say.
  using Marks = std::array<PartId, 8>;
  [[nodiscard]] std::optional<Marks> marksOf(ObjectId object) const;

 private:
  struct Entry {
    std::uint64_t frame = 0;
    ContentVersion version = 0;
  };
  struct History {
    std::array<Entry, kFrames> entries{};
    std::size_t newest = 0;
    std::optional<Marks> marks;
  };

  mutable std::mutex mutex_;
  std::unordered_map<ObjectId, History> histories_;
};

}  // namespace flux::app
