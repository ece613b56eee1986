#pragma once

/// Places what a recorded program allocated by one of the strategies for applications without a pool.

#include "replay/metered_device.hpp"
#include "replay/operation_meter.hpp"
#include "replay/result.hpp"
#include "replay/target.hpp"
#include "replay/trace_reader.hpp"

#include <flux/strategies.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

namespace flux::app {

/// One replay of one trace through a `Strategy`. Objects have no contents; frames are submitted as for a pool, so that
/// places are used again as late. A resize is a free and an allocation, since its contents are lost.
///
/// **Thread contract.** One thread. Fatal problems throw Failure.
class PolicyReplayer {
 public:
  PolicyReplayer(ReplayTarget& target, std::string_view policy, const StrategyOptions& options);

  void apply(const TraceEvent& event);

  [[nodiscard]] std::uint64_t frames() const noexcept { return frames_; }

  /// Waits for the last frames.
  [[nodiscard]] PolicyFigures finish();

 private:
  struct Object {
    PartKind part = PartKind::Vertex;
    std::optional<AllocationId> allocation;  ///< None: no object, or one that found no room.
  };

  void allocate(Object& object, ByteCount bytes);
  void free(Object& object);
  void endFrame();

  ReplayTarget& target_;
  MeteredDevice device_;
  std::unique_ptr<Strategy> strategy_;
  std::vector<Object> objects_;  ///< By slot.
  std::size_t pending_ = 0;      ///< Frames in flight.

  OperationMeter meter_;
  Percentiles times_;
  PolicyFigures figures_;
  std::uint64_t frames_ = 0;
  double liveSum_ = 0, reservedSum_ = 0, freeSum_ = 0;
};

}  // namespace flux::app
