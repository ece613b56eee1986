#include "report.hpp"

#include "text_table.hpp"

#include <algorithm>
#include <iomanip>
#include <limits>
#include <ostream>

namespace flux::bench {
namespace {

using app::fixedText;

constexpr int kNameWidth = 16;
constexpr int kWidth = 10;

std::string rate(const Timing& timing) {
  const double value = timing.gigabytesPerSecond();
  return fixedText(value, value < 100 ? 1 : 0);
}

/// How many times `timing` reaches of what the same bytes in one piece a chunk reach.
std::string share(const Timing& timing, const Timing& whole) {
  return fixedText(timing.gigabytesPerSecond() / whole.gigabytesPerSecond(), 3);
}

nlohmann::ordered_json timingJson(const Timing& timing) {
  return {{"gigabytesPerSecond", timing.gigabytesPerSecond()},
          {"recordNanosecondsPerPiece", timing.recordNanoseconds()},
          {"gatherNanosecondsPerPiece", timing.gatherNanoseconds()},
          {"bytes", timing.bytes},
          {"pieces", timing.pieces},
          {"wrongWords", timing.wrongWords}};
}

nlohmann::ordered_json caseJson(const CaseResult& result) {
  return {{"pieces", result.name},
          {"upload", {{"regions", timingJson(result.regionsUp)}, {"flux", timingJson(result.fluxUp)}}},
          {"move", {{"regions", timingJson(result.regionsMove)}, {"flux", timingJson(result.fluxMove)}}}};
}

std::uint64_t wrongWordsOf(const CaseResult& result) {
  return result.regionsUp.wrongWords + result.fluxUp.wrongWords + result.regionsMove.wrongWords +
         result.fluxMove.wrongWords;
}

std::string crossoverText(ByteCount bytes) {
  return bytes == std::numeric_limits<ByteCount>::max() ? "always" : "up to " + app::bytesText(bytes);
}

}  // namespace

std::uint64_t CopyReport::wrongWords() const {
  std::uint64_t sum = wrongWordsOf(contiguous);
  for (const CaseResult& result : cases) sum += wrongWordsOf(result);
  return sum;
}

void print(const CopyReport& report, std::ostream& out) {
  out << report.device << ", " << report.driver << "\ncopy queue: " << report.copyQueue << "\n"
      << app::bytesText(report.bytes) << " in pieces, destinations shuffled; medians of " << report.repeats
      << " runs by the queue's timestamps; GB = 10^9 bytes, each copied byte once\n"
      << "making a device: " << fixedText(report.creationMilliseconds, 1) << " ms; its crossover: kernel for uploads "
      << crossoverText(report.measured.uploadUpToBytes) << ", for moves "
      << crossoverText(report.measured.moveUpToBytes) << "\n\n";
  const auto row = [&](const std::string& name, const std::vector<std::string>& cells) {
    out << std::left << std::setw(kNameWidth) << name << std::right;
    for (const std::string& cell : cells) out << std::setw(kWidth) << cell;
    out << '\n';
  };
  row("", {"upload", "upload", "of", "move", "move", "of", "record", "record", "gather"});
  row("", {"regions", "Flux", "the bus", "regions", "Flux", "whole", "regions", "Flux", "Flux"});
  row("pieces", {"GB/s", "GB/s", "", "GB/s", "GB/s", "", "ns", "ns", "ns"});
  const CaseResult& whole = report.contiguous;
  // The bus gives what the better of the two ways gets out of it in whole chunks.
  const Timing& bus = whole.regionsUp.gpuSeconds < whole.fluxUp.gpuSeconds ? whole.regionsUp : whole.fluxUp;
  const auto print = [&](const CaseResult& result) {
    row(result.name, {rate(result.regionsUp), rate(result.fluxUp), share(result.fluxUp, bus), rate(result.regionsMove),
                      rate(result.fluxMove), share(result.fluxMove, whole.fluxMove),
                      fixedText(result.regionsMove.recordNanoseconds(), 1),
                      fixedText(std::max(result.fluxMove.recordNanoseconds(), result.fluxUp.recordNanoseconds()), 2),
                      fixedText(result.fluxMove.gatherNanoseconds(), 2)});
  };
  print(whole);
  for (const CaseResult& result : report.cases) print(result);
  out << '\n' << report.wrongWords() << " wrong words\n";
}

nlohmann::ordered_json toJson(const CopyReport& report) {
  nlohmann::ordered_json json{
      {"device", report.device},
      {"driver", report.driver},
      {"copyQueue", report.copyQueue},
      {"bytes", report.bytes},
      {"repeats", report.repeats},
      {"creationMilliseconds", report.creationMilliseconds},
      {"crossover",
       {{"uploadUpToBytes", report.measured.uploadUpToBytes}, {"moveUpToBytes", report.measured.moveUpToBytes}}},
      {"wrongWords", report.wrongWords()},
      {"contiguous", caseJson(report.contiguous)},
      {"cases", nlohmann::ordered_json::array()}};
  for (const CaseResult& result : report.cases) json["cases"].push_back(caseJson(result));
  return json;
}

}  // namespace flux::bench
