#include "pool/record_mirrors.hpp"

#include <flux/assert.hpp>

#include <algorithm>
#include <bit>
#include <cstring>
#include <limits>
#include <utility>

namespace flux {
namespace {

constexpr ByteCount kRecordBytes = sizeof(DeviceRecord);
constexpr std::uint32_t kLeastCapacity = 256;
/// As witnesses know it.
constexpr std::uint32_t kMirrorStaging = 1;

constexpr std::uint8_t mirrorBit(std::uint32_t mirror) {
  return static_cast<std::uint8_t>(1U << mirror);
}

}  // namespace

RecordMirrors::RecordMirrors(Device& device, SnapshotRing& ring, const ChunkInfo* chunks, std::uint32_t most,
                             std::uint32_t capacity, ByteCount pageBytes, ByteCount stagingLimitBytes,
                             StagingIndex firstPage, Witness* witness)
    : device_(device),
      ring_(ring),
      chunks_(chunks),
      capacity_(capacity),
      mirrors_(most),
      listed_(capacity),
      staging_(device, pageBytes, stagingLimitBytes, firstPage, StagingUse::Upload, witness, kMirrorStaging) {
  FLUX_ASSERT(most <= kMaxRecordMirrors, "each mirror has a bit");
  ring.trackEdits();
}

// ---- What each mirror lacks --------------------------------------------------------------------------------

bool RecordMirrors::listEdits() {
  if (!listed_.commit(ring_.count())) return false;
  ring_.takeEdited([this](std::uint32_t index) {
    for (std::uint32_t i = 0; i < mirrors_.size(); ++i) {
      if (index < mirrors_[i].count) add(i, index);  // what lies beyond is missing anyway
    }
  });
  return true;
}

void RecordMirrors::add(std::uint32_t mirror, std::uint32_t index) {
  if ((listed_[index] & mirrorBit(mirror)) != 0) return;
  listed_[index] |= mirrorBit(mirror);
  mirrors_[mirror].behind.push_back(index);
}

void RecordMirrors::clear(std::uint32_t mirror) {
  for (const std::uint32_t index : mirrors_[mirror].behind) {
    listed_[index] &= static_cast<std::uint8_t>(~mirrorBit(mirror));
  }
  mirrors_[mirror].behind.clear();
  mirrors_[mirror].count = 0;
}

std::size_t RecordMirrors::backlog(const Mirror& mirror) const {
  return mirror.behind.size() + (ring_.count() - mirror.count);
}

/// So far that a copy of the other on the device costs less than the list: nobody needed the mirror for long.
bool RecordMirrors::farBehind(const Mirror& mirror, const Mirror& other) const {
  constexpr std::uint32_t kShare = 8;
  return mirror.behind.size() > other.behind.size() + ring_.count() / kShare;
}

std::optional<std::uint32_t> RecordMirrors::choose() const {
  std::optional<std::uint32_t> best;
  std::size_t least = std::numeric_limits<std::size_t>::max();
  for (std::uint32_t i = 0; i < mirrors_.size(); ++i) {
    const Mirror& mirror = mirrors_[i];
    if (!mirror.free) continue;
    // One that needs a place is worse than any other; after the first of these, no other is better.
    const std::size_t cost = neededBytes(i) == 0 ? backlog(mirror) : std::numeric_limits<std::size_t>::max() - 1;
    if (cost < least) {
      best = i;
      least = cost;
    }
  }
  return best;
}

// ---- Where they lie ----------------------------------------------------------------------------------------

std::optional<std::uint32_t> RecordMirrors::tooSmallFor(std::uint32_t count) const {
  // A free one with a place leaves that at once; one that is not free still needs its own for a while.
  const auto rank = [](const Mirror& mirror) { return !mirror.free ? 2 : !mirror.place ? 1 : 0; };
  std::optional<std::uint32_t> small;
  std::uint32_t large = 0;
  for (std::uint32_t i = 0; i < mirrors_.size(); ++i) {
    if (neededBytes(i, count) == 0) {
      ++large;
    } else if (!small || rank(mirrors_[i]) < rank(mirrors_[*small])) {
      small = i;
    }
  }
  return large < 2 ? small : std::nullopt;
}

ByteCount RecordMirrors::neededBytes(std::uint32_t mirror, std::uint32_t count) const {
  const std::optional<Placement>& place = mirrors_[mirror].next ? mirrors_[mirror].next : mirrors_[mirror].place;
  if (place && count * kRecordBytes <= place->bytes) return 0;
  return std::min(capacity_, std::max(kLeastCapacity, std::bit_ceil(count))) * kRecordBytes;
}

std::optional<Placement> RecordMirrors::move(std::uint32_t mirror, const Placement& to) {
  if (!mirrors_[mirror].free) return std::exchange(mirrors_[mirror].next, to);  // it may be read where it is
  clear(mirror);
  std::optional<Placement> before = std::exchange(mirrors_[mirror].place, to);
  if (!before) ++made_;
  return before;
}

std::optional<Placement> RecordMirrors::setFree(std::uint32_t mirror) {
  Mirror& of = mirrors_[mirror];
  of.free = true;
  if (!of.next) return std::nullopt;
  clear(mirror);
  std::optional<Placement> before = std::exchange(of.place, of.next);
  of.next.reset();
  return before;
}

std::optional<Placement> RecordMirrors::giveUp(std::uint32_t mirror) {
  FLUX_ASSERT(mirrors_[mirror].free, "a mirror that may be read stays where it is");
  clear(mirror);
  std::optional<Placement> before = std::exchange(mirrors_[mirror].place, std::nullopt);
  if (before) --made_;
  return before;
}

Place RecordMirrors::view(std::uint32_t mirror) const {
  const Mirror& of = mirrors_[mirror];
  const ChunkInfo& chunk = chunks_[static_cast<std::uint32_t>(of.place->chunk)];
  return {.buffer = chunk.buffer,
          .chunk = of.place->chunk,
          .offset = of.place->offset,
          .bytes = of.count * kRecordBytes,
          .address = chunk.address != 0 ? chunk.address + of.place->offset : 0};
}

// ---- Writing -----------------------------------------------------------------------------------------------

RecordMirrors::Written RecordMirrors::write(std::uint32_t index) {
  Mirror& mirror = mirrors_[index];
  FLUX_ASSERT(mirror.free, "a mirror that may be read is never written");
  Written written;
  if (published_ && farBehind(mirror, mirrors_[*published_])) clear(index);
  if (mirror.count == 0 && published_) {
    const Result<TimelineValue> copied = copyPublished(index);
    if (!copied) {
      written.error = copied.error();
      return written;
    }
    written.copies = *copied;
  }
  while (mirror.count < ring_.count()) add(index, mirror.count++);

  std::ranges::sort(mirror.behind);  // neighbours become one piece
  const std::size_t records = gather(mirror, written.error);
  if (records == 0) {
    written.level = mirror.behind.empty();
    return written;
  }
  Result<void> sealed = staging_.seal();
  const Result<TimelineValue> value = sealed ? device_.submit(pieces_) : Unexpected(sealed.error());
  staged_.clear();
  if (!value) {
    staging_.givenUp();
    written.error = value.error();
    return written;
  }
  staging_.submitted(*value);
  const auto first = mirror.behind.end() - static_cast<std::ptrdiff_t>(records);
  for (auto at = first; at != mirror.behind.end(); ++at) listed_[*at] &= static_cast<std::uint8_t>(~mirrorBit(index));
  mirror.behind.erase(first, mirror.behind.end());
  written.records = static_cast<std::uint32_t>(records);
  written.copies = *value;
  written.level = mirror.behind.empty();
  return written;
}

// The batches before have filled the published mirror, and nothing writes to it: no list of a million records, and no
// bytes over the bus, because frames need one mirror more.
Result<TimelineValue> RecordMirrors::copyPublished(std::uint32_t index) {
  const Mirror& from = mirrors_[*published_];
  Mirror& to = mirrors_[index];
  CopyPiece piece;
  piece.source = from.place->chunk;
  piece.sourceOffset = from.place->offset;
  piece.destination = to.place->chunk;
  piece.destinationOffset = to.place->offset;
  piece.bytes = from.count * kRecordBytes;
  const Result<TimelineValue> value = device_.submit({&piece, 1});
  if (!value) return value;
  to.count = from.count;
  for (const std::uint32_t behind : from.behind) add(index, behind);
  return value;
}

std::size_t RecordMirrors::gather(const Mirror& mirror, std::optional<Error>& error) {
  pieces_.clear();
  std::size_t left = mirror.behind.size();
  while (left != 0) {
    std::size_t count = std::min<std::size_t>(left, staging_.pageBytes() / kRecordBytes);
    Result<StagedBytes> staged = staging_.reserve(count * kRecordBytes);
    // The rest of a page will do; what does not fit waits for a page to come free.
    while (!staged && staged.error().code == ErrorCode::StagingFull && count > 1) {
      count /= 2;
      staged = staging_.reserve(count * kRecordBytes);
    }
    if (!staged) {
      if (staged.error().code != ErrorCode::StagingFull) error = staged.error();
      break;
    }
    left -= count;
    const StagingSpan& span = staging_.use(*staged);
    std::byte* const bytes = staged->bytes().data();
    for (std::size_t i = 0; i < count; ++i) {
      const std::uint32_t index = mirror.behind[left + i];
      const DeviceRecord record = recordAt(index);
      std::memcpy(bytes + i * kRecordBytes, &record, sizeof(record));
      if (i != 0 && mirror.behind[left + i - 1] + 1 == index) {
        pieces_.back().bytes += kRecordBytes;
        continue;
      }
      CopyPiece& piece = pieces_.emplace_back();
      piece.source = span.page;
      piece.sourceOffset = span.offset + i * kRecordBytes;
      piece.destination = mirror.place->chunk;
      piece.destinationOffset = mirror.place->offset + index * kRecordBytes;
      piece.bytes = kRecordBytes;
    }
    staged_.push_back(std::move(*staged));
  }
  return mirror.behind.size() - left;
}

DeviceRecord RecordMirrors::recordAt(std::uint32_t index) const {
  const HotRecord& hot = ring_.hot(index);
  DeviceRecord record;
  if (hot.state() == BlockState::Resident) {
    const std::uint64_t chunk = chunks_[static_cast<std::uint32_t>(hot.chunk())].address;
    record.address = chunk != 0 ? chunk + hot.offsetUnits * kPlaceUnitBytes : 0;
  }
  record.generation = hot.generation;
  record.chunkAndState = hot.chunkAndState;
  record.offsetUnits = hot.offsetUnits;
  record.sizeUnits = hot.sizeUnits;
  record.fallback = ring_.cold(index).fallback;
  record.parts = ring_.parts(index);
  return record;
}

// ---- Who reads them ----------------------------------------------------------------------------------------

std::optional<std::uint32_t> RecordMirrors::publish(std::uint32_t mirror, SnapshotNumber snapshot) {
  mirrors_[mirror].free = false;
  mirrors_[mirror].snapshot = snapshot;
  return std::exchange(published_, mirror);
}

std::optional<std::uint32_t> RecordMirrors::retract() {
  return std::exchange(published_, std::nullopt);
}

}  // namespace flux
