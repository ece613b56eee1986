#pragma once

#include "explorer/explorer.hpp"

#include <flux/host.hpp>

#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <utility>
#include <vector>

namespace flux::explorer {

/// The application's queue that draws go to.
inline constexpr QueueId kDrawQueue{1};

/// A Host device whose queues are fibers: each piece of work happens in a step of its own, however late. It may be
/// lost: then nothing happens any more, and values say anything: that everything has happened, or what they said
/// before.
class LateDevice : public Device {
 public:
  /// `queues`: of the application, from `kDrawQueue` on.
  explicit LateDevice(std::uint32_t queues = 1);

  /// Adds the fibers of the copy queue and the application's queues.
  void startQueues();
  /// A step: the device is lost.
  void lose();
  /// After the fibers: all that is queued happens.
  void finishQueues();

  /// A draw of one range, which should hash to `hash` when it happens.
  TimelineValue draw(const Place& place, std::uint64_t hash, std::span<const QueueValue> waits);
  /// Work that reads nothing of the pool's.
  TimelineValue submit(QueueId queue);
  /// How far an application's queue really is. In a step with `touchQueues`.
  [[nodiscard]] TimelineValue executed(QueueId queue) const noexcept { return application(queue).done; }
  /// What a step reads that looks at `executed` or `lost`.
  void touchQueues(Touch& touch) const;
  /// A step: what a place hashes to now.
  std::uint64_t read(const Place& place);

  [[nodiscard]] bool lost() const noexcept { return lost_; }
  /// What the last poll said.
  [[nodiscard]] bool seenLost() const noexcept { return seenLost_; }
  [[nodiscard]] TimelineValue copiesSubmitted() const noexcept { return copies_.submitted; }

  const DeviceCaps& caps() const noexcept override { return host_->caps(); }
  Result<ChunkInfo> createChunk(ChunkIndex index, ByteCount bytes) override;
  void destroyChunk(ChunkIndex index) noexcept override { host_->destroyChunk(index); }
  Result<std::span<std::byte>> openStaging(StagingIndex index, ByteCount bytes, StagingUse use) override;
  Result<void> sealStaging(StagingIndex index, ByteCount bytes) override { return host_->sealStaging(index, bytes); }
  void closeStaging(StagingIndex index) noexcept override { host_->closeStaging(index); }
  Result<TimelineValue> submit(std::span<const CopyPiece> batch, std::span<const QueueValue> waits) override;
  Result<void> poll() override;
  TimelineValue completed(QueueId queue) const noexcept override;
  Result<void> wait(QueueId queue, TimelineValue value, std::chrono::nanoseconds timeout) override;
  MemoryBudget budget() override { return host_->budget(); }
  void setName(ChunkIndex index, std::string_view name) noexcept override { host_->setName(index, name); }
  void rangeReclaimed(ChunkIndex index, ByteOffset offset, ByteCount bytes) noexcept override;

 private:
  struct Draw {
    Place place;
    std::uint64_t expected = 0;
    std::uint64_t found = 0;
    TimelineValue waitsForCopy = 0;
    TimelineValue copy = 0;  ///< That wrote what it reads.
  };
  struct Queue {
    explicit Queue(const char* name) : object(name) {}
    Object object;
    TimelineValue submitted = 0;
    TimelineValue done = 0;
    std::deque<Draw> draws;  ///< By value, from 1 on. Of the application's queues.
  };

  [[nodiscard]] Queue& application(QueueId queue) noexcept { return queues_[static_cast<std::uint32_t>(queue) - 1]; }
  [[nodiscard]] const Queue& application(QueueId queue) const noexcept {
    return queues_[static_cast<std::uint32_t>(queue) - 1];
  }
  void executeCopy();
  [[nodiscard]] bool copyMayRun() const;
  void executeDraw(QueueId id);
  void touchMemory(Touch& touch, ByteOffset offset, ByteCount bytes, Access access) const;
  [[nodiscard]] static Error lostError();

  std::unique_ptr<HostDevice> host_;
  Queue copies_{"copy queue"};
  std::deque<Queue> queues_;                                             ///< Of the application.
  std::vector<std::vector<CopyPiece>> batches_;                          ///< By copy value, from 1 on.
  std::vector<std::vector<QueueValue>> waits_;                           ///< Of the batches.
  std::map<std::pair<ChunkIndex, ByteOffset>, TimelineValue> lastCopy_;  ///< By place: the copy that writes it.
  /// Memory is shared by the range: objects by 256 bytes, the same ones again and again.
  std::array<std::unique_ptr<Object>, 8> memory_;
  bool lost_ = false;
  bool seenLost_ = false;
  bool saysEverything_ = false;
};

}  // namespace flux::explorer
