#pragma once

#include "transfer/read_state.hpp"
#include "transfer/staging_pages.hpp"

#include <flux/device.hpp>
#include <flux/pool.hpp>
#include <flux/readback.hpp>

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <source_location>
#include <vector>

namespace flux {

/// What has been asked to come back from the device, until it is taken.
///
/// A read looks its place up only when its turn has come, in the step that submits its copy: so nothing has to stay in
/// place for one that waits. It waits for room in the pages for readback, for the step's quota, and for the work that
/// it comes after, which has to be seen done: on the device the copy queue would wait for that, and uploads behind it.
///
/// **Thread contract.** Geometry thread only; `openPages`: any thread.
/// **Order.** First in, first out, but those whose time has not come hold nobody up.
/// **Failure.** What a batch that the device refuses was to bring is asked for again in the next step.
class ReadbackQueue {
 public:
  /// Pages have the indices from `firstPage` on.
  ReadbackQueue(Device& device, ByteCount pageBytes, ByteCount limitBytes, StagingIndex firstPage, Witness* witness)
      : device_(device),
        witness_(witness),
        pages_(device, pageBytes, limitBytes, firstPage, StagingUse::Readback, witness, kStaging) {}

  void enqueue(const ReadRange& range, ReadPromise promise, std::source_location where);

  /// Where a range lies now.
  struct Found {
    ChunkIndex chunk{};
    ByteOffset offset = 0;
    ByteCount bytes = 0;
    ContentVersion version = 0;
  };
  using Find = std::function<Result<Found>(const ReadRange& range, std::source_location where)>;
  /// Submits a batch with those whose turn it is. `submitted` is its value, 0 if there is none. Errors: of the device;
  /// nothing is lost, and those before the one for which there was no page may be on their way all the same.
  Result<void> advance(const StepQuota& quota, StepReport& report, const Find& find, TimelineValue& submitted);

  /// Hands out what has arrived, and makes room. Once a step.
  void recycle(TimelineValue completed);

  /// Nothing will arrive any more.
  void abandon(const Error& error);

  [[nodiscard]] bool empty() const noexcept { return waiting_.empty() && inFlight_.empty() && arrived_.empty(); }
  [[nodiscard]] std::uint32_t waiting() const noexcept {
    return static_cast<std::uint32_t>(waiting_.size() + inFlight_.size());
  }
  [[nodiscard]] ByteCount openPages() const noexcept { return pages_.openPages(); }
  [[nodiscard]] const StagingPages& pages() const noexcept { return pages_; }

 private:
  struct Read {
    ReadRange range;
    ReadPromise promise;
    std::source_location where{};
    // Once it is submitted:
    StagedBytes staged;
    ByteCount skip = 0;  ///< Of them, before what was asked for.
    ContentVersion version = 0;
    TimelineValue value = 0;
  };

  [[nodiscard]] Result<bool> record(Read& read, const Found& found);
  void noteSubmitted(TimelineValue value);
  void forgetReady();

  static constexpr std::uint32_t kStaging = 2;  ///< As witnesses know it.

  Device& device_;
  Witness* const witness_;  ///< Null: nobody looks on.
  StagingPages pages_;      ///< Outlives what lies in it.
  std::deque<Read> waiting_;
  std::deque<Read> inFlight_;  ///< By value.
  std::vector<ReadPromise> arrived_;
  std::vector<CopyPiece> batch_;
};

}  // namespace flux
