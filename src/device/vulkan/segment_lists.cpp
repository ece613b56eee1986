#include "device/vulkan/segment_lists.hpp"

#include "device/vulkan/errors.hpp"
#include "device/vulkan/memory_choice.hpp"

#include <algorithm>
#include <iterator>

namespace flux::vulkan {

SegmentLists::~SegmentLists() {
  for (Page& page : pages_) buffers_.destroy(page.buffer);
}

Result<void> SegmentLists::create(const VkPhysicalDeviceMemoryProperties& memory) {
  kind_.usage = VK_BUFFER_USAGE_STORAGE_BUFFER_BIT | VK_BUFFER_USAGE_SHADER_DEVICE_ADDRESS_BIT;
  kind_.deviceAddress = true;
  kind_.mapped = true;
  const auto allowed = buffers_.allowedTypes(kind_);
  if (!allowed) return Unexpected(allowed.error());
  const auto choice = chooseListMemory(memory, *allowed);
  if (!choice) return Unexpected(choice.error());
  kind_.memoryType = choice->type;
  if (auto made = makePage(); !made) return made;
  startAt(0);
  return {};
}

Result<void> SegmentLists::makePage() {
  auto buffer = buffers_.create(kind_, ByteCount{kPageSegments} * sizeof(Segment));
  if (!buffer) return Unexpected(buffer.error());
  pages_.push_back({*buffer, reinterpret_cast<Segment*>(buffer->mapped)});
  return {};
}

void SegmentLists::startAt(std::size_t page) noexcept {
  current_ = page;
  first_ = next_ = pages_[page].segments;
  end_ = first_ + kPageSegments;
}

void SegmentLists::begin(TimelineValue completed) {
  completed_ = completed;
  runs_.clear();
  for (Page& page : pages_) page.inBatch = false;
  if (pages_[current_].lastUse <= completed) startAt(current_);
  first_ = next_;
  if (pages_.size() <= kKeptPages) return;
  const auto idle = std::find_if(pages_.begin(), pages_.end(), [&](const Page& page) {
    return page.lastUse <= completed && &page != &pages_[current_];
  });
  if (idle == pages_.end()) return;
  buffers_.destroy(idle->buffer);
  if (static_cast<std::size_t>(std::distance(pages_.begin(), idle)) < current_) --current_;
  pages_.erase(idle);
}

bool SegmentLists::turnPage() {
  closeRun();
  const auto free = std::find_if(pages_.begin(), pages_.end(),
                                 [&](const Page& page) { return page.lastUse <= completed_ && !page.inBatch; });
  if (free != pages_.end()) {
    startAt(static_cast<std::size_t>(std::distance(pages_.begin(), free)));
    return true;
  }
  if (auto made = makePage(); !made) {
    failure_ = made.error();
    return false;
  }
  startAt(pages_.size() - 1);
  return true;
}

void SegmentLists::closeRun() {
  if (first_ == next_) return;
  Page& page = pages_[current_];
  page.inBatch = true;
  const auto offset = static_cast<std::uint64_t>(first_ - page.segments) * sizeof(Segment);
  runs_.push_back({page.buffer.address + offset, static_cast<std::uint32_t>(next_ - first_)});
  first_ = next_;
}

std::span<const SegmentRun> SegmentLists::finish() {
  closeRun();
  return runs_;
}

void SegmentLists::submitted(TimelineValue value) noexcept {
  for (Page& page : pages_) {
    if (page.inBatch) page.lastUse = value;
  }
}

}  // namespace flux::vulkan
