// Reports of what fits, and of what would have to go, in a sentence for people.

#include <flux/budget.hpp>
#include <flux/fit.hpp>

#include <array>
#include <cmath>
#include <string>
#include <string_view>
#include <utility>

namespace flux {
namespace {

std::string amount(ByteCount bytes) {
  for (const auto& [unit, name] : {std::pair{kGiB, " GiB"}, {kMiB, " MiB"}, {kKiB, " KiB"}}) {
    if (bytes < unit) continue;
    const ByteCount tenths = (bytes * 10 + unit / 2) / unit;
    return std::to_string(tenths / 10) + (tenths % 10 != 0 ? "." + std::to_string(tenths % 10) : "") + name;
  }
  return std::to_string(bytes) + " bytes";
}

std::string percent(double fraction) {
  return std::to_string(std::lround(fraction * 100)) + " %";
}

/// What is there, and what waiting would bring.
std::string circumstances(const FitReport& report) {
  std::string text = "; free are " + amount(report.freeBytes) + ", the largest range " +
                     amount(report.largestFreeBytes) + " (fragmentation " + percent(report.fragmentation()) + ")";
  if (report.forFramesBytes != 0) text += "; " + amount(report.forFramesBytes) + " wait for frames to end";
  if (report.forQueuesBytes != 0) text += "; " + amount(report.forQueuesBytes) + " wait for queues";
  return text;
}

}  // namespace

std::string explain(const FitReport& report) {
  const std::string what = amount(report.bytes);
  switch (report.outcome) {
    case FitOutcome::Fits:
      return what + " fit into chunk " + std::to_string(static_cast<std::uint32_t>(report.chunk));
    case FitOutcome::Grows: {
      std::string text = what + " need a new chunk of " + amount(report.chunkBytes);
      if (report.releasedBytes != 0) text += ", for which empty ones of " + amount(report.releasedBytes) + " go";
      return text + circumstances(report);
    }
    case FitOutcome::OverBudget:
      return what + " would exceed the hard limit by " + amount(report.missingBytes) + circumstances(report);
    case FitOutcome::OverSoftLimit:
      return what + " would exceed the soft limit by " + amount(report.missingBytes) + circumstances(report);
    case FitOutcome::TooManyChunks:
      return what + " need a new chunk, and the device allows no further allocation" + circumstances(report);
    case FitOutcome::TooLarge:
      return what + " are more than a chunk can have";
    case FitOutcome::Invalid:
      return "a block has 1 to 64 parts, each of at least one byte";
    case FitOutcome::DeviceLost:
      return "the device is lost";
  }
  return {};
}

std::string explain(const EvictionReport& report) {
  if (report.neededBytes == 0) return "there is room";
  std::string text = amount(report.neededBytes) + " have to leave; ";
  if (report.blocks.empty()) {
    text += "nothing may";
  } else {
    text += std::to_string(report.blocks.size()) + (report.blocks.size() == 1 ? " block of " : " blocks of ");
    text += amount(report.evictedBytes) + (report ? " would, the coldest first" : " may, which is not enough");
  }
  if (report.goingBytes != 0) text += "; " + amount(report.goingBytes) + " are on their way already";
  std::string_view before = "; what stays: ";
  const auto stays = [&](ByteCount bytes, std::string_view why) {
    if (bytes == 0) return;
    text.append(std::exchange(before, ", ")).append(amount(bytes)).append(why);
  };
  stays(report.pinnedBytes, " pinned");
  stays(report.longLivedBytes, " long-lived");
  stays(report.changingBytes, " changing");
  stays(report.drawnBytes, " drawn by the last frames");
  stays(report.homelessBytes, " with nothing in the store, which is full");
  return text;
}

}  // namespace flux
