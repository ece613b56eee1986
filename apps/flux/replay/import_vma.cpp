// The form: tools/GpuMemDumpVis/GpuMemDump.schema.json of the Vulkan Memory Allocator.

#include "failure.hpp"
#include "replay/import_trace.hpp"

#include <flux/types.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstdint>

namespace flux::app {
namespace {

using Json = nlohmann::json;

/// Frames in which nothing happens, until all has arrived: as much as a step uploads, and some for the queues.
constexpr ByteCount kBytesAFrame = 32 * kMiB;
constexpr std::uint64_t kMoreFrames = 8;

/// Buffers say by VkBufferUsageFlagBits what they are for; what is for several things is the first of these.
std::string_view kindOf(const Json& allocation) {
  constexpr std::uint64_t kUniform = 0x10;
  constexpr std::uint64_t kStorage = 0x20;
  constexpr std::uint64_t kIndex = 0x40;
  constexpr std::uint64_t kVertex = 0x80;
  const auto type = allocation.at("Type").get<std::string>();
  if (type.starts_with("IMAGE") || type.starts_with("TEXTURE")) return "texture";
  const std::uint64_t usage = type == "BUFFER" ? allocation.value("Usage", std::uint64_t{0}) : 0;
  if ((usage & kVertex) != 0) return "vertex";
  if ((usage & kIndex) != 0) return "index";
  if ((usage & kUniform) != 0) return "uniform";
  return (usage & kStorage) != 0 ? "storage" : "other";
}

class VmaImport {
 public:
  explicit VmaImport(const std::string& name) : name_(name) {}

  std::string trace(const Json& dump) {
    if (dump.contains("DefaultPools")) {
      for (const Json& pool : dump.at("DefaultPools")) add(pool);
    }
    if (dump.contains("CustomPools")) {
      for (const Json& type : dump.at("CustomPools")) {
        for (const Json& pool : type) add(pool);
      }
    }
    const Json& total = dump.at("Total");
    if (objects_ == 0 && total.at("AllocationCount") != 0) {
      throw Failure("'" + name_ + "' has no allocations in it: it was written without the detailed map");
    }
    std::string gpu = dump.at("General").at("GPU").get<std::string>();
    std::ranges::replace_if(
        gpu, [](char c) { return c <= ' ' || c > '~'; }, '_');
    const bool vulkan = dump.at("General").at("API") == "Vulkan";
    std::string out = "# gtrace 1 source=" + std::string(vulkan ? "Vulkan" : "D3D12") +
                      "_Memory_Allocator scene=" + gpu +
                      " reserved=" + std::to_string(total.at("BlockBytes").get<ByteCount>()) +
                      " chunks=" + std::to_string(total.at("BlockCount").get<std::uint64_t>()) + "\n" + events_;
    for (std::uint64_t frame = 0; frame <= bytes_ / kBytesAFrame + kMoreFrames; ++frame) out += "F\n";
    for (std::uint64_t id = 1; id <= objects_; ++id) out += "D " + std::to_string(id) + "\n";
    return out + "F\n";
  }

 private:
  void add(const Json& pool) {
    if (pool.contains("Blocks")) {
      for (const Json& block : pool.at("Blocks")) addBlock(block);
    }
    if (pool.contains("DedicatedAllocations")) {
      for (const Json& allocation : pool.at("DedicatedAllocations")) addAllocation(allocation);
    }
  }

  void addBlock(const Json& block) {
    if (!block.contains("Suballocations")) return;
    ByteOffset end = 0;
    for (const Json& allocation : block.at("Suballocations")) {
      const auto offset = allocation.at("Offset").get<ByteOffset>();
      const auto bytes = allocation.at("Size").get<ByteCount>();
      const auto all = block.at("TotalBytes").get<ByteCount>();
      if (offset < end || offset > all || bytes > all - offset) {
        throw Failure("'" + name_ + "' is no dump: an allocation at " + std::to_string(offset) +
                      " overlaps the one before it, or ends beyond its block");
      }
      end = offset + bytes;
      if (allocation.at("Type") != "FREE") addAllocation(allocation);
    }
  }

  void addAllocation(const Json& allocation) {
    const auto bytes = allocation.at("Size").get<ByteCount>();
    if (bytes == 0) return;
    bytes_ += bytes;
    ((events_ += "A " + std::to_string(++objects_) + " ") += kindOf(allocation)) += " " + std::to_string(bytes) + "\n";
  }

  const std::string& name_;
  std::string events_;
  std::uint64_t objects_ = 0;
  ByteCount bytes_ = 0;
};

}  // namespace

std::string importVmaDump(std::string_view json, const std::string& name) {
  try {
    return VmaImport(name).trace(Json::parse(json));
  } catch (const Json::exception& error) {
    throw Failure("'" + name + "' is no dump of the Vulkan Memory Allocator: " + error.what());
  }
}

}  // namespace flux::app
