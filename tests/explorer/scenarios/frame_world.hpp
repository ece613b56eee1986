#pragma once

#include "explorer/explorer.hpp"
#include "explorer/scenarios/lookup_step.hpp"

#include "frame/frame_gate.hpp"
#include "frame/retirement.hpp"
#include "frame/snapshot_ring.hpp"

#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <vector>

namespace flux::explorer {

/// The frame layer with what surrounds it: a geometry thread that changes records, frames that look them up and submit,
/// queues that execute late. Every change gives a record a new range, so that one flag a range says whether it has come
/// free.
class FrameWorld : public Scenario {
 public:
  static constexpr std::uint32_t kRecords = 2;

  explicit FrameWorld(std::uint32_t queues);

  // ---- The geometry thread.
  /// Gives a record a new range, and retires the one before.
  void change(std::uint32_t record);
  void publish();
  void reclaim();

  // ---- Frames.
  /// Looks all records up: they are what the frame's snapshot says, and none of their ranges is free.
  void look(const Frame& frame);
  /// Submits work that reads what a snapshot names; the value for `Frame::submitted`.
  TimelineValue submit(SnapshotNumber seen, QueueId queue);

  /// After the fibers: the queues execute what is left, everything is published and reclaimed, and nothing was lost.
  void finish() override;

 protected:
  FrameGate gate_;

  /// Adds the fibers of the queues.
  void startQueues();

 private:
  using Range = std::uint32_t;  ///< 0: none.
  using Records = std::array<Range, kRecords>;

  struct Queue {
    Object object{"queue"};
    std::vector<Records> reads;  ///< By value, from 1 on.
    TimelineValue done = 0;
  };
  struct RangeState {
    Object object{"range"};
    bool free = false;
  };

  void executeNext(Queue& queue);
  void checkInUse(const Records& ranges, const char* message);
  Range newRange();

  std::vector<ChunkInfo> chunks_{1};
  SnapshotRing ring_;
  Retirement<Range> retirement_;
  std::deque<Queue> queues_;
  std::deque<RangeState> ranges_;
  Records master_{};
  std::array<SnapshotNumber, kRecords> firstNamed_{};  ///< The first snapshot that names the record's range.
  std::map<SnapshotNumber, Records> says_;             ///< What each snapshot has to say.
};

}  // namespace flux::explorer
