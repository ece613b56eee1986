#pragma once

/// What the copy kernel reads: lists of segments in memory that the host writes and the device reads.

#include "device/vulkan/buffer_memory.hpp"

#include <flux/result.hpp>
#include <flux/types.hpp>

#include <cstdint>
#include <span>
#include <vector>

namespace flux::vulkan {

/// A part of a piece, as shaders/copy_segments.comp reads it. Addresses are in words of 4 bytes and have 48 bits, so up
/// to kAddressEnd; the 16 bits above the source's are the number of words.
struct alignas(16) Segment {
  std::uint64_t sourceAndWords = 0;
  std::uint64_t destination = 0;
};
static_assert(sizeof(Segment) == 16);
inline constexpr std::uint32_t kWordsShift = 48;
inline constexpr std::uint64_t kAddressEnd = std::uint64_t{1} << 50U;

/// Segments that one dispatch copies.
struct SegmentRun {
  std::uint64_t address = 0;
  std::uint32_t count = 0;
};

/// Memory for the lists of batches: pages that are filled one after the other, and again once no batch in flight has
/// segments in them.
///
/// **Thread contract.** One thread. Never waits: while all pages are in flight it makes another one.
/// **Invariants.** Pages are written front to back and never read (the memory may be write-combined). Beyond
/// kKeptPages, one page that is free is given back for each batch that begins.
class SegmentLists {
 public:
  /// What a page holds, and so the most that a run has.
  static constexpr std::uint32_t kPageSegments = 65536;
  static constexpr std::size_t kKeptPages = 4;

  explicit SegmentLists(BufferMemory& buffers) noexcept : buffers_(buffers) {}
  SegmentLists(const SegmentLists&) = delete;
  SegmentLists& operator=(const SegmentLists&) = delete;
  /// REQUIRES: no batch is in flight.
  ~SegmentLists();

  /// Once, before anything else. Makes the first page. Errors: as `BufferMemory::create`, and Unsupported where no
  /// memory is coherent.
  [[nodiscard]] Result<void> create(const VkPhysicalDeviceMemoryProperties& memory);

  /// Begins a batch; forgets what the last one added unless it was submitted.
  void begin(TimelineValue completed);
  /// Makes sure that there is a place for a segment. False: there is no memory for it; `failure` says why, and the
  /// batch cannot go on.
  [[nodiscard]] bool makeRoom() { return next_ != end_ || turnPage(); }
  /// REQUIRES: `makeRoom` before each. Writes whole segments, in order.
  void add(const Segment& segment) noexcept { *next_++ = segment; }
  [[nodiscard]] const Error& failure() const noexcept { return failure_; }
  /// Ends the batch: its segments, valid until the next one begins.
  [[nodiscard]] std::span<const SegmentRun> finish();
  /// The batch reaches the queue with this value.
  void submitted(TimelineValue value) noexcept;

 private:
  struct Page {
    Buffer buffer;
    Segment* segments = nullptr;
    TimelineValue lastUse = 0;
    bool inBatch = false;  ///< The batch that was begun last has segments here.
  };

  [[nodiscard]] bool turnPage();
  [[nodiscard]] Result<void> makePage();
  void closeRun();
  void startAt(std::size_t page) noexcept;

  BufferMemory& buffers_;
  BufferKind kind_;
  std::vector<Page> pages_;
  std::vector<SegmentRun> runs_;
  std::size_t current_ = 0;
  Segment* first_ = nullptr;  ///< Of the run that is being written.
  Segment* next_ = nullptr;
  Segment* end_ = nullptr;
  Error failure_;
  TimelineValue completed_ = 0;
};

}  // namespace flux::vulkan
