#pragma once

/// Recorded allocations, event by event (traces/README.md has the format).

#include "id_set.hpp"

#include <flux/types.hpp>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace flux::app {

/// What the first line says. What it does not say is empty, or 0.
struct TraceHeader {
  std::string source;  ///< Program and version.
  std::string scene;
  double seconds = 0;
  std::uint64_t frames = 0;
  // What the program's own allocator had for all of it, in the end.
  ByteCount ownReservedBytes = 0;
  std::uint64_t ownChunks = 0;
};

struct TraceEvent {
  enum class Kind : std::uint8_t { Add, Update, Draw, Resize, Remove, FrameEnd };

  Kind kind = Kind::FrameEnd;
  PartKind part = PartKind::Vertex;  ///< Of Add.
  std::uint32_t id = 0;              ///< As in the file.
  std::uint32_t slot = 0;            ///< A small number for the object; used again once the object is removed.
  ByteOffset offset = 0;             ///< Of Update.
  ByteCount bytes = 0;               ///< Of Add, Update and Resize.
};

/// Reads one trace, or what can be imported as one (import_trace.hpp), plain or gzipped, front to back, and refuses
/// what makes no sense: every event that `next` gives names an object that is alive, sizes are not 0, and updates lie
/// inside their objects.
///
/// **Thread contract.** One thread at a time. **Bounds.** A buffer, a record for each live object, and a bit for each
/// id; but all of what is imported.
/// **Errors.** Failure that names file and line.
class TraceReader {
 public:
  explicit TraceReader(const std::filesystem::path& file);

  [[nodiscard]] const TraceHeader& header() const noexcept { return header_; }

  /// False at the end. After an error nothing more may be asked for.
  [[nodiscard]] bool next(TraceEvent& event);

 private:
  struct Live {
    std::uint32_t slot = 0;
    ByteCount bytes = 0;
  };
  using Objects = std::unordered_map<std::uint32_t, Live>;
  struct CloseFile {
    void operator()(void* file) const noexcept;
  };

  [[noreturn]] void fail(const std::string& what) const;
  [[nodiscard]] bool nextLine(std::string_view& line);
  void fill();
  void replaceByImport();
  void readHeader();
  void parse(std::string_view line, TraceEvent& event);
  void add(std::string_view kind, TraceEvent& event);
  void remove(TraceEvent& event);
  [[nodiscard]] Objects::iterator find(std::uint32_t id);

  std::string name_;
  std::unique_ptr<void, CloseFile> file_;
  std::vector<char> buffer_;
  std::size_t begin_ = 0, end_ = 0;  ///< What of the buffer is not yet read.
  bool atEnd_ = false;               ///< Of the file; the buffer may hold the rest.
  std::uint64_t line_ = 0;
  TraceHeader header_;
  Objects objects_;
  std::vector<std::uint32_t> freeSlots_;
  IdSet known_;  ///< Every id so far.
};

}  // namespace flux::app
