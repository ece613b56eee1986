#pragma once

#include "alloc/chunk_space.hpp"
#include "pool/defragmenter.hpp"

#include <flux/types.hpp>

#include <cstdint>
#include <functional>
#include <span>
#include <utility>
#include <vector>

namespace flux {

/// Decides which chunks have to go when a limit has fallen below what is reserved, and takes them out of service. Knows
/// chunks alone, and which of them are held because something in them may not leave: what that is, and how the rest
/// leaves, is the pool's business.
///
/// A survey finds out which chunks are held, and how much is in the others. Of these the emptiest go, as many as it
/// takes; should the defragmenter be emptying one of them, it stops, and the chunk goes all the same. What becomes held
/// comes back into service, and another chunk goes; when less has to go, those that were chosen last come back. What
/// has become held no more is seen by the next survey, which begins when the chunks of this one are used up.
///
/// **Thread contract.** Geometry thread only.
///
/// **Invariants.**
/// - (E1) A chunk that goes is here and out of service, no defragmenter is emptying it, and it is not known to be held.
/// - (E2) After `choose`, all that go but the one that was chosen last have less bytes than have to go.
///
/// **Cost.** `choose` looks at most at `kHolderLooks` holders and `kChunkLooks` chunks, and at those that go, and takes
/// at most `kChunksChosen` out of service. That costs a look at each of a chunk's ranges, as it does to put one back.
/// All else is O(1), but for what is put back.
class Evacuation {
 public:
  static constexpr std::uint32_t kHolderLooks = 16'384;
  static constexpr std::uint32_t kChunkLooks = 1024;
  /// A step's quota of evictions empties four of the default size.
  static constexpr std::uint32_t kChunksChosen = 16;

  /// Calls `hold` for the chunks that those of [first, end) hold, of all that may hold any.
  using AskHolders = std::function<void(std::uint32_t first, std::uint32_t end)>;

  /// Both outlive it. No chunk is in two spaces.
  Evacuation(std::span<ChunkSpace> spaces, std::span<Defragmenter> defragmenters)
      : spaces_(spaces), defragmenters_(defragmenters) {}

  /// Goes on, once a step, until chunks of `excess` bytes go, and gives back those that need not. `ask` is called if a
  /// survey goes on, for as many of the `holders` as a step may look at. False: the survey has ended in this step, and
  /// all that it found is too little. REQUIRES: `excess` is not 0; there are not fewer holders than before.
  [[nodiscard]] bool choose(ByteCount excess, std::uint32_t holders, const AskHolders& ask);
  /// None has to go any more.
  void stop();
  /// The next survey begins anew: what has been found out is too old.
  void forgetSurvey();

  /// Whether `hold` has to be told, which is so from the first survey on.
  [[nodiscard]] bool listens() const noexcept { return !held_.empty(); }
  /// Something in the chunk may not leave, from now on.
  void hold(ChunkIndex chunk);
  /// The chunk is about to be removed from its space.
  void forget(ChunkIndex chunk);

  [[nodiscard]] bool goes(ChunkIndex chunk) const noexcept { return !goes_.empty() && goes_[indexOf(chunk)]; }
  /// Whether any went when `choose` had decided last; after `stop` none do.
  [[nodiscard]] bool underWay() const noexcept { return !chosen_.empty(); }

 private:
  [[nodiscard]] static std::uint32_t indexOf(ChunkIndex chunk) noexcept { return static_cast<std::uint32_t>(chunk); }
  [[nodiscard]] ChunkSpace* spaceOf(ChunkIndex chunk) const noexcept;
  [[nodiscard]] bool survey(std::uint32_t holders, const AskHolders& ask);
  void take(ChunkSpace& space, ChunkIndex chunk);
  void keep(ChunkIndex chunk);

  std::span<ChunkSpace> spaces_;
  std::span<Defragmenter> defragmenters_;
  std::vector<ChunkIndex> chosen_;  // in this order; since the last `choose` some may have gone, or go no more
  std::vector<bool> goes_;          // by chunk
  ByteCount bytes_ = 0;             // of those that go
  // The survey.
  std::vector<bool> held_;  // by chunk: as far as it has seen, and what has become held since
  std::vector<std::pair<ByteCount, ChunkIndex>> emptiest_;  // used bytes of those that may go: a heap, least first
  std::uint32_t seenHolders_ = 0;
  std::uint32_t seenChunks_ = 0;
  bool surveyed_ = false;  // it has ended, and `emptiest_` is not used up
};

}  // namespace flux
