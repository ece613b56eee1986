#include "bed.hpp"

#include "statistics.hpp"
#include "vulkan/pipeline_parts.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstring>
#include <random>
#include <span>
#include <tuple>
#include <utility>

namespace flux::bench {
namespace {

using app::check;
using Clock = std::chrono::steady_clock;

constexpr std::uint32_t kCompare[] = {
#include "compare.comp.inc"
};
constexpr std::uint32_t kCompareGroups = 4096;

/// As in shaders/compare.comp.
struct Pair {
  VkDeviceAddress expected = 0;
  VkDeviceAddress found = 0;
  std::uint32_t words = 0;
  std::uint32_t unused = 0;
};
struct Push {
  VkDeviceAddress pairs = 0;
  VkDeviceAddress differences = 0;
  std::uint32_t count = 0;
};

double secondsSince(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

/// Everything before is done and visible to everything after.
void fullBarrier(VkCommandBuffer commands) {
  VkMemoryBarrier barrier{VK_STRUCTURE_TYPE_MEMORY_BARRIER};
  barrier.srcAccessMask = VK_ACCESS_MEMORY_WRITE_BIT;
  barrier.dstAccessMask = VK_ACCESS_MEMORY_READ_BIT | VK_ACCESS_MEMORY_WRITE_BIT;
  vkCmdPipelineBarrier(commands, VK_PIPELINE_STAGE_ALL_COMMANDS_BIT, VK_PIPELINE_STAGE_ALL_COMMANDS_BIT, 0, 1, &barrier,
                       0, nullptr, 0, nullptr);
}

template <class Value>
Value require(Result<Value> result) {
  if (!result) throw app::Failure(describe(result.error()));
  return std::move(*result);
}

}  // namespace

Bed::Bed(ByteCount bytes, int repeats)
    : context_({}),
      device_(context_.vulkanDevice()),
      chunkCount_(static_cast<std::uint32_t>(bytes / kChunkBytes)),
      repeats_(repeats) {
  VulkanDeviceDesc desc = context_.adoption();
  desc.copyCrossover = std::nullopt;
  const auto start = Clock::now();
  measured_ = require(VulkanDevice::create(desc))->copyCrossover();
  creationMilliseconds_ = secondsSince(start) * 1e3;
  desc.copyCrossover = kVulkanKernelCopies;
  flux_ = require(VulkanDevice::create(desc));
  if (flux_->copyCrossover() != kVulkanKernelCopies) throw app::Failure("the copy queue cannot run the copy kernel");

  pool_ = app::makeCommandPool(device_, desc.copyQueueFamily);
  commands_ = app::allocateCommands(device_, pool_.get(), VK_COMMAND_BUFFER_LEVEL_PRIMARY);
  VkQueryPoolCreateInfo queries{VK_STRUCTURE_TYPE_QUERY_POOL_CREATE_INFO};
  queries.queryType = VK_QUERY_TYPE_TIMESTAMP;
  queries.queryCount = 2;
  check(vkCreateQueryPool(device_, &queries, nullptr, &timestamps_), "vkCreateQueryPool");
  layout_ = app::makePipelineLayout(device_, nullptr, {VK_SHADER_STAGE_COMPUTE_BIT, 0, sizeof(Push)});
  const app::UniqueShaderModule shader = app::makeShader(device_, kCompare);
  VkComputePipelineCreateInfo info{VK_STRUCTURE_TYPE_COMPUTE_PIPELINE_CREATE_INFO};
  info.stage = app::shaderStage(VK_SHADER_STAGE_COMPUTE_BIT, shader);
  info.layout = layout_.get();
  VkPipeline pipeline = VK_NULL_HANDLE;
  check(vkCreateComputePipelines(device_, VK_NULL_HANDLE, 1, &info, nullptr, &pipeline), "vkCreateComputePipelines");
  compare_ = {device_, pipeline};
  makeMemory();
  fillSources();
}

Bed::~Bed() {
  vkDeviceWaitIdle(device_);
  vkDestroyQueryPool(device_, timestamps_, nullptr);
}

void Bed::makeMemory() {
  constexpr VkBufferUsageFlags kUsage = VK_BUFFER_USAGE_STORAGE_BUFFER_BIT | VK_BUFFER_USAGE_SHADER_DEVICE_ADDRESS_BIT;
  for (std::uint32_t i = 0; i < chunkCount_; ++i) {
    sources_.push_back(require(flux_->createChunk(ChunkIndex{i}, kChunkBytes)));
    destinations_.push_back(require(flux_->createChunk(ChunkIndex{chunkCount_ + i}, kChunkBytes)));
    // What others copy from: a staging buffer of their own, with the same bytes.
    hostCopies_.emplace_back(context_, kChunkBytes, VK_BUFFER_USAGE_TRANSFER_SRC_BIT);
  }
  counter_ = app::MappedBuffer(context_, sizeof(std::uint32_t), kUsage);
}

void Bed::fillSources() {
  std::mt19937_64 random(7);
  for (std::uint32_t i = 0; i < chunkCount_; ++i) {
    const std::span<std::byte> bytes = hostCopies_[i].bytes();
    for (std::size_t at = 0; at < kChunkBytes; at += sizeof(std::uint64_t)) {
      const std::uint64_t value = random();
      std::memcpy(&bytes[at], &value, sizeof(value));
    }
    const std::span<std::byte> page = require(flux_->openStaging(StagingIndex{i}, kChunkBytes));
    std::memcpy(page.data(), bytes.data(), kChunkBytes);
    if (const auto sealed = flux_->sealStaging(StagingIndex{i}, kChunkBytes); !sealed) {
      throw app::Failure(describe(sealed.error()));
    }
  }
  // By the driver, and so that what the kernel does is compared with something else than itself.
  (void)runOnce([this](VkCommandBuffer commands) {
    for (std::uint32_t i = 0; i < chunkCount_; ++i) {
      const VkBufferCopy region{0, 0, kChunkBytes};
      vkCmdCopyBuffer(commands, hostCopies_[i].get(), vulkanBuffer(sources_[i].buffer), 1, &region);
    }
  });
}

void Bed::poisonDestinations() {
  ++poison_;
  (void)runOnce([this](VkCommandBuffer commands) {
    for (const ChunkInfo& chunk : destinations_) {
      vkCmdFillBuffer(commands, vulkanBuffer(chunk.buffer), 0, VK_WHOLE_SIZE, poison_);
    }
  });
}

std::uint64_t Bed::wrongWords(const std::vector<Move>& moves) {
  if (pairs_.bytes().size() < moves.size() * sizeof(Pair)) {
    pairs_ = app::MappedBuffer(context_, moves.size() * sizeof(Pair),
                               VK_BUFFER_USAGE_STORAGE_BUFFER_BIT | VK_BUFFER_USAGE_SHADER_DEVICE_ADDRESS_BIT);
  }
  std::size_t at = 0;
  for (const Move& move : moves) {
    const Pair pair{sources_[move.source].address + move.sourceOffset,
                    destinations_[move.destination].address + move.destinationOffset,
                    static_cast<std::uint32_t>(move.bytes / 4), 0};
    std::memcpy(&pairs_.bytes()[at], &pair, sizeof(pair));
    at += sizeof(pair);
  }
  std::uint32_t differences = 0;
  std::memcpy(counter_.bytes().data(), &differences, sizeof(differences));
  (void)runOnce([&](VkCommandBuffer commands) {
    const Push push{pairs_.address(), counter_.address(), static_cast<std::uint32_t>(moves.size())};
    vkCmdBindPipeline(commands, VK_PIPELINE_BIND_POINT_COMPUTE, compare_.get());
    vkCmdPushConstants(commands, layout_.get(), VK_SHADER_STAGE_COMPUTE_BIT, 0, sizeof(push), &push);
    vkCmdDispatch(commands, kCompareGroups, 1, 1);
    VkMemoryBarrier barrier{VK_STRUCTURE_TYPE_MEMORY_BARRIER};
    barrier.srcAccessMask = VK_ACCESS_SHADER_WRITE_BIT;
    barrier.dstAccessMask = VK_ACCESS_HOST_READ_BIT;
    vkCmdPipelineBarrier(commands, VK_PIPELINE_STAGE_COMPUTE_SHADER_BIT, VK_PIPELINE_STAGE_HOST_BIT, 0, 1, &barrier, 0,
                         nullptr, 0, nullptr);
  });
  std::memcpy(&differences, counter_.bytes().data(), sizeof(differences));
  return differences;
}

VkCommandBuffer Bed::begin() {
  check(vkResetCommandPool(device_, pool_.get(), 0), "vkResetCommandPool");
  app::beginCommands(commands_);
  fullBarrier(commands_);
  vkCmdResetQueryPool(commands_, timestamps_, 0, 2);
  vkCmdWriteTimestamp(commands_, VK_PIPELINE_STAGE_BOTTOM_OF_PIPE_BIT, timestamps_, 0);
  return commands_;
}

double Bed::run(VkCommandBuffer commands, TimelineValue signal) {
  vkCmdWriteTimestamp(commands, VK_PIPELINE_STAGE_BOTTOM_OF_PIPE_BIT, timestamps_, 1);
  check(vkEndCommandBuffer(commands), "vkEndCommandBuffer");
  const VkSemaphore semaphore = flux_->copyTimeline();
  VkTimelineSemaphoreSubmitInfo timeline{VK_STRUCTURE_TYPE_TIMELINE_SEMAPHORE_SUBMIT_INFO};
  timeline.signalSemaphoreValueCount = 1;
  timeline.pSignalSemaphoreValues = &signal;
  VkSubmitInfo info{VK_STRUCTURE_TYPE_SUBMIT_INFO};
  info.commandBufferCount = 1;
  info.pCommandBuffers = &commands;
  if (signal != 0) {
    info.pNext = &timeline;
    info.signalSemaphoreCount = 1;
    info.pSignalSemaphores = &semaphore;
  }
  const VkQueue queue = context_.adoption().copyQueue;
  check(vkQueueSubmit(queue, 1, &info, VK_NULL_HANDLE), "vkQueueSubmit");
  check(vkQueueWaitIdle(queue), "vkQueueWaitIdle");
  if (const auto polled = flux_->poll(); !polled) throw app::Failure(describe(polled.error()));
  std::array<std::uint64_t, 2> times{};
  check(vkGetQueryPoolResults(device_, timestamps_, 0, 2, sizeof(times), times.data(), sizeof(times[0]),
                              VK_QUERY_RESULT_64_BIT | VK_QUERY_RESULT_WAIT_BIT),
        "vkGetQueryPoolResults");
  const double tickSeconds = static_cast<double>(context_.properties().limits.timestampPeriod) * 1e-9;
  return static_cast<double>(times[1] - times[0]) * tickSeconds;
}

double Bed::runOnce(const Record& record) {
  VkCommandBuffer commands = begin();
  record(commands);
  return run(commands, 0);
}

Timing Bed::copyByRegions(From from, const std::vector<Move>& moves) {
  poisonDestinations();
  std::vector<Move> sorted = moves;
  std::stable_sort(sorted.begin(), sorted.end(), [](const Move& a, const Move& b) {
    return std::tie(a.source, a.destination) < std::tie(b.source, b.destination);
  });
  std::vector<VkBufferCopy> regions;
  regions.reserve(sorted.size());
  std::vector<double> gpu;
  std::vector<double> record;
  for (int round = 0; round <= repeats_; ++round) {
    VkCommandBuffer commands = begin();
    const auto start = Clock::now();
    for (std::size_t first = 0, last = 0; first < sorted.size(); first = last) {
      regions.clear();
      for (; last < sorted.size() && sorted[last].source == sorted[first].source &&
             sorted[last].destination == sorted[first].destination;
           ++last) {
        regions.push_back({sorted[last].sourceOffset, sorted[last].destinationOffset, sorted[last].bytes});
      }
      const std::uint32_t source = sorted[first].source;
      vkCmdCopyBuffer(commands, from == From::Host ? hostCopies_[source].get() : vulkanBuffer(sources_[source].buffer),
                      vulkanBuffer(destinations_[sorted[first].destination].buffer),
                      static_cast<std::uint32_t>(regions.size()), regions.data());
    }
    const double recorded = secondsSince(start);
    const double taken = run(commands, 0);
    if (round == 0) continue;  // a warm-up
    record.push_back(recorded);
    gpu.push_back(taken);
  }
  return {median(gpu), median(record), 0, totalBytes(moves), moves.size(), wrongWords(moves)};
}

Timing Bed::copyByFlux(From from, const std::vector<Move>& moves) {
  poisonDestinations();
  std::vector<CopyPiece> batch;
  batch.reserve(moves.size());
  std::vector<double> gpu;
  std::vector<double> record;
  std::vector<double> gather;
  for (int round = 0; round <= repeats_; ++round) {
    const auto start = Clock::now();
    batch.clear();
    for (const Move& move : moves) {
      const CopyEnd source = from == From::Host ? CopyEnd(StagingIndex{move.source}) : CopyEnd(ChunkIndex{move.source});
      batch.push_back(
          {source, ChunkIndex{chunkCount_ + move.destination}, move.sourceOffset, move.destinationOffset, move.bytes});
    }
    const double gathered = secondsSince(start);
    VkCommandBuffer commands = begin();
    (void)flux_->recordInto(commands);
    const auto startRecording = Clock::now();
    (void)require(flux_->submit(batch));
    const double recorded = secondsSince(startRecording);
    const double taken = run(commands, flux_->recordInto(VK_NULL_HANDLE));
    if (round == 0) continue;
    gather.push_back(gathered);
    record.push_back(recorded);
    gpu.push_back(taken);
  }
  return {median(gpu), median(record), median(gather), totalBytes(moves), moves.size(), wrongWords(moves)};
}

}  // namespace flux::bench
