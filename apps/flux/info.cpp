#include "info.hpp"

#include "caps_info.hpp"

#include <flux/host.hpp>
#include <flux/version.hpp>

#include <nlohmann/json.hpp>

#include <iomanip>
#include <string>
#include <string_view>

#if defined(FLUX_APP_VULKAN)
#include "vulkan/device_info.hpp"
#endif

namespace flux::app {
namespace {

using Json = nlohmann::ordered_json;

Json hostInfo() {
  const auto device = HostDevice::create();
  const DeviceCaps& caps = device->caps();
  Json info{{"backend", toString(caps.backend)}, {"name", caps.deviceName}, {"driver", caps.driverName}};
  info["flux"] = {{"usable", true}};
  info["flux"].update(budgetInfo(device->budget()));
  info["flux"].update(capsInfo(caps));
  return info;
}

Json collect() {
  Json info{{"version", FLUX_VERSION_STRING}};
#if defined(FLUX_APP_VULKAN)
  info["vulkan"] = vulkanInfo();
#else
  info["vulkan"] = {{"missing", "Vulkan: this build has no back end for it"}, {"devices", Json::array()}};
#endif
  info["host"] = hostInfo();
  return info;
}

std::string mebibytes(const Json& bytes) {
  return std::to_string(bytes.get<ByteCount>() / kMiB) + " MiB";
}

std::string joined(const Json& words) {
  std::string text;
  for (const Json& word : words) text += (text.empty() ? "" : " ") + word.get<std::string>();
  return text.empty() ? "-" : text;
}

void line(std::ostream& out, std::string_view label, const std::string& text) {
  out << "    " << std::left << std::setw(18) << label << text << '\n';
}

void printChoices(std::ostream& out, const Json& flux) {
  if (!flux["usable"].get<bool>()) {
    line(out, "Flux", "cannot use it: " + flux["reason"].get<std::string>());
    return;
  }
  const auto choice = [&](std::string_view label, const char* key) {
    if (!flux.contains(key)) return;
    const Json& chosen = flux[key];
    std::string text;
    if (chosen.contains("memoryType")) text = "memory type " + chosen["memoryType"].dump();
    if (chosen.contains("family")) text = "family " + chosen["family"].dump() + ", queue " + chosen["queue"].dump();
    line(out, label, text + ": " + chosen["reason"].get<std::string>());
  };
  choice("-> chunks", "chunks");
  choice("-> staging", "staging");
  choice("-> draws", "drawQueue");
  choice("-> copies", "copyQueue");
  line(out, "-> budget",
       mebibytes(flux["budgetBytes"]) +
           (flux["budgetFromSystem"].get<bool>() ? ", as the system says" : ", estimated: the system says nothing"));
  line(out, "-> largest chunk",
       mebibytes(flux["maxChunkBytes"]) + ", " + flux["maxAllocations"].dump() + " allocations at most");
  std::string alignments;
  for (const auto& [kind, bytes] : flux["partAlignmentBytes"].items()) {
    alignments += (alignments.empty() ? "" : ", ") + kind + ' ' + bytes.dump();
  }
  line(out, "-> alignments", alignments);
  line(out, "-> memory",
       std::string(flux["unifiedMemory"].get<bool>() ? "unified" : "separate") +
           (flux["bufferAddresses"].get<bool>() ? ", buffer addresses" : ", no buffer addresses"));
}

void printVulkanDevice(std::ostream& out, const Json& device) {
  out << (device["preferred"].get<bool>() ? "  * " : "    ") << device["index"] << "  "
      << device["name"].get<std::string>() << " (" << device["type"].get<std::string>() << ")\n";
  line(out, "driver", device["driver"].get<std::string>() + ", Vulkan " + device["apiVersion"].get<std::string>());
  for (const Json& heap : device["heaps"]) {
    std::string text = mebibytes(heap["bytes"]) + (heap["deviceLocal"].get<bool>() ? ", device-local" : "");
    if (heap.contains("budgetBytes")) {
      text += ", budget " + mebibytes(heap["budgetBytes"]) + ", used " + mebibytes(heap["usedBytes"]);
    } else {
      text += ", no budget from the system";
    }
    line(out, "heap " + heap["index"].dump(), text);
  }
  for (const Json& type : device["memoryTypes"]) {
    line(out, "memory type " + type["index"].dump(), "heap " + type["heap"].dump() + ": " + joined(type["flags"]));
  }
  for (const Json& family : device["queueFamilies"]) {
    line(out, "queue family " + family["index"].dump(), family["queues"].dump() + " x " + joined(family["flags"]));
  }
  for (const auto& [name, value] : device["limits"].items()) out << "    limit " << name << ": " << value << '\n';
  printChoices(out, device["flux"]);
}

void print(std::ostream& out, const Json& info) {
  out << "Flux " << info["version"].get<std::string>() << '\n';
  const Json& vulkan = info["vulkan"];
  if (vulkan.contains("missing")) {
    out << "\n" << vulkan["missing"].get<std::string>() << '\n';
  } else {
    out << "\nVulkan (loader " << vulkan["loaderVersion"].get<std::string>() << "; * is the one that Flux takes)\n";
  }
  for (const Json& device : vulkan["devices"]) printVulkanDevice(out, device);
  out << "\nHost (always there)\n";
  line(out, "driver", info["host"]["name"].get<std::string>() + ", " + info["host"]["driver"].get<std::string>());
  printChoices(out, info["host"]["flux"]);
}

}  // namespace

int runInfo(const InfoOptions& options, std::ostream& out) {
  const Json info = collect();
  if (options.json) {
    out << info.dump(2) << '\n';
  } else {
    print(out, info);
  }
  return 0;
}

}  // namespace flux::app
