// Stands for a loading process that dies or hangs on certain files, as the model library does on some broken ones.

#include "models/child_process.hpp"
#include "models/loader.hpp"

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <thread>

int main(int argc, char** argv) {
  std::FILE* output = flux::app::takeStandardOutput();
  for (int i = 2; i < argc; ++i) {  // 1 is the subcommand
    const std::string name = std::filesystem::path(argv[i]).stem().string();
    if (name == "crash") std::abort();
    if (name == "hang") std::this_thread::sleep_for(std::chrono::hours(1));
    if (name == "garbage") std::fwrite("no mesh but text of enough bytes", 1, 32, output);
    if (flux::app::runLoadModels({argv[i]}, output) != 0) return 1;
  }
  return 0;
}
