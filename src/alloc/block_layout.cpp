#include "alloc/block_layout.hpp"

#include "base/rounding.hpp"

#include <flux/assert.hpp>

#include <algorithm>
#include <bit>
#include <limits>
#include <memory>
#include <new>
#include <numeric>
#include <type_traits>
#include <utility>

namespace flux {

namespace {

constexpr std::uint64_t kMax32 = std::numeric_limits<std::uint32_t>::max();

constexpr bool rowsInOrder() {
  for (std::size_t i = 0; i < kPartKindCount; ++i) {
    if (static_cast<std::size_t>(kPartKindTraits[i].kind) != i) return false;
  }
  return true;
}
static_assert(rowsInOrder());

using Alignments = std::array<std::uint64_t, kPartKindCount>;

std::uint64_t alignmentOf(const Alignments& alignments, PartKind kind) {
  return alignments[static_cast<std::size_t>(kind)];
}

/// The least common multiple. Alignments are nearly always powers of two, and then it is the larger one: no division.
std::uint64_t commonAlignment(std::uint64_t a, std::uint64_t b) {
  return ((a & (a - 1)) | (b & (b - 1))) == 0 ? std::max(a, b) : std::lcm(a, b);
}

std::uint64_t wholeAlignment(PartKind kind, const std::array<std::uint32_t, kPartKindCount>& alignments) {
  const std::uint32_t asked = alignments[static_cast<std::size_t>(kind)];
  return commonAlignment(asked != 0 ? asked : partKindTraits(kind).alignmentBytes, kPlaceUnitBytes);
}

/// Appends a part to a block that ends at `end`. Sizes and alignments have 32 bits, so that a sum cannot overflow as
/// long as the block itself has 32 bits.
std::uint64_t place(std::uint64_t end, const PartRequest& part, std::uint64_t alignment, PartPlacement& out) {
  const std::uint64_t offset = roundUp(end, alignment);
  out = {static_cast<std::uint32_t>(offset), static_cast<std::uint32_t>(part.bytes), part.kind};
  return offset + part.bytes;
}

/// Size of the block, also when it is over 32 bits (`out` is then cut).
std::uint64_t placeInOrder(std::span<const PartRequest> parts, const Alignments& alignments,
                           std::span<PartPlacement> out) {
  std::uint64_t end = 0;
  for (std::size_t i = 0; i < parts.size() && end <= kMax32; ++i) {
    end = place(end, parts[i], alignmentOf(alignments, parts[i].kind), out[i]);
  }
  return wholeUnits(end);
}

/// The same, by falling alignment. There are at most as many alignments as kinds, so passes need no sorting.
std::uint64_t placeByAlignment(std::span<const PartRequest> parts, const Alignments& alignments,
                               std::span<PartPlacement> out) {
  std::uint64_t end = 0;
  std::uint64_t below = kMax32 + 1;
  for (;;) {
    std::uint64_t alignment = 0;
    for (const std::uint64_t a : alignments) alignment = a < below ? std::max(alignment, a) : alignment;
    if (alignment == 0) return wholeUnits(end);
    for (std::size_t i = 0; i < parts.size() && end <= kMax32; ++i) {
      if (alignmentOf(alignments, parts[i].kind) == alignment) end = place(end, parts[i], alignment, out[i]);
    }
    below = alignment;
  }
}

}  // namespace

std::optional<LayoutSize> layoutParts(std::span<const PartRequest> parts,
                                      const std::array<std::uint32_t, kPartKindCount>& alignments,
                                      std::span<PartPlacement> out) {
  FLUX_ASSERT(out.size() >= parts.size(), "layoutParts has a place for each part");
  if (parts.empty()) return std::nullopt;
  Alignments effective{};
  std::uint64_t blockAlignment = kPlaceUnitBytes;
  std::uint64_t payload = 0;
  for (const PartRequest& part : parts) {
    if (part.bytes == 0 || part.bytes > kMax32) return std::nullopt;
    payload += part.bytes;
    const auto kind = static_cast<std::size_t>(part.kind);
    effective[kind] = wholeAlignment(part.kind, alignments);
    blockAlignment = commonAlignment(blockAlignment, effective[kind]);
    if (blockAlignment > kMax32) return std::nullopt;
  }
  std::uint64_t bytes = placeInOrder(parts, effective, out);
  if (bytes != wholeUnits(payload)) {  // there are gaps
    if (const std::uint64_t byAlignment = placeByAlignment(parts, effective, out); byAlignment < bytes) {
      bytes = byAlignment;
    } else {
      placeInOrder(parts, effective, out);
    }
  }
  if (bytes > kMax32) return std::nullopt;
  return LayoutSize{static_cast<std::uint32_t>(bytes), static_cast<std::uint32_t>(blockAlignment)};
}

std::optional<LayoutSize> planCompaction(std::span<const PartPlacement> shown,
                                         const std::array<std::uint32_t, kPartKindCount>& alignments,
                                         std::vector<PartMove>& moves) {
  std::vector<PartRequest> requests;
  moves.clear();
  for (std::uint32_t i = 0; i < shown.size(); ++i) {
    if (shown[i].sizeBytes == 0) continue;
    requests.push_back({shown[i].kind, shown[i].sizeBytes});
    moves.push_back({makePartId(i, shown[i].generation), shown[i].offsetBytes, 0});
  }
  std::vector<PartPlacement> places(requests.size());
  const std::optional<LayoutSize> size = layoutParts(requests, alignments, places);
  for (std::size_t i = 0; i < moves.size(); ++i) moves[i].to = places[i].offsetBytes;
  return size;
}

std::uint32_t partAlignment(PartKind kind, const std::array<std::uint32_t, kPartKindCount>& alignments) {
  return static_cast<std::uint32_t>(std::min(wholeAlignment(kind, alignments), kMax32));
}

/// What a slab consists of. The places follow at once; `layout` is first, so that its address is the piece's.
struct LayoutStore::Piece {
  BlockLayout layout;
  Piece* next = nullptr;  // while unused
  bool live = false;
  std::uint32_t large = 0;  // index in `large_`, if it has an allocation of its own

  [[nodiscard]] PartPlacement* parts() { return reinterpret_cast<PartPlacement*>(this + 1); }
};

namespace {

constexpr std::size_t kSlabBytes = 4 * kKiB;
/// Pieces for more parts than this have an allocation each.
constexpr std::size_t kMaxSlabParts = 8;

constexpr bool inSlab(std::size_t parts) {
  return parts <= kMaxSlabParts;
}

/// How many parts a piece has room for that is made for so many.
constexpr std::size_t roomOf(std::size_t parts) {
  return inSlab(parts) ? std::bit_ceil(parts) : parts;
}

constexpr std::size_t gradeOf(std::size_t parts) {
  return static_cast<std::size_t>(std::bit_width(parts - 1));
}
static_assert(gradeOf(kMaxSlabParts) + 1 == LayoutStore::kSlabGrades);

}  // namespace

std::size_t LayoutStore::pieceBytesOf(std::size_t room) {
  return roundUp(sizeof(Piece) + room * sizeof(PartPlacement), alignof(Piece));
}

LayoutStore::LayoutStore() = default;
LayoutStore::~LayoutStore() = default;

const BlockLayout* LayoutStore::create(std::span<const PartPlacement> parts, LayoutSize size, std::uint32_t count) {
  FLUX_ASSERT(!parts.empty(), "a layout has a part");
  count = std::max(count, static_cast<std::uint32_t>(parts.size()));
  Piece* const piece = inSlab(count) ? takeUnused(gradeOf(count)) : addLarge(roomOf(count));
  std::fill(std::copy(parts.begin(), parts.end(), piece->parts()), piece->parts() + count, PartPlacement{});
  piece->layout = {piece->parts(), count, size.bytes, size.alignment};
  piece->live = true;
  ++liveCount_;
  liveBytes_ += pieceBytesOf(roomOf(count));
  return &piece->layout;
}

LayoutStore::Piece* LayoutStore::pieceOf(const BlockLayout* layout) {
  static_assert(std::is_standard_layout_v<Piece> && std::is_trivially_destructible_v<Piece>);
  // Only the pointer that users get is const: the piece behind it was made as a mutable object by addSlab.
  return reinterpret_cast<Piece*>(const_cast<BlockLayout*>(layout));
}

std::span<PartPlacement> LayoutStore::edit(const BlockLayout* layout, std::uint32_t count) {
  Piece* const piece = pieceOf(layout);
  if (count > roomOf(layout->partCount)) return {};
  if (count > layout->partCount) {
    std::fill(piece->parts() + layout->partCount, piece->parts() + count, PartPlacement{});
    piece->layout.partCount = count;
  }
  return {piece->parts(), layout->partCount};
}

void LayoutStore::setSize(const BlockLayout* layout, LayoutSize size) {
  pieceOf(layout)->layout.sizeBytes = size.bytes;
  pieceOf(layout)->layout.alignmentBytes = size.alignment;
}

std::size_t LayoutStore::costBytes(const BlockLayout* layout) const {
  const std::size_t bytes = pieceBytesOf(roomOf(layout->partCount));
  return inSlab(layout->partCount) ? bytes * (heapBytes_ - largeBytes_) / (liveBytes_ - largeBytes_) : bytes;
}

void LayoutStore::release(const BlockLayout* layout) {
  Piece* const piece = pieceOf(layout);
  FLUX_ASSERT(piece->live, "a layout is released once");
  const std::size_t bytes = pieceBytesOf(roomOf(layout->partCount));
  --liveCount_;
  liveBytes_ -= bytes;
  piece->live = false;
  if (inSlab(layout->partCount)) {
    Piece*& unused = unused_[gradeOf(layout->partCount)];
    piece->next = std::exchange(unused, piece);
    return;
  }
  heapBytes_ -= bytes;
  largeBytes_ -= bytes;
  const std::uint32_t hole = piece->large;
  std::swap(large_[hole], large_.back());
  reinterpret_cast<Piece*>(large_[hole].get())->large = hole;
  large_.pop_back();
}

LayoutStore::Piece* LayoutStore::takeUnused(std::size_t grade) {
  if (unused_[grade] == nullptr) addSlab(grade);
  Piece* const piece = unused_[grade];
  unused_[grade] = piece->next;
  return piece;
}

LayoutStore::Piece* LayoutStore::addLarge(std::size_t room) {
  const auto index = static_cast<std::uint32_t>(large_.size());
  const std::size_t bytes = pieceBytesOf(room);
  large_.push_back(std::make_unique<std::byte[]>(bytes));
  heapBytes_ += bytes;
  largeBytes_ += bytes;
  Piece* const piece = addPiece(large_.back().get(), room);
  piece->large = index;
  return piece;
}

LayoutStore::Piece* LayoutStore::addPiece(std::byte* memory, std::size_t room) {
  static_assert(alignof(Piece) <= __STDCPP_DEFAULT_NEW_ALIGNMENT__ && alignof(PartPlacement) <= alignof(Piece));
  auto* const piece = new (memory) Piece;
  std::uninitialized_value_construct_n(piece->parts(), room);
  return piece;
}

void LayoutStore::addSlab(std::size_t grade) {
  const std::size_t room = std::size_t{1} << grade;
  const std::size_t pieceBytes = pieceBytesOf(room);
  const std::size_t count = std::max<std::size_t>(1, kSlabBytes / pieceBytes);
  slabs_.push_back(std::make_unique<std::byte[]>(count * pieceBytes));
  heapBytes_ += count * pieceBytes;
  // The lowest piece comes first, so that layouts made in a row lie in a row.
  for (std::size_t i = count; i-- != 0;) {
    Piece* const piece = addPiece(slabs_.back().get() + i * pieceBytes, room);
    piece->next = unused_[grade];
    unused_[grade] = piece;
  }
}

}  // namespace flux
