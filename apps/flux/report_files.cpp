#include "report_files.hpp"

#include "failure.hpp"

#include <fstream>
#include <system_error>

namespace flux::app {
namespace fs = std::filesystem;

void writeWhole(const fs::path& file, const std::function<void(const fs::path&)>& write) {
  fs::path temporary = file;
  temporary.replace_filename("." + file.filename().string() + ".part" + file.extension().string());
  std::error_code error;
  try {
    write(temporary);
  } catch (...) {
    fs::remove(temporary, error);
    throw;
  }
  if (!fs::exists(temporary, error)) return;
  fs::rename(temporary, file, error);
  if (!error) return;
  const std::string reason = error.message();
  fs::remove(temporary, error);
  throw Failure("cannot write '" + file.string() + "': " + reason);
}

void writeWhole(const fs::path& file, const std::string& text) {
  writeWhole(file, [&](const fs::path& temporary) {
    std::ofstream out(temporary, std::ios::binary);
    out << text;
    out.close();
    if (!out) throw Failure("cannot write '" + file.string() + "'");
  });
}

void requireWritable(const fs::path& folder) {
  const fs::path probe = folder / ".flux-write-test";
  const bool writable = static_cast<bool>(std::ofstream(probe));
  std::error_code ignored;
  fs::remove(probe, ignored);
  if (!writable) throw Failure("cannot write to folder '" + folder.string() + "'");
}

OutputFolder::OutputFolder(const fs::path& folder) : folder_(folder) {
  std::error_code error;
  made_ = fs::create_directories(folder, error);
  if (error) throw Failure("cannot make folder '" + folder.string() + "': " + error.message());
  requireWritable(folder);
}

OutputFolder::~OutputFolder() {
  std::error_code ignored;
  if (made_) fs::remove(folder_, ignored);
}

}  // namespace flux::app
