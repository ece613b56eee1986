#include <flux/dynamic_buffer.hpp>

#include "base/fixed_name.hpp"
#include "base/rounding.hpp"
#include "transfer/range_set.hpp"

#include <flux/assert.hpp>

#include <algorithm>
#include <array>
#include <limits>
#include <optional>
#include <vector>

namespace flux {
namespace {

/// Parts have 32-bit sizes, in whole units.
constexpr ByteCount kMaxBytes = std::numeric_limits<std::uint32_t>::max() - kPlaceUnitBytes;

/// More than this is not staged during the flush, but by later steps: staging has little room for what waits.
constexpr ByteCount kStagedAtOnceBytes = 256 * kKiB;

/// With fewer, writes all over the array would send most of it: docs/design/update-ranges.md.
constexpr std::size_t kMaxRanges = 1024;

constexpr ByteOffset wordBefore(ByteOffset offset) {
  return offset & ~ByteOffset{3};
}

Source copyOf(std::span<const std::byte> bytes) {
  const std::shared_ptr<std::byte[]> copy(new std::byte[bytes.size()]);
  std::ranges::copy(bytes, copy.get());
  return Source::owned(copy, bytes.size());
}

}  // namespace

/// **Invariant.** What a consumer's block holds, once everything it was asked for has arrived, is `bytes` but for the
/// ranges in `dirty`.
struct DynamicBuffer::Impl {
  struct Copy {
    Pool* pool = nullptr;  ///< Null: detached.
    BlockHandle block;
    ByteCount blockBytes = 0;
    std::vector<BlockHandle> old;  ///< Of smaller and larger capacities, drawn until `block` is there.
    RangeSet dirty{0};
  };

  explicit Impl(const DynamicBufferDesc& wanted) : desc(wanted) {
    copyName(name, wanted.name);
    desc.name = name.data();
  }
  ~Impl() {
    for (Copy& copy : copies) removeBlocks(copy);
  }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  [[nodiscard]] Result<void> unmapped(std::source_location where) const {
    if (!mapped) return {};
    return Unexpected(makeError(ErrorCode::InvalidArgument, "mapped", where));
  }
  [[nodiscard]] Result<void> inside(ByteOffset offset, ByteCount count, std::source_location where) const {
    if (count <= size && offset <= size - count) return {};
    return Unexpected(makeError(ErrorCode::InvalidArgument, "range", where, {offset, count, size}));
  }

  void setCapacity(ByteCount capacity) {
    bytes.resize(static_cast<std::size_t>(capacity));
    for (Copy& copy : copies) copy.dirty.resize(capacity);
  }

  Result<void> grow(ByteCount needed, std::source_location where) {
    const Result<ByteCount> capacity = grownCapacity(desc.growth, bytes.size(), needed, kMaxBytes, where);
    if (!capacity) return Unexpected(capacity.error());
    if (*capacity != bytes.size()) setCapacity(*capacity);
    return {};
  }

  /// Whole words, as copies move them.
  void mark(ByteOffset offset, ByteCount count) {
    if (count == 0) return;
    const ByteOffset begin = wordBefore(offset);
    const ByteOffset end = std::min<ByteOffset>(wholeWords(offset + count), bytes.size());
    for (Copy& copy : copies) (void)copy.dirty.mark(begin, end - begin);  // it is inside
  }

  void removeOld(Copy& copy) {
    std::erase_if(copy.old, [&](BlockHandle block) {
      const Result<void> removed = copy.pool->remove(block);
      return removed || removed.error().code != ErrorCode::Pinned;  // the application's pin: the next flush tries again
    });
  }

  void removeBlocks(Copy& copy) {
    if (copy.pool == nullptr) return;
    if (copy.block) copy.old.push_back(copy.block);
    removeOld(copy);
    copy.pool = nullptr;
    copy.block = {};
  }

  Result<FlushReport> replaceBlock(Copy& copy, std::source_location where) {
    BlockHandle block;
    if (!bytes.empty()) {
      const PartDesc part{desc.kind, bytes.size(), copyOf(bytes)};
      const Result<BlockHandle> added = copy.pool->add(
          {.name = desc.name, .parts = {&part, 1}, .lifetime = desc.lifetime, .fallback = copy.block}, where);
      if (!added) return Unexpected(added.error());
      block = *added;
    }
    if (copy.block) copy.old.push_back(copy.block);
    copy.block = block;
    copy.blockBytes = bytes.size();
    copy.dirty.clear();
    if (!block) removeOld(copy);
    return FlushReport{bytes.size(), bytes.empty() ? 0U : 1U, true};
  }

  Result<FlushReport> sendRanges(Copy& copy, std::source_location where) {
    const bool now = copy.dirty.bytes() <= kStagedAtOnceBytes;
    updates.clear();
    for (const ByteRange& range : copy.dirty.ranges()) {
      const std::span<const std::byte> data = std::span(bytes).subspan(range.offset, range.bytes);
      updates.push_back({kPart, now ? Source::bytes(data) : copyOf(data), range.offset, range.bytes});
    }
    Result<void> sent;
    const bool inPlace = desc.updates == UpdateMode::InPlace;
    if (inPlace) sent = copy.pool->updateInPlace(copy.block, updates, where);
    if (!inPlace || (!sent && sent.error().code == ErrorCode::TooLarge)) {
      const Result<ContentVersion> version = copy.pool->update(copy.block, updates, where);
      sent = version ? Result<void>{} : Unexpected(version.error());
    }
    updates.clear();
    if (!sent) return Unexpected(sent.error());
    const FlushReport report{copy.dirty.bytes(), static_cast<std::uint32_t>(copy.dirty.ranges().size()), false};
    copy.dirty.clear();
    return report;
  }

  DynamicBufferDesc desc;
  std::array<char, 48> name{};
  std::vector<std::byte> bytes;  ///< Of the capacity; 0 behind the size.
  ByteCount size = 0;
  bool mapped = false;
  std::vector<Copy> copies;         ///< By consumer.
  std::vector<PartUpdate> updates;  ///< Of the running flush.
};

DynamicBuffer::DynamicBuffer(const DynamicBufferDesc& desc) : impl_(std::make_unique<Impl>(desc)) {}
DynamicBuffer::DynamicBuffer(DynamicBuffer&&) noexcept = default;
DynamicBuffer& DynamicBuffer::operator=(DynamicBuffer&&) noexcept = default;
DynamicBuffer::~DynamicBuffer() {
  FLUX_ASSERT(impl_ == nullptr || !impl_->mapped, "a buffer is not mapped when it goes");
}

DynamicBuffer::Mapping::~Mapping() {
  if (buffer_ == nullptr) return;
  buffer_->mapped = false;
  buffer_->mark(static_cast<ByteOffset>(bytes_.data() - buffer_->bytes.data()), bytes_.size());
}

Result<void> DynamicBuffer::assign(std::span<const std::byte> bytes, std::source_location where) {
  if (const Result<void> sized = resize(bytes.size(), where); !sized) return sized;
  return write(0, bytes, where);
}

Result<void> DynamicBuffer::write(ByteOffset offset, std::span<const std::byte> bytes, std::source_location where) {
  if (const Result<void> free = impl_->unmapped(where); !free) return free;
  if (const Result<void> inside = impl_->inside(offset, bytes.size(), where); !inside) return inside;
  std::ranges::copy(bytes, impl_->bytes.begin() + static_cast<std::ptrdiff_t>(offset));
  impl_->mark(offset, bytes.size());
  return {};
}

Result<void> DynamicBuffer::resize(ByteCount bytes, std::source_location where) {
  if (const Result<void> free = impl_->unmapped(where); !free) return free;
  if (const Result<void> grown = impl_->grow(bytes, where); !grown) return grown;
  if (bytes < impl_->size) {  // so that what is added later is 0
    std::fill(impl_->bytes.begin() + static_cast<std::ptrdiff_t>(bytes),
              impl_->bytes.begin() + static_cast<std::ptrdiff_t>(impl_->size), std::byte{0});
    impl_->mark(bytes, impl_->size - bytes);
  }
  impl_->size = bytes;
  return {};
}

Result<void> DynamicBuffer::reserve(ByteCount bytes, std::source_location where) {
  if (const Result<void> free = impl_->unmapped(where); !free) return free;
  return impl_->grow(bytes, where);
}

Result<void> DynamicBuffer::shrinkToFit(std::source_location where) {
  if (const Result<void> free = impl_->unmapped(where); !free) return free;
  impl_->setCapacity(impl_->size);
  return {};
}

Result<DynamicBuffer::Mapping> DynamicBuffer::map(ByteOffset offset, ByteCount bytes, std::source_location where) {
  if (const Result<void> free = impl_->unmapped(where); !free) return Unexpected(free.error());
  if (const Result<void> inside = impl_->inside(offset, bytes, where); !inside) return Unexpected(inside.error());
  impl_->mapped = true;
  return Mapping(*impl_, std::span(impl_->bytes).subspan(static_cast<std::size_t>(offset), bytes));
}

std::span<const std::byte> DynamicBuffer::bytes() const noexcept {
  return std::span(impl_->bytes).first(static_cast<std::size_t>(impl_->size));
}

ByteCount DynamicBuffer::capacity() const noexcept {
  return impl_->bytes.size();
}

DynamicBuffer::Consumer DynamicBuffer::attach(Pool& pool) {
  Impl::Copy& copy = impl_->copies.emplace_back();
  copy.pool = &pool;
  copy.dirty = RangeSet(impl_->bytes.size(), {.gapBytes = impl_->desc.gapBytes, .maxRanges = kMaxRanges});
  return Consumer{static_cast<std::uint32_t>(impl_->copies.size() - 1)};
}

void DynamicBuffer::detach(Consumer consumer) {
  impl_->removeBlocks(impl_->copies[static_cast<std::uint32_t>(consumer)]);
}

Result<FlushReport> DynamicBuffer::flush(Consumer consumer, std::source_location where) {
  if (const Result<void> free = impl_->unmapped(where); !free) return Unexpected(free.error());
  Impl::Copy& copy = impl_->copies[static_cast<std::uint32_t>(consumer)];
  FLUX_ASSERT(copy.pool != nullptr, "a consumer that is flushed is attached");
  if (!copy.old.empty() && copy.pool->beginFrame("dynamic buffer").find(copy.block).status == FindStatus::Resident) {
    impl_->removeOld(copy);
  }
  if (copy.blockBytes != impl_->bytes.size()) return impl_->replaceBlock(copy, where);
  if (copy.dirty.empty()) return FlushReport{};
  return impl_->sendRanges(copy, where);
}

BlockHandle DynamicBuffer::block(Consumer consumer) const noexcept {
  return impl_->copies[static_cast<std::uint32_t>(consumer)].block;
}

}  // namespace flux
