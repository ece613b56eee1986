#pragma once

#include "alloc/chunk_space.hpp"

#include <flux/defrag.hpp>

#include <cstdint>
#include <optional>
#include <vector>

namespace flux {

/// What became of a wish to move what lies in a range.
enum class MoveStart : std::uint8_t {
  Started,  ///< It is on its way.
  Waits,    ///< Not now; or it goes by itself: nobody's range any more, or one that somebody is about to get.
  Stays,    ///< It may not move.
  NoRoom,   ///< No chunk that holds something has a place for it.
};

/// Moves what lies in ranges, and knows what becomes of them without that.
class BlockMover {
 public:
  virtual ~BlockMover() = default;
  /// Whether it may not move.
  [[nodiscard]] virtual bool stays(RangeId range) const = 0;
  [[nodiscard]] virtual MoveStart move(RangeId range) = 0;
  /// The step's quota is used up.
  [[nodiscard]] virtual bool busy() const = 0;
  /// Of ranges that come free by themselves, at most: what has retired, and what is about to.
  [[nodiscard]] virtual ByteCount goingBytes() const = 0;
  /// A goal that was set is given up, when so many bytes are still wanted.
  virtual void goalFailed(ByteCount missingBytes) = 0;
};

/// Decides which chunk of a lifetime is emptied and when, and has its blocks moved out. Knows chunks and ranges alone:
/// what a range holds, and how it moves, is the mover's business.
///
/// A chunk is found by looking at a bounded number of chunks a step: the one with the fewest used bytes for its size.
/// It is taken out of service, then looked through for what may not move, then emptied, the large blocks first: if one
/// finds no room, that shows before much has been copied for nothing. When it is empty it is released, or kept as the
/// spare. It goes back into service when it cannot be emptied, or when somebody needs the room.
///
/// For a hole, the window of that size in which the fewest bytes are used is cleared, of all chunks' whose blocks fit
/// elsewhere. Where they find no room in the end, the blocks behind a chunk's first hole move out until the hole is
/// large enough or nothing more fits elsewhere; then the next chunk. So the largest gap travels through the chunks and
/// takes their small holes along.
///
/// One thing is wanted at a time, so what cannot be had must not stand in the way of the next: it is given up at once
/// when less is free, and comes free by itself, than it takes. What comes free is waited for, but not for ever: frames
/// may hold it.
///
/// **Thread contract.** Geometry thread only. **Cost.** Each call of `step` looks at most at `kChunkLooks` chunks or
/// `kRangeLooks` ranges, whatever there is, or for a window once at `kWindowLooks`; taking a chunk out of service and
/// back costs a look at each of its ranges.
class Defragmenter {
 public:
  static constexpr std::uint32_t kChunkLooks = 128;
  static constexpr std::uint32_t kRangeLooks = 512;
  /// A move counts as so many looks: it finds a place, and what lies in the range.
  static constexpr std::uint32_t kLooksOfAMove = 8;
  static constexpr std::uint32_t kWindowLooks = 8192;
  /// A window is given up when for so many steps nothing that is left in it found room.
  static constexpr std::uint32_t kRoomSteps = 16;
  /// A chunk goes back into service when for so many steps no block could leave it.
  static constexpr std::uint32_t kPatienceSteps = 240;
  /// What is wanted is given up when for so many steps what was going has not come free, or nothing more was won.
  static constexpr std::uint32_t kSearchSteps = 60;
  /// `DefragPolicy::retrySteps` grows to so many times itself at most.
  static constexpr std::uint32_t kMostRetries = 64;

  Defragmenter(const DefragPolicy& policy, bool automatic) : policy_(policy), automatic_(automatic) {}

  /// Goes on. `step` never falls.
  void step(ChunkSpace& space, BlockMover& mover, std::uint64_t step, bool quiet) {
    if (!victim_ && (step < nextLook_ || (!wanted() && (!automatic_ || stampOf(space) == seen_)))) return;
    work(space, mover, step, quiet);
  }

  /// Takes the place of the goal before.
  void setGoal(const DefragGoal& goal, std::uint64_t step);
  /// A request failed although so many bytes are free in all: they are too scattered.
  void noteRefusal(const ChunkSpace& space, ByteCount bytes, ByteCount alignment, std::uint64_t step);
  /// A request failed for which chunks of so many bytes have to go, whoever made it.
  void noteLack(const ChunkSpace& space, ByteCount bytes, std::uint64_t step);

  /// Somebody waits for what moves: no block is too young for it.
  [[nodiscard]] bool makesHole() const { return victim_ && pass_ >= Pass::Clear; }
  /// The chunk that is being emptied.
  [[nodiscard]] std::optional<ChunkIndex> victim() const { return victim_; }
  /// It goes back into service: somebody needs its room. REQUIRES: there is one.
  void revive(ChunkSpace& space, std::uint64_t step);
  /// Somebody else empties the chunk, out of service as it is.
  void leave(ChunkIndex chunk);
  /// Forgets all it was about to do: the device is lost.
  void abandon();

 private:
  static constexpr ByteCount kNeverTried = ~ByteCount{0} / 2;

  enum class Pass : std::uint8_t {
    Survey,  ///< Whether all may move.
    Large,   ///< Blocks of more than a sixteenth of a chunk move.
    All,     ///< The others, and those that had to wait.
    Clear,   ///< For a hole: all blocks of a window move.
    Seek,    ///< Likewise: for the first hole with a block behind it that moves.
    Widen,   ///< The blocks behind it move.
    Retire,  ///< They have still to leave.
  };
  /// Whether anything has changed in a space.
  struct Stamp {
    ByteCount freeBytes = ~ByteCount{0};
    std::uint32_t ranges = 0;
    friend bool operator==(const Stamp&, const Stamp&) = default;
  };
  struct Candidate {
    ChunkIndex chunk{};
    ChunkSpace::SharedUse use;
  };
  /// As large as the hole that is wanted.
  struct Window {
    ChunkIndex chunk{};
    RangeId before;        ///< The range in front of it; null: it begins with the chunk.
    ByteOffset begin = 0;  ///< Behind that.
    ByteCount usedBytes = 0;
  };

  [[nodiscard]] static Stamp stampOf(const ChunkSpace& space) { return {space.freeBytes(), space.liveRanges()}; }
  [[nodiscard]] std::uint64_t mostRetrySteps() const { return std::uint64_t{kMostRetries} * policy_.retrySteps; }
  [[nodiscard]] bool wanted() const { return wantedChunks_ != 0 || holeBytes_ != 0; }
  void work(ChunkSpace& space, BlockMover& mover, std::uint64_t step, bool quiet);
  void look(ChunkSpace& space, BlockMover& mover, std::uint64_t step);
  void decide(ChunkSpace& space, BlockMover& mover, std::uint64_t step);
  void giveUpChunks(const ChunkSpace& space, BlockMover& mover, std::uint64_t step);
  [[nodiscard]] static bool fitsElsewhere(const ChunkSpace& space, const Candidate& candidate, ByteCount going = 0);
  [[nodiscard]] bool worthwhile(const ChunkSpace& space, const Candidate& candidate) const;
  [[nodiscard]] std::optional<Window> cheapestWindow(const ChunkSpace& space, const BlockMover& mover);
  [[nodiscard]] bool holeFits(const ChunkSpace& space, ByteCount going = 0) const;
  void makeHole(ChunkSpace& space, BlockMover& mover, std::uint64_t step);
  void sweep(ChunkSpace& space, BlockMover& mover, std::uint64_t step);
  void giveUpHole(const ChunkSpace& space, BlockMover& mover, std::uint64_t step);
  void begin(ChunkSpace& space, ChunkIndex chunk, Pass pass, std::uint64_t step);
  void empty(ChunkSpace& space, BlockMover& mover, std::uint64_t step);
  [[nodiscard]] ChunkSpace::TakenRange firstOfWindow(const ChunkSpace& space) const;
  void clear(ChunkSpace& space, BlockMover& mover, std::uint64_t step);
  void widen(ChunkSpace& space, BlockMover& mover, std::uint64_t step);
  void emptied(ChunkSpace& space, std::uint64_t step, bool quiet);
  void giveUp(ChunkSpace& space, std::uint64_t step);
  void putBack(ChunkSpace& space);
  void beginSearch(std::uint64_t step);
  void forgetFailures(std::uint64_t step);
  [[nodiscard]] bool holeIsThere(const ChunkSpace& space) const { return space.largestFreeBytes() >= holeBytes_; }

  DefragPolicy policy_;
  bool automatic_;
  // What is wanted.
  std::uint32_t wantedChunks_ = 0;
  ByteCount holeBytes_ = 0;
  bool isGoal_ = false;  // that was set; else of a request that was refused
  // Looking for a chunk.
  std::uint64_t nextLook_ = 0;
  std::uint64_t nextChunk_ = 0;  // the step from which on the next one may be emptied, if nothing is wanted
  std::uint64_t retrySteps_ = policy_.retrySteps;
  Stamp seen_;
  std::uint32_t lookAt_ = 0;
  std::uint32_t held_ = 0;  // chunks that hold something, of those looked at
  std::optional<Candidate> best_;
  // What could not be done is not tried again before these steps, unless much more is free than when it was tried last.
  std::vector<std::uint64_t> notBefore_;  // by chunk: it could not be emptied
  std::uint64_t noHoleBefore_ = 0;        // of this size or more, for a refusal
  ByteCount deniedHole_ = 0;
  std::uint64_t noGoalBefore_ = 0;  // of chunks, for a refusal
  ByteCount triedWith_ = kNeverTried;
  // Making a hole.
  bool windowTried_ = false;    // since the last round
  std::uint32_t windowAt_ = 0;  // the chunk that was looked at last
  std::uint64_t wonStep_ = 0;   // in which the goal was set, or a round won something
  std::uint32_t sweepAt_ = 0;
  ByteCount sweepBegan_ = 0;  // with this largest free range
  // Emptying a chunk.
  std::optional<ChunkIndex> victim_;
  Pass pass_ = Pass::Survey;
  RangeId next_;                // range to look at
  RangeId before_;              // the range in front of the hole that is widened; null: the hole is the chunk's start
  ByteOffset holeBegin_ = 0;    // behind `before_`
  ByteOffset holeEnd_ = 0;      // behind the last block that has moved
  std::uint64_t lastMove_ = 0;  // step
};

}  // namespace flux
