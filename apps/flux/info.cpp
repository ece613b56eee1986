#include "info.hpp"

#include "backends.hpp"

#include <flux/device.hpp>
#include <flux/version.hpp>

#include <nlohmann/json.hpp>

#include <iomanip>
#include <limits>
#include <string>
#include <string_view>

namespace flux::app {
namespace {

using OrderedJson = nlohmann::ordered_json;

OrderedJson collect() {
  OrderedJson info{{"version", FLUX_VERSION_STRING}};
  for (const AppBackend& backend : builtBackends()) info[std::string(toString(backend.backend))] = backend.info();
  return info;
}

std::string mebibytes(const OrderedJson& bytes) {
  return std::to_string(bytes.get<ByteCount>() / kMiB) + " MiB";
}

/// A crossover of the copy kernel.
std::string upTo(const OrderedJson& bytes) {
  const auto count = bytes.get<ByteCount>();
  if (count == 0) return "never";
  if (count == std::numeric_limits<ByteCount>::max()) return "always";
  return "up to " + std::to_string(count / kKiB) + " KiB";
}

std::string joined(const OrderedJson& words) {
  std::string text;
  for (const OrderedJson& word : words) text += (text.empty() ? "" : " ") + word.get<std::string>();
  return text.empty() ? "-" : text;
}

void line(std::ostream& out, std::string_view label, const std::string& text) {
  out << "    " << std::left << std::setw(18) << label << text << '\n';
}

void printChoices(std::ostream& out, const OrderedJson& flux) {
  if (!flux["usable"].get<bool>()) {
    line(out, "Flux", "cannot use it: " + flux["reason"].get<std::string>());
    return;
  }
  const auto choice = [&](std::string_view label, const char* key) {
    if (!flux.contains(key)) return;
    const OrderedJson& chosen = flux[key];
    std::string text;
    if (chosen.contains("memoryType")) text = "memory type " + chosen["memoryType"].dump();
    if (chosen.contains("family")) text = "family " + chosen["family"].dump() + ", queue " + chosen["queue"].dump();
    line(out, label, text + ": " + chosen["reason"].get<std::string>());
  };
  choice("-> chunks", "chunks");
  choice("-> staging", "staging");
  choice("-> draws", "drawQueue");
  choice("-> copies", "copyQueue");
  if (flux.contains("copyKernel")) {
    const OrderedJson& kernel = flux["copyKernel"];
    line(out, "-> copy kernel",
         "for uploads " + upTo(kernel["uploadUpToBytes"]) + ", for moves " + upTo(kernel["moveUpToBytes"]));
  }
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
  const auto direct = flux["directWriteBytes"].get<ByteCount>();
  line(out, "-> direct writes",
       direct == kAllBytes ? "all bytes from the host: no staging" : std::to_string(direct) + " bytes a step");
}

void printDevice(std::ostream& out, const AppBackend& backend, const OrderedJson& device) {
  out << (device.value("preferred", false) ? "  * " : "    ");
  if (device.contains("index")) out << device["index"] << "  ";
  out << device["name"].get<std::string>();
  if (device.contains("type")) out << " (" << device["type"].get<std::string>() << ')';
  out << '\n';
  std::string driver = device["driver"].get<std::string>();
  if (device.contains("apiVersion"))
    driver += std::string(", ") + backend.title + ' ' + device["apiVersion"].get<std::string>();
  line(out, "driver", driver);
  for (const OrderedJson& heap : device.value("heaps", OrderedJson::array())) {
    std::string text = mebibytes(heap["bytes"]) + (heap["deviceLocal"].get<bool>() ? ", device-local" : "");
    if (heap.contains("budgetBytes")) {
      text += ", budget " + mebibytes(heap["budgetBytes"]) + ", used " + mebibytes(heap["usedBytes"]);
    } else {
      text += ", no budget from the system";
    }
    line(out, "heap " + heap["index"].dump(), text);
  }
  for (const OrderedJson& type : device.value("memoryTypes", OrderedJson::array())) {
    line(out, "memory type " + type["index"].dump(), "heap " + type["heap"].dump() + ": " + joined(type["flags"]));
  }
  for (const OrderedJson& family : device.value("queueFamilies", OrderedJson::array())) {
    line(out, "queue family " + family["index"].dump(), family["queues"].dump() + " x " + joined(family["flags"]));
  }
  const OrderedJson limits = device.value("limits", OrderedJson::object());
  for (const auto& [name, value] : limits.items()) out << "    limit " << name << ": " << value << '\n';
  printChoices(out, device["flux"]);
}

void print(std::ostream& out, const OrderedJson& info) {
  out << "Flux " << info["version"].get<std::string>() << '\n';
  for (const AppBackend& backend : builtBackends()) {
    const OrderedJson& found = info[std::string(toString(backend.backend))];
    out << '\n';
    if (found.contains("missing")) {
      out << found["missing"].get<std::string>() << '\n';
      continue;
    }
    out << backend.title;
    if (found.contains("about")) out << " (" << found["about"].get<std::string>() << ')';
    out << '\n';
    for (const OrderedJson& device : found["devices"]) printDevice(out, backend, device);
  }
}

}  // namespace

int runInfo(const InfoOptions& options, std::ostream& out) {
  const OrderedJson info = collect();
  if (options.json) {
    out << info.dump(2) << '\n';
  } else {
    print(out, info);
  }
  return 0;
}

}  // namespace flux::app
