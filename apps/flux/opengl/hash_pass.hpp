#pragma once

/// Hashes ranges of chunks on the device, for --verify.

#include "opengl/objects.hpp"

#include <flux/frame.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace flux::app::opengl {

/// The shader that hashes, and how much of a buffer it can see at once.
class HashProgram {
 public:
  HashProgram();

  [[nodiscard]] GLuint get() const noexcept { return program_.get(); }
  [[nodiscard]] ByteCount windowBytes() const noexcept { return windowBytes_; }
  [[nodiscard]] ByteCount windowAlignment() const noexcept { return windowAlignment_; }

 private:
  UniqueProgram program_;
  ByteCount windowBytes_ = 0;
  ByteCount windowAlignment_ = 0;
};

/// The hashes of one frame in flight: places go in, `hashBytes` of each comes out once the frame has finished.
///
/// **Thread contract.** One thread, with the drawing context. **Invariants.** Between `issue` and the end of that frame
/// on the device nothing else is issued.
class HashPass {
 public:
  /// Forgets the places.
  void clear() noexcept { places_.clear(); }
  /// Takes the next places; their hashes will have the same order.
  void append(std::span<const Place> places) { places_.insert(places_.end(), places.begin(), places.end()); }
  /// Issues the hashing of all places.
  void issue(const HashProgram& program);
  /// `hashBytes` of each place. REQUIRES: what was issued has finished.
  [[nodiscard]] std::span<const std::uint64_t> hashes() const noexcept { return hashes_.first(places_.size()); }

 private:
  void reserve(std::size_t pieces);

  std::vector<Place> places_;
  UniqueGlBuffer pieces_;
  std::size_t pieceCapacity_ = 0;
  UniqueGlBuffer hashBuffer_;
  std::span<std::uint64_t> hashes_;  ///< All of `hashBuffer_`, mapped.
};

}  // namespace flux::app::opengl
