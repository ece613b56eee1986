#include "transfer/staging_pages.hpp"

#include <flux/assert.hpp>

#include <algorithm>

namespace flux {
namespace {

constexpr ByteCount kSpanAlignmentBytes = 16;

/// A page that served nothing for so many steps is closed; the first page stays.
constexpr std::uint32_t kIdleRecycles = 240;

ByteCount aligned(ByteCount bytes) {
  return (bytes + kSpanAlignmentBytes - 1) & ~(kSpanAlignmentBytes - 1);
}

}  // namespace

StagingPages::StagingPages(Device& device, ByteCount pageBytes, ByteCount limitBytes)
    : device_(device), pageBytes_(pageBytes), pages_(static_cast<std::size_t>(limitBytes / pageBytes)) {}

StagingPages::~StagingPages() {
  for (std::uint32_t i = 0; i < pages_.size(); ++i) {
    if (!pages_[i].memory.empty()) device_.closeStaging(StagingIndex{i});
  }
}

StagingSpan StagingPages::take(Page& page, std::uint32_t index, ByteCount bytes) {
  const ByteOffset offset = page.filled;
  page.filled += aligned(bytes);
  page.idleRecycles = 0;
  ++page.openSpans;
  return {StagingIndex{index}, offset, page.memory.subspan(offset, bytes)};
}

Result<StagingSpan> StagingPages::reserveFrom(std::uint32_t first, ByteCount bytes) {
  FLUX_ASSERT(bytes > 0 && bytes <= pageBytes_, "a staging span fits a page");
  const ByteCount needed = aligned(bytes);
  // Lowest index first, so that pages at the end fall idle and can go.
  for (std::uint32_t i = first; i < pages_.size(); ++i) {
    Page& page = pages_[i];
    if (!page.memory.empty() && page.memory.size() - page.filled >= needed) return take(page, i, bytes);
  }
  for (std::uint32_t i = first; i < pages_.size(); ++i) {
    Page& page = pages_[i];
    if (!page.memory.empty()) continue;
    Result<std::span<std::byte>> memory = device_.openStaging(StagingIndex{i}, pageBytes_);
    if (!memory) return Unexpected(memory.error());
    page = Page{.memory = *memory};
    ++openPages_;
    return take(page, i, bytes);
  }
  return Unexpected(makeError(ErrorCode::StagingFull, "staging", {}, {bytes, (pages_.size() - first) * pageBytes_}));
}

StagingSpan StagingPages::split(StagingSpan& span, ByteCount bytes) {
  const auto at = static_cast<std::size_t>(bytes);
  const StagingSpan second{span.page, span.offset + bytes, span.bytes.subspan(at)};
  span.bytes = span.bytes.first(at);
  ++pages_[static_cast<std::uint32_t>(span.page)].openSpans;
  return second;
}

void StagingPages::release(const StagingSpan& span) {
  --pages_[static_cast<std::uint32_t>(span.page)].openSpans;
}

void StagingPages::use(const StagingSpan& span) {
  Page& page = pages_[static_cast<std::uint32_t>(span.page)];
  --page.openSpans;
  page.usedByNextBatch = true;
}

void StagingPages::reopen(const StagingSpan& span) {
  ++pages_[static_cast<std::uint32_t>(span.page)].openSpans;  // and used by the next batch, for all we know
}

Result<void> StagingPages::seal() {
  for (std::uint32_t i = 0; i < pages_.size(); ++i) {
    Page& page = pages_[i];
    if (!page.usedByNextBatch || page.sealed == page.filled) continue;
    if (Result<void> sealed = device_.sealStaging(StagingIndex{i}, page.filled); !sealed) return sealed;
    page.sealed = page.filled;
  }
  return {};
}

void StagingPages::submitted(TimelineValue value) {
  for (Page& page : pages_) {
    if (!page.usedByNextBatch) continue;
    page.usedByNextBatch = false;
    page.lastUse = value;
  }
}

void StagingPages::recycle(TimelineValue completed) {
  for (std::uint32_t i = 0; i < pages_.size(); ++i) {
    Page& page = pages_[i];
    if (page.memory.empty() || page.openSpans != 0 || page.usedByNextBatch || page.lastUse > completed) continue;
    page.filled = 0;
    page.sealed = 0;
    if (++page.idleRecycles > kIdleRecycles && openPages_ > 1) {
      device_.closeStaging(StagingIndex{i});
      page = Page{};
      --openPages_;
    }
  }
}

}  // namespace flux
