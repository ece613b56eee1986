// Writes what the fuzzer of the player begins with: the events of recorded test programs, one a file.

#include "record/recorded_program.hpp"

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: %s FOLDER\n", argv[0]);
    return 2;
  }
  constexpr std::uint32_t kPrograms = 40;
  constexpr int kOperations = 60;  // A kilobyte or two.
  for (std::uint32_t seed = 1; seed <= kPrograms; ++seed) {
    flux::EventEncoder encoder;
    for (const flux::RecordedEvent& event : flux::test::recordedProgram(seed, kOperations)) encoder.encode(event);
    const std::vector<std::byte> bytes = encoder.take();
    std::ofstream out(std::filesystem::path(argv[1]) / ("program" + std::to_string(seed)), std::ios::binary);
    out.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
    if (!out.flush()) return 1;
  }
  return 0;
}
