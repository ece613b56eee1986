#pragma once

/// Does to a pool what a recorded program did to its driver.

#include "furthest_use.hpp"
#include "replay/metered_device.hpp"
#include "replay/operation_meter.hpp"
#include "replay/result.hpp"
#include "replay/target.hpp"
#include "replay/trace_reader.hpp"
#include "replay/verifier.hpp"

#include <flux/pool.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace flux::app {

struct ReplayerDesc {
  PoolDesc pool;
  bool share = true;  ///< Small objects share blocks.
  bool verify = false;
  std::chrono::nanoseconds frameTime{};  ///< Of the recording: what the pool takes for the time between its steps.
};

/// One replay of one trace. An object is a block with one part, or, if it is small, a part of a block that small
/// objects share; the events of a frame are followed by its submission, a step and a publish.
///
/// - A draw looks its object up in the frame that is open, so it sees the newest snapshot; what was added since is a
///   miss. An object that was found once must be found until it is removed or resized.
/// - An update gives the whole part a new version. While nobody has asked for an object's first bytes, it just changes
///   what they will be: an object that is filled where it is made is uploaded once.
/// - A resize is a removal and an addition.
///
/// **Thread contract.** One thread: geometry thread and render thread in one. Fatal problems throw Failure.
class Replayer {
 public:
  /// `device` is the target's, or one that passes on to it. What calls take is added to `times`.
  Replayer(ReplayTarget& target, Device& device, const ReplayerDesc& desc, ReplayTimes& times);
  ~Replayer();
  Replayer(const Replayer&) = delete;
  Replayer& operator=(const Replayer&) = delete;

  void apply(const TraceEvent& event);

  /// Ends the replay: waits until every object has its newest bytes and verifies them in full, unless `interrupted`.
  /// Counts are those of the trace's end.
  [[nodiscard]] ReplayCounts finish(bool interrupted);

  [[nodiscard]] std::uint64_t frames() const noexcept { return frames_; }

 private:
  /// Contents that the object has from a version of its block on.
  struct Contents {
    ContentVersion from = 0;
    std::uint32_t number = 0;  ///< Counts the object's own.
  };
  struct Object {
    std::uint32_t id = 0;
    PartKind kind = PartKind::Vertex;
    BlockHandle block;  ///< Null: no object, or one that found no room.
    PartId part{};
    bool shared = false;             ///< The block is not the object's own.
    bool asked = false;              ///< For its bytes.
    ContentVersion drawn = 0;        ///< The block's version that was drawn last; 0: none.
    std::vector<Contents> contents;  ///< That frames may still find, oldest first.
    VerifiedObject verified;
  };

  static bool fillContents(void* context, const FillRequest& request);
  static std::string nameOf(const Object& object);

  void add(std::uint32_t slot, ByteCount bytes);
  [[nodiscard]] Result<SharedPart> addToPool(const Object& object, const PartDesc& part, const std::string& name);
  void remove(Object& object);
  void update(std::uint32_t slot);
  void draw(Object& object);
  [[nodiscard]] bool upToDate(const Object& object) const;
  void verify(Object& object, const PartLookup& found);
  void endFrame();
  void submitFrame();
  void finishOldest();
  void stepAndPublish();
  void settle();
  void settle(Object& object);
  void settleUnderBudget();
  void bringBack(std::span<Object* const> objects);

  ReplayTarget& target_;
  MeteredDevice device_;
  std::unique_ptr<Pool> pool_;
  Frame frame_;
  const bool share_;
  const bool verify_;
  const std::chrono::nanoseconds frameTime_;
  std::chrono::steady_clock::time_point now_;  ///< The recording's.
  std::vector<Object> objects_;                ///< By slot.
  ReplayVerifier verifier_;
  std::size_t pending_ = 0;  ///< Frames in flight.
  const bool evicts_;
  FurthestUse wanted_;  ///< Of a pool that evicts.

  ReplayTimes& times_;
  OperationMeter meter_;
  CallTimer stepTimer_;
  ReplayCounts counts_;
  std::uint64_t frames_ = 0;
  double liveSum_ = 0, reservedSum_ = 0, retiredSum_ = 0;
  double smallObjects_ = 0, smallLive_ = 0, smallSpace_ = 0, smallHeld_ = 0, smallMetadata_ = 0;  ///< Sums over frames.
};

}  // namespace flux::app
