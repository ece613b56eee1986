#include "device/vulkan/batch_recorder.hpp"

#include "base/prefetch.hpp"
#include "base/rounding.hpp"

#include <algorithm>

namespace flux::vulkan {

Result<void> BatchRecorder::createKernel(const VkPhysicalDeviceMemoryProperties& memory) {
  if (auto created = lists_.create(memory); !created) return created;
  return kernel_.create();
}

bool BatchRecorder::addSegment(std::uint64_t source, std::uint64_t destination, std::uint64_t words) {
  if (!lists_.makeRoom()) return false;
  lists_.add({source | words << kWordsShift, destination});
  return true;
}

bool BatchRecorder::addSegments(std::uint64_t source, std::uint64_t destination, std::uint64_t words) {
  constexpr std::uint32_t kQuadWords = 4;
  while (words > CopyKernel::kSegmentWords) {
    // All segments but the first begin at a multiple of 16 bytes, where the kernel has no odd words to copy.
    const std::uint64_t part = CopyKernel::kSegmentWords - destination % kQuadWords;
    if (!addSegment(source, destination, part)) return false;
    source += part;
    destination += part;
    words -= part;
  }
  return addSegment(source, destination, words);
}

Result<void> BatchRecorder::prepare(std::span<const CopyPiece> batch, TimelineValue completed) {
  runs_ = {};
  if (!usesKernel()) {
    plan_.build(batch);
    readsBack_ = std::ranges::any_of(plan_.commands(), [](const CopyCommand& c) { return c.destination.isPage(); });
    return {};
  }
  lists_.begin(completed);
  plain_.clear();
  const BufferSlots::WordAddresses addresses = slots_.wordAddresses();
  const ByteCount limits[] = {crossover_.moveUpToBytes, crossover_.uploadUpToBytes};
  std::size_t readsBack = 0;
  for (const CopyPiece& piece : batch) {
    // The processor's own prefetching ends with each page, and a large batch has left the caches when it is recorded:
    // looking 2 KiB ahead takes a third off a piece's cost.
    prefetchBehind(&piece, 2048);
    const std::size_t writesPage{piece.destination.isPage()};
    const std::size_t overTheBus = std::size_t{piece.source.isPage()} | writesPage;
    readsBack |= writesPage;
    const std::uint64_t source = addresses[piece.source];
    const std::uint64_t destination = addresses[piece.destination];
    if (piece.bytes > limits[overTheBus] || source == 0 || destination == 0) {
      plain_.push_back(piece);
      continue;
    }
    const std::uint64_t from = source + piece.sourceOffset / kWordBytes;
    const std::uint64_t to = destination + piece.destinationOffset / kWordBytes;
    const std::uint64_t words = piece.bytes / kWordBytes;
    const bool added = words <= CopyKernel::kSegmentWords ? addSegment(from, to, words) : addSegments(from, to, words);
    if (!added) return Unexpected(lists_.failure());
  }
  readsBack_ = readsBack != 0;
  runs_ = lists_.finish();
  plan_.build(plain_);
  return {};
}

void BatchRecorder::record(VkCommandBuffer commands, CommandList list) {
  VkPipelineStageFlags stages = VK_PIPELINE_STAGE_TRANSFER_BIT;
  VkMemoryBarrier barrier{VK_STRUCTURE_TYPE_MEMORY_BARRIER};
  barrier.srcAccessMask = VK_ACCESS_TRANSFER_WRITE_BIT;
  barrier.dstAccessMask = VK_ACCESS_TRANSFER_READ_BIT | VK_ACCESS_TRANSFER_WRITE_BIT;
  if (usesKernel()) {
    stages |= VK_PIPELINE_STAGE_COMPUTE_SHADER_BIT;
    barrier.srcAccessMask |= VK_ACCESS_SHADER_WRITE_BIT;
    barrier.dstAccessMask |= VK_ACCESS_SHADER_READ_BIT | VK_ACCESS_SHADER_WRITE_BIT;
  }
  // Batches of one queue may overlap in time. This makes a batch see what earlier ones wrote, and keeps it from
  // overwriting what they still read (D1). What the host wrote into pages and lists, the submission makes visible.
  VkPipelineStageFlags before = stages;
  if (list == CommandList::Application) {
    before = VK_PIPELINE_STAGE_ALL_COMMANDS_BIT;
    barrier.srcAccessMask = VK_ACCESS_MEMORY_WRITE_BIT;
  }
  functions_.vkCmdPipelineBarrier(commands, before, stages, 0, 1, &barrier, 0, nullptr, 0, nullptr);
  kernel_.record(commands, runs_);
  recordPlainCopies(commands);
  // Other submissions synchronise through the timeline: its signal makes everything written available, the reader's
  // wait makes it visible. Only what follows in the same command list needs more, and the host, which is no queue and
  // which no signal makes writes visible to (Vulkan 1.3, section 7.9): without this it would not see what it reads
  // back, and what a cache of the device still holds could end up over what it writes to chunks later.
  VkPipelineStageFlags after = 0;
  barrier.dstAccessMask = 0;
  if (list == CommandList::Application) {
    after |= VK_PIPELINE_STAGE_ALL_COMMANDS_BIT;
    barrier.dstAccessMask |= VK_ACCESS_MEMORY_READ_BIT | VK_ACCESS_MEMORY_WRITE_BIT;
  }
  if (readsBack_ || hostWritesChunks_) {
    after |= VK_PIPELINE_STAGE_HOST_BIT;
    if (readsBack_) barrier.dstAccessMask |= VK_ACCESS_HOST_READ_BIT;
    if (hostWritesChunks_) barrier.dstAccessMask |= VK_ACCESS_HOST_WRITE_BIT;
  }
  if (after == 0) return;
  functions_.vkCmdPipelineBarrier(commands, stages, after, 0, 1, &barrier, 0, nullptr, 0, nullptr);
}

void BatchRecorder::recordPlainCopies(VkCommandBuffer commands) {
  for (const CopyCommand& command : plan_.commands()) {
    regions_.resize(command.regionCount);
    std::ranges::transform(plan_.regions(command), regions_.begin(), [](const CopyRegion& region) {
      return VkBufferCopy{region.sourceOffset, region.destinationOffset, region.bytes};
    });
    functions_.vkCmdCopyBuffer(commands, slots_.at(command.source).buffer, slots_.at(command.destination).buffer,
                               command.regionCount, regions_.data());
  }
}

}  // namespace flux::vulkan
